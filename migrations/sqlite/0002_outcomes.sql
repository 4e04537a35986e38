-- What came of calls that carried an idempotency key. `key` is a digest of caller, procedure and key; `outcome` is
-- sealed, and null while somebody is at it; `id` is what the call creates its thing under.
CREATE TABLE outcomes (
    key         BLOB    NOT NULL PRIMARY KEY,
    id          BLOB    NOT NULL,
    fingerprint BLOB    NOT NULL,
    claimed_at  INTEGER NOT NULL,
    outcome     BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX outcomes_claimed_at ON outcomes (claimed_at);
