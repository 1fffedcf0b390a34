-- Withdrawals that came while nothing could be recorded, until they are: what names the consent and who ends it (blinded),
-- when it came, and the record (sealed).
CREATE TABLE received (
    blind  BLOB PRIMARY KEY,
    time   INTEGER NOT NULL,
    record BLOB NOT NULL
);
