-- What somebody counts: from which day, where, for what, and which milestones were told when (`told`, as words
-- `<days>@<milliseconds>`). `data_key`, wrapped, seals their notes. `due` is when they are to be looked at.
CREATE TABLE journeys (
    owner      BLOB    NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    edition    INTEGER NOT NULL,
    zone       TEXT,
    start_day  TEXT,
    start_zone TEXT,
    goal       TEXT,
    told       TEXT    NOT NULL,
    data_key   BLOB    NOT NULL,
    due        INTEGER,
    CHECK ((start_day IS NULL) = (start_zone IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX journeys_due ON journeys (due) WHERE due IS NOT NULL;

-- What broke it. `zone` is where its owner was, `triggers` are words.
CREATE TABLE relapses (
    owner       BLOB    NOT NULL REFERENCES journeys (owner),
    id          BLOB    NOT NULL,
    occurred_at INTEGER NOT NULL,
    zone        TEXT,
    triggers    TEXT    NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

-- How people said they were, for themselves. `note` is sealed.
CREATE TABLE check_ins (
    id          BLOB    NOT NULL PRIMARY KEY,
    owner       BLOB    NOT NULL,
    occurred_at INTEGER NOT NULL,
    zone        TEXT,
    mood        INTEGER NOT NULL,
    met         INTEGER NOT NULL,
    resisted    INTEGER NOT NULL,
    triggers    TEXT    NOT NULL,
    note        BLOB,
    CHECK (mood BETWEEN 1 AND 10),
    CHECK (resisted BETWEEN 0 AND met)
) STRICT, WITHOUT ROWID;
CREATE INDEX check_ins_owner ON check_ins (owner, occurred_at, id);
