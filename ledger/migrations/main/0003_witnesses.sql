-- What witnesses have cosigned: their signature lines under the checkpoints of these sizes. The first line of a size has
-- slot 0: it says by when the checkpoint existed. Later ones have the minute as slot, the last of a minute standing for it:
-- they say when it was still the newest.
CREATE TABLE cosignatures (
    size    INTEGER NOT NULL,
    witness TEXT NOT NULL,
    slot    INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    line    TEXT NOT NULL,
    PRIMARY KEY (size, witness, slot)
) WITHOUT ROWID;
CREATE INDEX cosignatures_by_time ON cosignatures (time, size);
CREATE INDEX cosignatures_by_witness ON cosignatures (witness, size);
CREATE INDEX cosignatures_first ON cosignatures (size, witness) WHERE slot = 0;

-- Withdrawals that came while nothing could be recorded, until they are: what names the consent and who ends it (blinded),
-- when it came, and the record (sealed).
CREATE TABLE received (
    blind  BLOB PRIMARY KEY,
    time   INTEGER NOT NULL,
    record BLOB NOT NULL
);
