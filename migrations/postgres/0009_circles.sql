-- Circles. `access` is 'open', 'by_request' or 'private'; `members` counts the members, `blur` is what is added before
-- their number is rounded for others; `version` counts the changes of what the circle says of itself.
CREATE TABLE circles (
    id          UUID        NOT NULL,
    name        TEXT        NOT NULL,
    about       TEXT        NOT NULL,
    rules       TEXT        NOT NULL,
    category    TEXT        NOT NULL,
    access      TEXT        NOT NULL,
    cap         BIGINT      NOT NULL,
    members     BIGINT      NOT NULL,
    blur        BIGINT      NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    archived_at TIMESTAMPTZ,
    version     BIGINT      NOT NULL DEFAULT 1,
    CONSTRAINT circles_id PRIMARY KEY (id)
);
CREATE INDEX circles_found ON circles (id) WHERE archived_at IS NULL;
CREATE INDEX circles_category ON circles (category, id) WHERE archived_at IS NULL;

-- How each who ever came to a circle stands in it now: one row, so that nobody is two things at once. `state` is 'asked',
-- 'member', 'left' or 'banned'; `role` is 1 for members, 2 for keepers, 3 for owners, and 0 for all who are no members;
-- `since` is when they came into this state. `persona` is as whom they appear there.
CREATE TABLE circle_people (
    circle  UUID        NOT NULL,
    account UUID        NOT NULL,
    persona UUID        NOT NULL,
    state   TEXT        NOT NULL,
    role    BIGINT      NOT NULL,
    since   TIMESTAMPTZ NOT NULL,
    CONSTRAINT circle_people_account PRIMARY KEY (circle, account),
    CONSTRAINT circle_people_persona UNIQUE (circle, persona),
    CONSTRAINT circle_people_circle FOREIGN KEY (circle) REFERENCES circles (id),
    CONSTRAINT circle_people_role CHECK ((state = 'member') = (role > 0))
);
CREATE INDEX circle_people_list ON circle_people (circle, state, role, persona);
CREATE INDEX circle_people_of ON circle_people (account, state, circle);

-- Live ways in. One that ends is deleted. `code` is the SHA-256 of what opens it; `account` is who made it, and `persona`
-- as whom.
CREATE TABLE circle_invites (
    id         UUID        NOT NULL,
    circle     UUID        NOT NULL,
    account    UUID        NOT NULL,
    persona    UUID        NOT NULL,
    code       BYTEA       NOT NULL,
    uses_left  BIGINT      NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT circle_invites_id PRIMARY KEY (id),
    CONSTRAINT circle_invites_code UNIQUE (code),
    CONSTRAINT circle_invites_circle FOREIGN KEY (circle) REFERENCES circles (id)
);
CREATE INDEX circle_invites_list ON circle_invites (circle, id);

-- Who did what in a circle, to whom: for those who have to look into it.
CREATE TABLE circle_log (
    id      UUID        NOT NULL,
    circle  UUID        NOT NULL,
    at      TIMESTAMPTZ NOT NULL,
    actor   UUID        NOT NULL,
    act     TEXT        NOT NULL,
    subject UUID,
    CONSTRAINT circle_log_id PRIMARY KEY (id),
    CONSTRAINT circle_log_circle FOREIGN KEY (circle) REFERENCES circles (id)
);
CREATE INDEX circle_log_list ON circle_log (circle, id);
