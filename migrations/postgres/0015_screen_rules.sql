-- The rules of the screen, a row a version: all rules, in JSON. Nothing changes a row. What there is before the first row
-- is version 1. `actor` put `name`.
CREATE TABLE screen_rules (
    version    BIGINT      NOT NULL,
    rules      TEXT        NOT NULL,
    name       TEXT        NOT NULL,
    actor      UUID        NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT screen_rules_version PRIMARY KEY (version)
);
