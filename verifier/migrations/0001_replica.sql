-- A verifier's replica of its brand's feed. Digests and hashes are 32 bytes.
--
-- What decisions rest on is authenticated. The MAC of `replica` is over its state and the sum (XOR) of a keyed hash of each
-- row of `consents`; that of `book` over the same sum of `customers`. So a row that was changed, removed, added or put back
-- from an earlier day is noticed. The hashes themselves are not stored: whoever knew them could look for rows with the same
-- sum. `items` and `granted` need none: an item is known by its record's digest, what is granted by its own.

-- How far the feed was read, and what its newest verified head is.
CREATE TABLE replica (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    state BLOB NOT NULL,
    mac   BLOB NOT NULL
);

-- The items of the feed. What was destroyed has no salt and no record.
CREATE TABLE items (
    seq    INTEGER PRIMARY KEY,
    idx    INTEGER NOT NULL UNIQUE,
    leaf   BLOB NOT NULL,
    salt   BLOB,
    record BLOB
);

-- What decisions look at, one row a consent.
CREATE TABLE consents (
    grant_idx INTEGER PRIMARY KEY,
    body      BLOB NOT NULL
);

-- What consents grant, once for all that grant the same.
CREATE TABLE granted (
    digest BLOB PRIMARY KEY,
    body   BLOB NOT NULL
);

-- Whom the brand means by an invitation (its SHA-256): the brand's own reference, which never leaves this database.
CREATE TABLE customers (
    invitation BLOB PRIMARY KEY,
    customer   TEXT NOT NULL
);
CREATE INDEX customers_by_customer ON customers (customer);

CREATE TABLE book (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    mac BLOB NOT NULL
);

-- Withdrawals that were handed to the brand itself: kept until the ledger has acknowledged them.
CREATE TABLE direct (
    id        INTEGER PRIMARY KEY,
    consent   BLOB,
    body      BLOB NOT NULL,
    received  INTEGER NOT NULL,
    forwarded INTEGER
);

-- Destructions whose acknowledgement the ledger has not confirmed yet.
CREATE TABLE destructions (
    idx     INTEGER PRIMARY KEY,
    held    INTEGER NOT NULL,
    cleared INTEGER NOT NULL
);
