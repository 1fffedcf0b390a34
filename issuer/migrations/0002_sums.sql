-- Blobs begin with a sum of what follows. What was kept without is read anew from the feeds.
DELETE FROM consents;
DELETE FROM items;
DELETE FROM requests;
DELETE FROM lists;
DELETE FROM feeds;
