-- What was done with a right that others do not have. `hash` covers the line and the hash of the line before it; lines are
-- only ever appended, by whoever writes the head first.
CREATE TABLE audit_log (
    position INTEGER PRIMARY KEY,
    id       BLOB    NOT NULL UNIQUE,
    at       INTEGER NOT NULL,
    actor    BLOB    NOT NULL,
    session  BLOB,
    act      TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_log_actor_position ON audit_log (actor, position);
CREATE INDEX audit_log_subject_position ON audit_log (subject, position);

CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is not changed');
END;
CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is not changed');
END;

-- Where it ends: one row, which only goes on.
CREATE TABLE audit_head (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
INSERT INTO audit_head (one, position, hash) VALUES (1, 0, zeroblob(32));

CREATE TRIGGER audit_head_goes_on BEFORE UPDATE ON audit_head
WHEN new.position <> old.position + 1
BEGIN
    SELECT RAISE(ABORT, 'the audit log is not changed');
END;
CREATE TRIGGER audit_head_is_not_deleted BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the audit log is not changed');
END;
