-- What the issuer has read of the brands' feeds, and what follows from it. Digests are 32 bytes. All of it can be read anew
-- from the feeds but the offers, which are lost then and made anew.

-- One row a brand: how far its feed was read.
CREATE TABLE feeds (
    id         INTEGER PRIMARY KEY,
    controller TEXT NOT NULL UNIQUE,
    state      BLOB NOT NULL,
    -- How many items of the feed have slots.
    ordinals   INTEGER NOT NULL
);

-- The brands' requests: public.
CREATE TABLE requests (
    feed   INTEGER NOT NULL REFERENCES feeds,
    digest BLOB NOT NULL,
    body   BLOB NOT NULL,
    PRIMARY KEY (feed, digest)
);

-- Items that have slots: what a Destruction names by its place in the log.
CREATE TABLE items (
    feed    INTEGER NOT NULL REFERENCES feeds,
    idx     INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (feed, idx)
) WITHOUT ROWID;

-- Consents that receipts can be about.
CREATE TABLE consents (
    grant_idx INTEGER PRIMARY KEY,
    feed      INTEGER NOT NULL REFERENCES feeds,
    id        BLOB NOT NULL UNIQUE,
    body      BLOB NOT NULL
);

-- The bits of each list.
CREATE TABLE lists (
    feed   INTEGER NOT NULL REFERENCES feeds,
    number INTEGER NOT NULL,
    bits   BLOB NOT NULL,
    PRIMARY KEY (feed, number)
);

-- Destructions of which the ledger waits for our word.
CREATE TABLE destructions (
    idx     INTEGER PRIMARY KEY,
    held    INTEGER NOT NULL,
    cleared INTEGER NOT NULL
);

-- Offers that wait for a wallet: by the SHA-256 of the pre-authorized code.
CREATE TABLE offers (
    code    BLOB PRIMARY KEY,
    consent BLOB NOT NULL,
    holder  TEXT NOT NULL,
    -- SHA-256 of the transaction code that the person types in, where there is one.
    tx_code BLOB,
    tries   INTEGER NOT NULL,
    expires INTEGER NOT NULL
);

-- Access tokens by their SHA-256.
CREATE TABLE access (
    token   BLOB PRIMARY KEY,
    consent BLOB NOT NULL,
    holder  TEXT NOT NULL,
    expires INTEGER NOT NULL
);
