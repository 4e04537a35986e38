-- Who has an account, and how it stands. `points` is the sum of what its rows in `strength_points` were granted;
-- `version` counts the changes of its profile.
CREATE TABLE accounts (
    id              BLOB    NOT NULL PRIMARY KEY,
    role            TEXT    NOT NULL DEFAULT 'member',
    created_at      INTEGER NOT NULL,
    suspended_until INTEGER,
    points          INTEGER NOT NULL DEFAULT 0,
    version         INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- How an account appears in one space: 'public', or whatever names a smaller one. `skeleton` is what the handle looks
-- like, so that no two in one space look alike.
CREATE TABLE personas (
    id       BLOB    NOT NULL PRIMARY KEY,
    owner    BLOB    NOT NULL REFERENCES accounts (id),
    space    TEXT    NOT NULL,
    handle   TEXT    NOT NULL,
    skeleton TEXT    NOT NULL,
    avatar   INTEGER NOT NULL,
    UNIQUE (owner, space),
    UNIQUE (space, skeleton)
) STRICT, WITHOUT ROWID;

-- Who does not want to see whom. `blocked` is the account behind `persona`, and stays inside; `handle`, `avatar` and
-- `badges` are how the owner knew them.
CREATE TABLE blocks (
    id         BLOB    NOT NULL PRIMARY KEY,
    owner      BLOB    NOT NULL,
    persona    BLOB    NOT NULL,
    blocked    BLOB    NOT NULL,
    handle     TEXT    NOT NULL,
    avatar     INTEGER NOT NULL,
    badges     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (owner, persona),
    CHECK (owner <> blocked)
) STRICT, WITHOUT ROWID;
-- Both directions of "who is hidden from whom" are answered by an index alone.
CREATE INDEX blocks_owner_blocked ON blocks (owner, blocked);
CREATE INDEX blocks_blocked_owner ON blocks (blocked, owner);
CREATE INDEX blocks_owner_id ON blocks (owner, id);

-- What helping has earned: one row for each event that pays. `day` is days since 1970, `worth` what the event pays at
-- most, and `granted` what the day's limit left of it.
CREATE TABLE strength_points (
    event    BLOB    NOT NULL PRIMARY KEY,
    account  BLOB    NOT NULL REFERENCES accounts (id),
    response BLOB    NOT NULL,
    day      INTEGER NOT NULL,
    worth    INTEGER NOT NULL,
    granted  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX strength_points_account_day ON strength_points (account, day, granted);
CREATE INDEX strength_points_cut ON strength_points (account, day, event) WHERE granted < worth;
CREATE INDEX strength_points_response ON strength_points (response);

-- Responses that earn nothing any more, also if what they had earned is heard of later.
CREATE TABLE strength_points_void (
    response BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
