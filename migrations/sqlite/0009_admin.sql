-- Records of privileged actions, as a hash chain: `hash` covers the record and the hash of the record before it.
-- Records are only appended, in the transaction that also advances `audit_head`.
CREATE TABLE audit_log (
    position   INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    actor      BLOB    NOT NULL,
    session    BLOB,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    hash       BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_log_actor_position ON audit_log (actor, position);
CREATE INDEX audit_log_subject_position ON audit_log (subject, position);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- End of the hash chain: a single row, whose position advances by one with each record.
CREATE TABLE audit_head (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    position  INTEGER NOT NULL,
    hash      BLOB    NOT NULL
) STRICT;

INSERT INTO audit_head (singleton, position, hash) VALUES (1, 0, zeroblob(32));

CREATE TRIGGER audit_head_only_advances BEFORE UPDATE ON audit_head
WHEN new.position <> old.position + 1
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Feature flags. A flag is enabled for `percent` of the accounts and for `roles`, separated by spaces. `version`
-- counts the changes.
CREATE TABLE feature_flags (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    percent    INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    roles      TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
