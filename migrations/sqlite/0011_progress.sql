-- The start date, time zones and goal from which the progress of an account is counted. `announced_milestones` are
-- words of the form `<days>@<milliseconds>`, separated by spaces. `data_key` is wrapped and encrypts the notes.
-- `next_due_at` is the time at which milestones are checked next. `settings_version` counts the changes of the
-- settings, `version` all changes.
CREATE TABLE recovery_profiles (
    owner                BLOB    NOT NULL PRIMARY KEY,
    version              INTEGER NOT NULL,
    settings_version     INTEGER NOT NULL,
    time_zone            TEXT,
    start_date           TEXT,
    start_time_zone      TEXT,
    goal                 TEXT,
    announced_milestones TEXT    NOT NULL,
    data_key             BLOB    NOT NULL,
    next_due_at          INTEGER,
    CHECK ((start_date IS NULL) = (start_time_zone IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_profiles_next_due_at ON recovery_profiles (next_due_at) WHERE next_due_at IS NOT NULL;

-- Relapses. `time_zone` is the time zone of the account at the time, `triggers` are words separated by spaces.
CREATE TABLE relapses (
    owner       BLOB    NOT NULL REFERENCES recovery_profiles (owner),
    id          BLOB    NOT NULL,
    occurred_at INTEGER NOT NULL,
    time_zone   TEXT,
    triggers    TEXT    NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

-- Private check-ins. `note` is encrypted.
CREATE TABLE check_ins (
    id                BLOB    NOT NULL PRIMARY KEY,
    owner             BLOB    NOT NULL,
    occurred_at       INTEGER NOT NULL,
    time_zone         TEXT,
    mood              INTEGER NOT NULL,
    cravings          INTEGER NOT NULL,
    cravings_resisted INTEGER NOT NULL,
    triggers          TEXT    NOT NULL,
    note              BLOB,
    CHECK (mood BETWEEN 1 AND 10),
    CHECK (cravings_resisted BETWEEN 0 AND cravings)
) STRICT, WITHOUT ROWID;
CREATE INDEX check_ins_owner ON check_ins (owner, occurred_at, id);
