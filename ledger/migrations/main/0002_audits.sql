-- What an auditor's token is for: the records that came into the log in this period, for this case; and of which kinds a
-- service's token opens records (names, separated by spaces).
ALTER TABLE tokens ADD COLUMN audit_from INTEGER;
ALTER TABLE tokens ADD COLUMN audit_to INTEGER;
ALTER TABLE tokens ADD COLUMN audit_case TEXT;
ALTER TABLE tokens ADD COLUMN kinds TEXT;

-- Each use of an auditor's token, for the brand to see. A row is there before anything is handed out.
CREATE TABLE audit_uses (
    id            INTEGER PRIMARY KEY,
    controller_id INTEGER NOT NULL REFERENCES controllers (id),
    token         TEXT NOT NULL REFERENCES tokens (public_id),
    time          INTEGER NOT NULL,
    -- The first and the last record that was opened; NULL if there was none.
    first_idx     INTEGER,
    last_idx      INTEGER,
    count         INTEGER NOT NULL
);
CREATE INDEX audit_uses_by_controller ON audit_uses (controller_id, id);
