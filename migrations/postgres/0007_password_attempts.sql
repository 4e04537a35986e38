-- Attempts to enter by an address and a password since one succeeded: each counts as failed until it does not.
-- `email_index` is the keyed digest of what was typed, whether an account has it or not.
CREATE TABLE password_attempts (
    email_index BYTEA       NOT NULL,
    failures    BIGINT      NOT NULL,
    last_at     TIMESTAMPTZ NOT NULL,
    CONSTRAINT password_attempts_email_index PRIMARY KEY (email_index)
);
CREATE INDEX password_attempts_last_at ON password_attempts (last_at);
