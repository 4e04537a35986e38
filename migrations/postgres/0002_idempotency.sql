-- Calls that carry an idempotency key. `key_digest` is a digest of caller, method and key. `resource_id` is the id
-- under which the call creates its resource. `response` is encrypted, and null while the call is running.
CREATE TABLE idempotency_keys (
    key_digest  BYTEA       NOT NULL,
    resource_id UUID        NOT NULL,
    fingerprint BYTEA       NOT NULL,
    claimed_at  TIMESTAMPTZ NOT NULL,
    response    BYTEA,
    CONSTRAINT idempotency_keys_key_digest PRIMARY KEY (key_digest)
);
CREATE INDEX idempotency_keys_claimed_at ON idempotency_keys (claimed_at);
