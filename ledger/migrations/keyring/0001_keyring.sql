-- The keyring: what opens the records of the main database, and every look-up that is personal. Rows are only inserted,
-- each with the index of its record, so that rows whose record was never committed are found by their index alone.

-- AEAD of the record's data key and salt under the key-encryption key, bound to the index.
CREATE TABLE record_keys (
    idx     INTEGER PRIMARY KEY,
    wrapped BLOB NOT NULL
);

-- One index per blinded value. The kind is part of what is blinded; its column is for those who read this table.
CREATE TABLE lookups (
    blind BLOB PRIMARY KEY,
    kind  INTEGER NOT NULL,
    idx   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lookups_by_idx ON lookups (idx);

-- Many indexes per blinded value, in order.
CREATE TABLE members (
    blind BLOB NOT NULL,
    idx   INTEGER NOT NULL,
    kind  INTEGER NOT NULL,
    PRIMARY KEY (blind, idx)
) WITHOUT ROWID;
CREATE INDEX members_by_idx ON members (idx);
