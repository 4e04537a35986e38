-- Attempts to enter by an address and a password since one succeeded: each counts as failed until it does not.
-- `email_index` is the keyed digest of what was typed, whether an account has it or not.
CREATE TABLE password_attempts (
    email_index BLOB    NOT NULL PRIMARY KEY,
    failures    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX password_attempts_last_at ON password_attempts (last_at);
