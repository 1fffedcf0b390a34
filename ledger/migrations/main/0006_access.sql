-- Access lines: what brands say that they did with the data of a consent, each an entry of a batch in the log. A line goes
-- with its consent, or when its day has come.
CREATE TABLE access_lines (
    id          INTEGER PRIMARY KEY,
    grant_idx   INTEGER NOT NULL REFERENCES records (idx),
    -- The AccessBatch record, and the line's place in that batch.
    batch_idx   INTEGER NOT NULL REFERENCES records (idx),
    seq         INTEGER NOT NULL,
    -- The day (since 1970) on which it is forgotten. Whole days tell as little of the access's time as they can.
    expires_day INTEGER NOT NULL,
    -- Where its text is.
    slot        INTEGER NOT NULL UNIQUE
);
CREATE UNIQUE INDEX access_lines_by_place ON access_lines (batch_idx, seq);
CREATE INDEX access_lines_by_grant ON access_lines (grant_idx, batch_idx, seq);
CREATE INDEX access_lines_by_expiry ON access_lines (expires_day);

-- The texts with their proofs, each sealed with the data key of the consent's grant. Small rows share pages, and where some
-- are deleted SQLite moves others, and now and then leaves copies of them that no later deletion touches. So no row here is
-- ever deleted or changes its length: what goes is overwritten with zeros in its place, and its slot is used again. It must not have an
-- index, nor refer to another table: SQLite would then delete a row and insert it anew.
CREATE TABLE access_texts (
    slot INTEGER PRIMARY KEY,
    line BLOB NOT NULL
);

-- Slots that are all zeros, by their length.
CREATE TABLE access_free (
    length INTEGER NOT NULL,
    slot   INTEGER NOT NULL,
    PRIMARY KEY (length, slot)
) WITHOUT ROWID;
