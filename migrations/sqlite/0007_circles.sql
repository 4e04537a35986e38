-- Circles. `access` is 'open', 'by_request' or 'private'. `count_offset` is added to `member_count` before the count
-- is rounded for others. `closed_at` is set while staff have closed the circle, which hides it from all. `version`
-- counts the changes of the settings.
CREATE TABLE circles (
    id           BLOB    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    about        TEXT    NOT NULL,
    rules        TEXT    NOT NULL,
    category     TEXT    NOT NULL,
    access       TEXT    NOT NULL,
    max_members  INTEGER NOT NULL,
    member_count INTEGER NOT NULL,
    count_offset INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    archived_at  INTEGER,
    closed_at    INTEGER,
    version      INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE INDEX circles_unarchived ON circles (id) WHERE archived_at IS NULL;
CREATE INDEX circles_category ON circles (category, id) WHERE archived_at IS NULL;

-- Membership of an account in a circle, present or past: one row, so that an account has one status at a time.
-- `status` is 'requested', 'member', 'left', 'declined' or 'banned', since `since`. `role` is 1 for members, 2 for
-- keepers, 3 for owners, and 0 in every other status. `persona` is the persona of the account in this circle.
CREATE TABLE circle_members (
    circle  BLOB    NOT NULL REFERENCES circles (id),
    account BLOB    NOT NULL,
    persona BLOB    NOT NULL,
    status  TEXT    NOT NULL,
    role    INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (circle, account),
    UNIQUE (circle, persona),
    CHECK ((status = 'member') = (role > 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_members_list ON circle_members (circle, status, role, persona);
CREATE INDEX circle_members_account_status ON circle_members (account, status, circle);

-- Valid invites. Rows are deleted when the invite is used up, revoked or expired. `code_digest` is the SHA-256 of the
-- invite code. `creator` and `persona` are the member who created it.
CREATE TABLE circle_invites (
    id          BLOB    NOT NULL PRIMARY KEY,
    circle      BLOB    NOT NULL REFERENCES circles (id),
    creator     BLOB    NOT NULL,
    persona     BLOB    NOT NULL,
    code_digest BLOB    NOT NULL UNIQUE,
    uses_left   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_invites_list ON circle_invites (circle, id);

-- Log of each circle, for its keepers. `target` is the account that the action affects. `token` is the page token that
-- clients get: `id` contains the time, which clients must not learn.
CREATE TABLE circle_log (
    id         BLOB    NOT NULL PRIMARY KEY,
    token      BLOB    NOT NULL,
    circle     BLOB    NOT NULL REFERENCES circles (id),
    created_at INTEGER NOT NULL,
    actor      BLOB    NOT NULL,
    action     TEXT    NOT NULL,
    target     BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_log_list ON circle_log (circle, id);
CREATE INDEX circle_log_token ON circle_log (circle, token);
