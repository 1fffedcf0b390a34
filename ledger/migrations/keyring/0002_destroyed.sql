-- How far destructions have reached this keyring: the index of the last Destruction whose rows are gone from it. A keyring
-- that was restored from before is behind, and is brought up to the main database before anything is served.
CREATE TABLE destroyed (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL
);
INSERT INTO destroyed (id, upto) VALUES (1, -1);
