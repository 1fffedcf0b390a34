-- The state of a witness. Nothing here is about people: a log's origin, tree heads that the log has signed, and times.

-- Who the witness is: one row from the first start on. A public key has one name for ever, because what a cosigner signs
-- does not say its name (C2SP tlog-cosignature).
CREATE TABLE identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    vkey TEXT NOT NULL
);

-- The latest checkpoint that was cosigned, one row for each log. A row is only ever replaced by compare-and-swap.
CREATE TABLE heads (
    origin TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    root BLOB NOT NULL,
    -- The checkpoint with those signatures of its log that hold.
    note TEXT NOT NULL,
    -- The signature line that was answered, with its newline.
    cosignature TEXT NOT NULL,
    -- The time it states, in seconds since 1970; 0 after the operator has said that earlier times were wrong.
    cosigned_at BIGINT NOT NULL
);

-- Forks: two checkpoints of one size and two roots, both signed by their log.
CREATE TABLE forks (
    origin TEXT NOT NULL,
    size BIGINT NOT NULL,
    -- The root of the one that was not cosigned.
    root BLOB NOT NULL,
    held_note TEXT NOT NULL,
    other_note TEXT NOT NULL,
    -- By this machine's clock, in seconds since 1970.
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (origin, size, root)
);
