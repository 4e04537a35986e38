-- Data key of each account, wrapped by the key ring. Deleting a row makes all that its key encrypts unreadable.
CREATE TABLE data_keys (
    owner       BLOB NOT NULL PRIMARY KEY,
    wrapped_key BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Credentials of each account: the recovery code and, if there is one, the e-mail address with its password.
-- `recovery_digest` and `email_index` are keyed digests, `email` is encrypted with the data key of the account,
-- `password_hash` is an Argon2id hash in PHC format.
CREATE TABLE email_credentials (
    account         BLOB    NOT NULL PRIMARY KEY,
    recovery_digest BLOB    NOT NULL UNIQUE,
    email           BLOB,
    email_index     BLOB    UNIQUE,
    password_hash   TEXT,
    created_at      INTEGER NOT NULL,
    CHECK ((email IS NULL) = (email_index IS NULL)
        AND (email IS NULL) = (password_hash IS NULL))
) STRICT;

-- Sessions, one for each device. A session is a family of refresh tokens, of which one is valid: `current_digest` is
-- its digest. Until that token is used, its predecessor can be sent again: `previous_digest` is the digest of the
-- predecessor, `encrypted_successor` the current token encrypted with it. `expires_at` moves with every refresh, up to
-- `absolute_expires_at`. `device` is encrypted with the data key of the account.
CREATE TABLE sessions (
    id                  BLOB    NOT NULL PRIMARY KEY,
    account             BLOB    NOT NULL,
    device              BLOB    NOT NULL,
    created_at          INTEGER NOT NULL,
    refreshed_at        INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    generation          INTEGER NOT NULL,
    current_digest      BLOB    NOT NULL,
    previous_digest     BLOB,
    encrypted_successor BLOB,
    ended_at            INTEGER,
    CHECK ((previous_digest IS NULL) = (encrypted_successor IS NULL))
) STRICT;
CREATE INDEX sessions_account ON sessions (account, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Attempts to log in by e-mail address and password since the last success. Each attempt counts as failed until it
-- succeeds. `email_index` is the keyed digest of the submitted address, which need not belong to an account.
CREATE TABLE password_attempts (
    email_index     BLOB    NOT NULL PRIMARY KEY,
    failures        INTEGER NOT NULL,
    last_attempt_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX password_attempts_last_attempt_at ON password_attempts (last_attempt_at);
