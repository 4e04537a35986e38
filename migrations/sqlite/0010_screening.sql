-- Versions of the screening rules. `rules` is the whole rule set as JSON. Rows are never changed. The built-in rules
-- are version 1 and have no row. `actor` created the version by changing the rule `changed_rule`.
CREATE TABLE screening_rule_sets (
    version      INTEGER NOT NULL PRIMARY KEY,
    rules        TEXT    NOT NULL,
    changed_rule TEXT    NOT NULL,
    actor        BLOB    NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
