-- Receipts that a wallet asked for while nobody knew what is in force: by the SHA-256 of the transaction's id. They end with the
-- access token, and that with the consent.
CREATE TABLE deferred (
    id            BLOB PRIMARY KEY,
    token         BLOB NOT NULL REFERENCES access ON DELETE CASCADE,
    configuration TEXT NOT NULL,
    -- The holders' keys, whose proofs held: DIDs with a space between.
    keys          TEXT NOT NULL
);
CREATE INDEX deferred_of_token ON deferred (token);
