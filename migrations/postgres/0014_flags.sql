-- What is switched on, for how many of a hundred accounts and for which roles, separated by spaces. `version` counts how
-- often it was set.
CREATE TABLE flags (
    id         UUID        NOT NULL,
    name       TEXT        NOT NULL,
    percent    BIGINT      NOT NULL,
    roles      TEXT        NOT NULL,
    version    BIGINT      NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT flags_id PRIMARY KEY (id),
    CONSTRAINT flags_name UNIQUE (name),
    CONSTRAINT flags_of_a_hundred CHECK (percent BETWEEN 0 AND 100)
);
