-- One data key an account, wrapped by the keys of the system. To destroy it is to destroy what it sealed.
CREATE TABLE data_keys (
    owner   UUID  NOT NULL,
    wrapped BYTEA NOT NULL,
    CONSTRAINT data_keys_owner PRIMARY KEY (owner)
);

-- What an account is entered by. `recovery` and `email_index` are keyed digests, `email` is sealed by the account's data
-- key, `password` is an Argon2id hash in PHC form. An account without an e-mail address has neither of the last three.
CREATE TABLE logins (
    account     UUID        NOT NULL,
    recovery    BYTEA       NOT NULL,
    email       BYTEA,
    email_index BYTEA,
    password    TEXT,
    created_at  TIMESTAMPTZ NOT NULL,
    CONSTRAINT logins_account PRIMARY KEY (account),
    CONSTRAINT logins_recovery UNIQUE (recovery),
    CONSTRAINT logins_email_index UNIQUE (email_index),
    CONSTRAINT logins_whole CHECK ((email IS NULL) = (email_index IS NULL) AND (email IS NULL) = (password IS NULL))
);

-- One device each: a family of refresh tokens, of which `current` is the digest of the one that is good. Until that one
-- is used, `previous` is the digest of the one before, and `successor` is the current one, sealed by the one before.
-- `expires_at` moves with every refresh and never beyond `closes_at`. `device` is sealed by the account's data key.
CREATE TABLE sessions (
    id           UUID        NOT NULL,
    account      UUID        NOT NULL,
    device       BYTEA       NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    refreshed_at TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL,
    closes_at    TIMESTAMPTZ NOT NULL,
    generation   BIGINT      NOT NULL,
    current      BYTEA       NOT NULL,
    previous     BYTEA,
    successor    BYTEA,
    ended_at     TIMESTAMPTZ,
    CONSTRAINT sessions_id PRIMARY KEY (id),
    CONSTRAINT sessions_retry CHECK ((previous IS NULL) = (successor IS NULL))
);
CREATE INDEX sessions_account ON sessions (account, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
