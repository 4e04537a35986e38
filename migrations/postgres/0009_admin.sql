-- Records of privileged actions, as a hash chain: `hash` covers the record and the hash of the record before it.
-- Records are only appended, in the transaction that also advances `audit_head`.
CREATE TABLE audit_log (
    position   BIGINT      NOT NULL,
    id         UUID        NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    actor      UUID        NOT NULL,
    session    UUID,
    action     TEXT        NOT NULL,
    subject    TEXT        NOT NULL,
    detail     TEXT        NOT NULL,
    hash       BYTEA       NOT NULL,
    CONSTRAINT audit_log_position PRIMARY KEY (position),
    CONSTRAINT audit_log_id UNIQUE (id)
);
CREATE INDEX audit_log_actor_position ON audit_log (actor, position);
CREATE INDEX audit_log_subject_position ON audit_log (subject, position);

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- End of the hash chain: a single row, whose position advances by one with each record.
CREATE TABLE audit_head (
    singleton BIGINT NOT NULL,
    position  BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    CONSTRAINT audit_head_singleton PRIMARY KEY (singleton),
    CONSTRAINT audit_head_singleton_check CHECK (singleton = 1)
);

INSERT INTO audit_head (singleton, position, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TRIGGER audit_head_only_advances BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (new.position <> old.position + 1) EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_head_no_delete BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- Feature flags. A flag is enabled for `percent` of the accounts and for `roles`, separated by spaces. `version`
-- counts the changes.
CREATE TABLE feature_flags (
    id         UUID        NOT NULL,
    name       TEXT        NOT NULL,
    percent    BIGINT      NOT NULL,
    roles      TEXT        NOT NULL,
    version    BIGINT      NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT feature_flags_id PRIMARY KEY (id),
    CONSTRAINT feature_flags_name UNIQUE (name),
    CONSTRAINT feature_flags_percent_check CHECK (percent BETWEEN 0 AND 100)
);
