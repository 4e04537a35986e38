-- What was done with a right that others do not have. `hash` covers the line and the hash of the line before it; lines are
-- only ever appended, by whoever writes the head first.
CREATE TABLE audit_log (
    position BIGINT      NOT NULL,
    id       UUID        NOT NULL,
    at       TIMESTAMPTZ NOT NULL,
    actor    UUID        NOT NULL,
    session  UUID,
    act      TEXT        NOT NULL,
    subject  TEXT        NOT NULL,
    detail   TEXT        NOT NULL,
    hash     BYTEA       NOT NULL,
    CONSTRAINT audit_log_position PRIMARY KEY (position),
    CONSTRAINT audit_log_id UNIQUE (id)
);
CREATE INDEX audit_log_actor_position ON audit_log (actor, position);
CREATE INDEX audit_log_subject_position ON audit_log (subject, position);

CREATE FUNCTION audit_is_not_changed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is not changed'; END $$;
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_not_changed();

-- Where it ends: one row, which only goes on.
CREATE TABLE audit_head (
    one      BIGINT NOT NULL,
    position BIGINT NOT NULL,
    hash     BYTEA  NOT NULL,
    CONSTRAINT audit_head_one PRIMARY KEY (one),
    CONSTRAINT audit_head_is_one CHECK (one = 1)
);
INSERT INTO audit_head (one, position, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TRIGGER audit_head_goes_on BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (new.position <> old.position + 1) EXECUTE FUNCTION audit_is_not_changed();
CREATE TRIGGER audit_head_is_not_deleted BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_not_changed();
