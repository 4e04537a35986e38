-- Data key of each account, wrapped by the key ring. Deleting a row makes all that its key encrypts unreadable.
CREATE TABLE data_keys (
    owner       UUID  NOT NULL,
    wrapped_key BYTEA NOT NULL,
    CONSTRAINT data_keys_owner PRIMARY KEY (owner)
);

-- Credentials of each account: the recovery code and, if there is one, the e-mail address with its password.
-- `recovery_digest` and `email_index` are keyed digests, `email` is encrypted with the data key of the account,
-- `password_hash` is an Argon2id hash in PHC format.
CREATE TABLE email_credentials (
    account         UUID        NOT NULL,
    recovery_digest BYTEA       NOT NULL,
    email           BYTEA,
    email_index     BYTEA,
    password_hash   TEXT,
    created_at      TIMESTAMPTZ NOT NULL,
    CONSTRAINT email_credentials_account PRIMARY KEY (account),
    CONSTRAINT email_credentials_recovery_digest UNIQUE (recovery_digest),
    CONSTRAINT email_credentials_email_index UNIQUE (email_index),
    CONSTRAINT email_credentials_complete_check CHECK ((email IS NULL) = (email_index IS NULL)
        AND (email IS NULL) = (password_hash IS NULL))
);

-- Sessions, one for each device. A session is a family of refresh tokens, of which one is valid: `current_digest` is
-- its digest. Until that token is used, its predecessor can be sent again: `previous_digest` is the digest of the
-- predecessor, `encrypted_successor` the current token encrypted with it. `expires_at` moves with every refresh, up to
-- `absolute_expires_at`. `device` is encrypted with the data key of the account.
CREATE TABLE sessions (
    id                  UUID        NOT NULL,
    account             UUID        NOT NULL,
    device              BYTEA       NOT NULL,
    created_at          TIMESTAMPTZ NOT NULL,
    refreshed_at        TIMESTAMPTZ NOT NULL,
    expires_at          TIMESTAMPTZ NOT NULL,
    absolute_expires_at TIMESTAMPTZ NOT NULL,
    generation          BIGINT      NOT NULL,
    current_digest      BYTEA       NOT NULL,
    previous_digest     BYTEA,
    encrypted_successor BYTEA,
    ended_at            TIMESTAMPTZ,
    CONSTRAINT sessions_id PRIMARY KEY (id),
    CONSTRAINT sessions_pending_retry_check CHECK ((previous_digest IS NULL) = (encrypted_successor IS NULL))
);
CREATE INDEX sessions_account ON sessions (account, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Attempts to log in by e-mail address and password since the last success. Each attempt counts as failed until it
-- succeeds. `email_index` is the keyed digest of the submitted address, which need not belong to an account.
CREATE TABLE password_attempts (
    email_index     BYTEA       NOT NULL,
    failures        BIGINT      NOT NULL,
    last_attempt_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT password_attempts_email_index PRIMARY KEY (email_index)
);
CREATE INDEX password_attempts_last_attempt_at ON password_attempts (last_attempt_at);
