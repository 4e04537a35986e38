-- Accounts. `points` is the sum of `granted` in `points_ledger`. A muted account can read, and write only SOS posts.
-- `shows_points` and `shows_badges` are 1 if others can see them. `profile_version` and `privacy_version` count the
-- changes of the profile and of the privacy settings.
CREATE TABLE accounts (
    id              BLOB    NOT NULL PRIMARY KEY,
    role            TEXT    NOT NULL DEFAULT 'member',
    created_at      INTEGER NOT NULL,
    suspended_until INTEGER,
    muted_until     INTEGER,
    points          INTEGER NOT NULL DEFAULT 0,
    profile_version INTEGER NOT NULL DEFAULT 1,
    shows_points    INTEGER NOT NULL DEFAULT 1,
    shows_badges    INTEGER NOT NULL DEFAULT 1,
    privacy_version INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- The identity that an account has in one scope: 'public', or a circle. `skeleton` is the form that all handles that
-- look alike share, so that no two personas of a scope look alike.
CREATE TABLE personas (
    id       BLOB    NOT NULL PRIMARY KEY,
    account  BLOB    NOT NULL REFERENCES accounts (id),
    scope    TEXT    NOT NULL,
    handle   TEXT    NOT NULL,
    skeleton TEXT    NOT NULL,
    avatar   INTEGER NOT NULL,
    UNIQUE (account, scope),
    UNIQUE (scope, skeleton)
) STRICT, WITHOUT ROWID;

-- Blocks. Both accounts are hidden from each other. `blocked` is the account of `persona` and is never sent to the
-- owner. `handle`, `avatar` and `badges` are the persona as the owner saw it.
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
-- Accounts hidden from a viewer, in both directions, are read from an index alone.
CREATE INDEX blocks_owner_blocked ON blocks (owner, blocked);
CREATE INDEX blocks_blocked_owner ON blocks (blocked, owner);
CREATE INDEX blocks_owner_id ON blocks (owner, id);

-- Strength points, one row for each event that earns them. `day` is the number of days since 1970-01-01. `points` is
-- the value of the event, `granted` the part of it that the daily cap allows.
CREATE TABLE points_ledger (
    event    BLOB    NOT NULL PRIMARY KEY,
    account  BLOB    NOT NULL REFERENCES accounts (id),
    response BLOB    NOT NULL,
    day      INTEGER NOT NULL,
    points   INTEGER NOT NULL,
    granted  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX points_ledger_account_day ON points_ledger (account, day, granted);
CREATE INDEX points_ledger_ungranted ON points_ledger (account, day, event) WHERE granted < points;
CREATE INDEX points_ledger_response ON points_ledger (response);

-- Responses whose points are revoked permanently. Events that would earn points for them later are ignored.
CREATE TABLE points_revoked (
    response BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Responses whose points are held because a moderator removed them. `hold_count` is the number of removals less the
-- number of restorations, which can arrive in any order. Above zero, the response earns no points.
CREATE TABLE points_held (
    response   BLOB    NOT NULL PRIMARY KEY,
    hold_count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
