-- What is switched on, for how many of a hundred accounts and for which roles, separated by spaces. `version` counts how
-- often it was set.
CREATE TABLE flags (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    percent    INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    roles      TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
