-- Asking people, and telling the brand what they answered.

-- Who said no to what, and when: nobody asks again until the cool-down ends, and then the row goes. The customer is a keyed
-- hash of the brand's reference: the row can be found by whoever has the reference and the key, and tells it to nobody.
CREATE TABLE declined (
    customer BLOB NOT NULL,
    request  BLOB NOT NULL,
    time     INTEGER NOT NULL,
    PRIMARY KEY (customer, request)
);
CREATE INDEX declined_by_time ON declined (time);

-- The MAC over the sum of those rows, as that of `book` is over the customers'.
CREATE TABLE asked (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    mac BLOB NOT NULL
);

-- Messages for the brand's webhook, until it has them. One of a consent goes with what is destroyed of it.
CREATE TABLE messages (
    id       INTEGER PRIMARY KEY,
    -- The webhook-id: the same for the same event, however often it is told.
    name     TEXT NOT NULL UNIQUE,
    -- NULL for a no.
    consent  BLOB,
    body     BLOB NOT NULL,
    made     INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL
);
CREATE INDEX messages_by_due ON messages (due);
CREATE INDEX messages_by_consent ON messages (consent, id);

-- Up to where in the log events were told: a replica that is read anew tells them no second time.
CREATE TABLE told (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL
);
