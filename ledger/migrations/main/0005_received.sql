-- Withdrawals that wait are in the keyring now. Whoever was told that hers is kept must not lose it: with rows here this
-- fails, and the release before has to record them first, which it does as soon as a witness answers.
CREATE TABLE nobody_waits (waiting INTEGER NOT NULL CHECK (waiting = 0));
INSERT INTO nobody_waits SELECT COUNT(*) FROM received;
DROP TABLE nobody_waits;
DROP TABLE received;
