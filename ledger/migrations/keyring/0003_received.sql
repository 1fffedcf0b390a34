-- Withdrawals that came while nothing could be recorded, until they are: what names the consent and who ends it (blinded),
-- the index of its grant, when it came, and the record (sealed).
CREATE TABLE received (
    blind     BLOB PRIMARY KEY,
    grant_idx INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    record    BLOB NOT NULL
);
CREATE INDEX received_by_grant ON received (grant_idx);
