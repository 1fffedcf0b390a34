-- The ledger. Times are Unix seconds, digests and hashes 32 bytes. What is personal is sealed, or in the keyring.

-- The one row that a commit compares and swaps.
CREATE TABLE head (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    size     INTEGER NOT NULL,
    root     BLOB NOT NULL,
    frontier BLOB NOT NULL,
    note     TEXT NOT NULL,
    time     INTEGER NOT NULL
);

-- Kept checkpoints: one per batch of records, and one a minute when idle.
CREATE TABLE checkpoints (
    size INTEGER NOT NULL,
    time INTEGER NOT NULL,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (size, time)
);
CREATE INDEX checkpoints_by_time ON checkpoints (time, size);

-- Hash tiles, full or growing at the right edge: what the files are rendered from.
CREATE TABLE tiles (
    level INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    data  BLOB NOT NULL,
    PRIMARY KEY (level, n)
);

-- Registered brands. The id is the index of the first ControllerKeys record, keys_idx that of the newest.
CREATE TABLE controllers (
    id            INTEGER PRIMARY KEY,
    did           TEXT NOT NULL UNIQUE,
    legal_name    TEXT NOT NULL,
    keys_idx      INTEGER NOT NULL,
    feed_size     INTEGER NOT NULL,
    feed_frontier BLOB NOT NULL,
    feed_root     BLOB NOT NULL
);

CREATE TABLE controller_keys (
    idx           INTEGER PRIMARY KEY,
    controller_id INTEGER NOT NULL REFERENCES controllers (id)
);

-- Every record: its leaf, its place in its controller's feed, its text (sealed; NULL if public) and the answer (sealed).
CREATE TABLE records (
    idx           INTEGER PRIMARY KEY,
    leaf          BLOB NOT NULL,
    controller_id INTEGER NOT NULL REFERENCES controllers (id),
    seq           INTEGER NOT NULL,
    record        BLOB,
    answer        BLOB NOT NULL,
    UNIQUE (controller_id, seq)
);

-- Openings that anyone may have.
CREATE TABLE public_records (
    idx    INTEGER PRIMARY KEY REFERENCES records (idx),
    kind   TEXT NOT NULL,
    salt   BLOB NOT NULL,
    record BLOB NOT NULL
);

CREATE TABLE requests (
    digest        BLOB PRIMARY KEY,
    idx           INTEGER NOT NULL REFERENCES records (idx),
    controller_id INTEGER NOT NULL REFERENCES controllers (id),
    open          INTEGER NOT NULL
);
CREATE INDEX requests_by_controller ON requests (controller_id, idx);

CREATE TABLE notices (
    digest BLOB PRIMARY KEY,
    body   BLOB NOT NULL
);

-- The state of each consent, sealed with its grant's data key; its last event, and how many it has.
CREATE TABLE consents (
    grant_idx     INTEGER PRIMARY KEY REFERENCES records (idx),
    controller_id INTEGER NOT NULL REFERENCES controllers (id),
    last_idx      INTEGER NOT NULL,
    events        INTEGER NOT NULL,
    state         BLOB NOT NULL
);
CREATE INDEX consents_by_controller ON consents (controller_id, grant_idx);

-- SHA-256 of each invitation. Spent ones stay until they expire.
CREATE TABLE invitations (
    hash      BLOB PRIMARY KEY,
    request   BLOB NOT NULL REFERENCES requests (digest),
    expires   INTEGER NOT NULL,
    spent_idx INTEGER
);
CREATE INDEX invitations_by_expiry ON invitations (expires);

-- SHA-256 of each bearer token, and a name for it that is no secret.
CREATE TABLE tokens (
    public_id     TEXT PRIMARY KEY,
    hash          BLOB NOT NULL UNIQUE,
    role          TEXT NOT NULL,
    controller_id INTEGER REFERENCES controllers (id),
    label         TEXT NOT NULL,
    created       INTEGER NOT NULL,
    expires       INTEGER,
    revoked       INTEGER
);
