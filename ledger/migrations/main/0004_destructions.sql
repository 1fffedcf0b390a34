-- Destructions. All that is kept of what is destroyed are places in the log.

-- One row per Destruction record, there as soon as it is committed. What the node itself has done since is counted in
-- `step`: 0 nothing, 1 keyring rows gone, 2 texts gone, 3 journals emptied.
CREATE TABLE destructions (
    idx           INTEGER PRIMARY KEY REFERENCES records (idx),
    controller_id INTEGER NOT NULL REFERENCES controllers (id),
    ground        TEXT NOT NULL,
    -- SHA-256 of the order; NULL when the retention had elapsed.
    order_hash    BLOB UNIQUE,
    time          INTEGER NOT NULL,
    step          INTEGER NOT NULL
);
-- What is unfinished is found without looking at what is finished.
CREATE INDEX destructions_unfinished ON destructions (idx) WHERE step < 3;

-- A leaf that is here has no opening any more, for anyone who asks: also while its rows are still being removed.
CREATE TABLE destroyed_leaves (
    idx    INTEGER PRIMARY KEY REFERENCES records (idx),
    by_idx INTEGER NOT NULL REFERENCES destructions (idx)
);
CREATE INDEX destroyed_leaves_by ON destroyed_leaves (by_idx, idx);

-- Who was being fed at that moment, and the signed word (a compact JWS) of each that has nothing left.
CREATE TABLE destruction_followers (
    destruction_idx INTEGER NOT NULL REFERENCES destructions (idx),
    token           TEXT NOT NULL REFERENCES tokens (public_id),
    done            TEXT,
    PRIMARY KEY (destruction_idx, token)
);

-- The did:key by which a service signs that word.
ALTER TABLE tokens ADD COLUMN key TEXT;

-- The day (since 1970) on which to look whether the proof of this consent is kept long enough; 0 is at once.
ALTER TABLE consents ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
CREATE INDEX consents_by_due ON consents (due);
