-- The rules of the screen, a row a version: all rules, in JSON. Nothing changes a row. What there is before the first row
-- is version 1. `actor` put `name`.
CREATE TABLE screen_rules (
    version    INTEGER NOT NULL PRIMARY KEY,
    rules      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    actor      BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
