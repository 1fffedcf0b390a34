-- Invitations that were answered by no. A row goes with its invitation; its number is never used again, since brands go on
-- reading after the last that they have seen.
CREATE TABLE declines (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    invitation    BLOB NOT NULL UNIQUE REFERENCES invitations (hash),
    controller_id INTEGER NOT NULL REFERENCES controllers (id),
    time          INTEGER NOT NULL
);
CREATE INDEX declines_by_controller ON declines (controller_id, id);
