-- Calls that carry an idempotency key. `key_digest` is a digest of caller, method and key. `resource_id` is the id
-- under which the call creates its resource. `response` is encrypted, and null while the call is running.
CREATE TABLE idempotency_keys (
    key_digest  BLOB    NOT NULL PRIMARY KEY,
    resource_id BLOB    NOT NULL,
    fingerprint BLOB    NOT NULL,
    claimed_at  INTEGER NOT NULL,
    response    BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_claimed_at ON idempotency_keys (claimed_at);
