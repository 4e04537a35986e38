-- One data key an account, wrapped by the keys of the system. To destroy it is to destroy what it sealed.
CREATE TABLE data_keys (
    owner   BLOB NOT NULL PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What an account is entered by. `recovery` and `email_index` are keyed digests, `email` is sealed by the account's data
-- key, `password` is an Argon2id hash in PHC form. An account without an e-mail address has neither of the last three.
CREATE TABLE logins (
    account     BLOB    NOT NULL PRIMARY KEY,
    recovery    BLOB    NOT NULL UNIQUE,
    email       BLOB,
    email_index BLOB    UNIQUE,
    password    TEXT,
    created_at  INTEGER NOT NULL,
    CHECK ((email IS NULL) = (email_index IS NULL) AND (email IS NULL) = (password IS NULL))
) STRICT;

-- One device each: a family of refresh tokens, of which `current` is the digest of the one that is good. Until that one
-- is used, `previous` is the digest of the one before, and `successor` is the current one, sealed by the one before.
-- `expires_at` moves with every refresh and never beyond `closes_at`. `device` is sealed by the account's data key.
CREATE TABLE sessions (
    id           BLOB    NOT NULL PRIMARY KEY,
    account      BLOB    NOT NULL,
    device       BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    refreshed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    closes_at    INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    current      BLOB    NOT NULL,
    previous     BLOB,
    successor    BLOB,
    ended_at     INTEGER,
    CHECK ((previous IS NULL) = (successor IS NULL))
) STRICT;
CREATE INDEX sessions_account ON sessions (account, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
