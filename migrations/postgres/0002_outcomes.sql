-- What came of calls that carried an idempotency key. `key` is a digest of caller, procedure and key; `outcome` is
-- sealed, and null while somebody is at it; `id` is what the call creates its thing under.
CREATE TABLE outcomes (
    key         BYTEA       NOT NULL,
    id          UUID        NOT NULL,
    fingerprint BYTEA       NOT NULL,
    claimed_at  TIMESTAMPTZ NOT NULL,
    outcome     BYTEA,
    CONSTRAINT outcomes_key PRIMARY KEY (key)
);
CREATE INDEX outcomes_claimed_at ON outcomes (claimed_at);
