-- Circles. `access` is 'open', 'by_request' or 'private'; `members` counts the members, `blur` is what is added before
-- their number is rounded for others; `version` counts the changes of what the circle says of itself.
CREATE TABLE circles (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    about       TEXT    NOT NULL,
    rules       TEXT    NOT NULL,
    category    TEXT    NOT NULL,
    access      TEXT    NOT NULL,
    cap         INTEGER NOT NULL,
    members     INTEGER NOT NULL,
    blur        INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    archived_at INTEGER,
    version     INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE INDEX circles_found ON circles (id) WHERE archived_at IS NULL;
CREATE INDEX circles_category ON circles (category, id) WHERE archived_at IS NULL;

-- How each who ever came to a circle stands in it now: one row, so that nobody is two things at once. `state` is 'asked',
-- 'member', 'left' or 'banned'; `role` is 1 for members, 2 for keepers, 3 for owners, and 0 for all who are no members;
-- `since` is when they came into this state. `persona` is as whom they appear there.
CREATE TABLE circle_people (
    circle  BLOB    NOT NULL REFERENCES circles (id),
    account BLOB    NOT NULL,
    persona BLOB    NOT NULL,
    state   TEXT    NOT NULL,
    role    INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (circle, account),
    UNIQUE (circle, persona),
    CHECK ((state = 'member') = (role > 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_people_list ON circle_people (circle, state, role, persona);
CREATE INDEX circle_people_of ON circle_people (account, state, circle);

-- Live ways in. One that ends is deleted. `code` is the SHA-256 of what opens it; `account` is who made it, and `persona`
-- as whom.
CREATE TABLE circle_invites (
    id         BLOB    NOT NULL PRIMARY KEY,
    circle     BLOB    NOT NULL REFERENCES circles (id),
    account    BLOB    NOT NULL,
    persona    BLOB    NOT NULL,
    code       BLOB    NOT NULL,
    uses_left  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (code)
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_invites_list ON circle_invites (circle, id);

-- Who did what in a circle, to whom: for those who have to look into it.
CREATE TABLE circle_log (
    id      BLOB    NOT NULL PRIMARY KEY,
    circle  BLOB    NOT NULL REFERENCES circles (id),
    at      INTEGER NOT NULL,
    actor   BLOB    NOT NULL,
    act     TEXT    NOT NULL,
    subject BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_log_list ON circle_log (circle, id);
