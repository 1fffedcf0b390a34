-- Access lines: what brands say that they did with the data of a consent, each an entry of a batch in the log. A row is
-- sealed with the data key of the consent's grant, with its proof, and is removed with the consent.
CREATE TABLE access_lines (
    id          INTEGER PRIMARY KEY,
    grant_idx   INTEGER NOT NULL REFERENCES records (idx),
    -- The AccessBatch record, and the line's place in that batch.
    batch_idx   INTEGER NOT NULL REFERENCES records (idx),
    seq         INTEGER NOT NULL,
    -- The day (since 1970) on which it is forgotten. Whole days tell as little of the access's time as they can.
    expires_day INTEGER NOT NULL,
    line        BLOB NOT NULL
);
CREATE UNIQUE INDEX access_lines_by_place ON access_lines (batch_idx, seq);
CREATE INDEX access_lines_by_grant ON access_lines (grant_idx, batch_idx, seq);
CREATE INDEX access_lines_by_expiry ON access_lines (expires_day);
