-- Circles. `access` is 'open', 'by_request' or 'private'. `count_offset` is added to `member_count` before the count
-- is rounded for others. `closed_at` is set while staff have closed the circle, which hides it from all. `version`
-- counts the changes of the settings.
CREATE TABLE circles (
    id           UUID        NOT NULL,
    name         TEXT        NOT NULL,
    about        TEXT        NOT NULL,
    rules        TEXT        NOT NULL,
    category     TEXT        NOT NULL,
    access       TEXT        NOT NULL,
    max_members  BIGINT      NOT NULL,
    member_count BIGINT      NOT NULL,
    count_offset BIGINT      NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    archived_at  TIMESTAMPTZ,
    closed_at    TIMESTAMPTZ,
    version      BIGINT      NOT NULL DEFAULT 1,
    CONSTRAINT circles_id PRIMARY KEY (id)
);
CREATE INDEX circles_unarchived ON circles (id) WHERE archived_at IS NULL;
CREATE INDEX circles_category ON circles (category, id) WHERE archived_at IS NULL;

-- Membership of an account in a circle, present or past: one row, so that an account has one status at a time.
-- `status` is 'requested', 'member', 'left', 'declined' or 'banned', since `since`. `role` is 1 for members, 2 for
-- keepers, 3 for owners, and 0 in every other status. `persona` is the persona of the account in this circle.
CREATE TABLE circle_members (
    circle  UUID        NOT NULL,
    account UUID        NOT NULL,
    persona UUID        NOT NULL,
    status  TEXT        NOT NULL,
    role    BIGINT      NOT NULL,
    since   TIMESTAMPTZ NOT NULL,
    CONSTRAINT circle_members_account PRIMARY KEY (circle, account),
    CONSTRAINT circle_members_persona UNIQUE (circle, persona),
    CONSTRAINT circle_members_circle_fkey FOREIGN KEY (circle) REFERENCES circles (id),
    CONSTRAINT circle_members_role_of_status_check CHECK ((status = 'member') = (role > 0))
);
CREATE INDEX circle_members_list ON circle_members (circle, status, role, persona);
CREATE INDEX circle_members_account_status ON circle_members (account, status, circle);

-- Valid invites. Rows are deleted when the invite is used up, revoked or expired. `code_digest` is the SHA-256 of the
-- invite code. `creator` and `persona` are the member who created it.
CREATE TABLE circle_invites (
    id          UUID        NOT NULL,
    circle      UUID        NOT NULL,
    creator     UUID        NOT NULL,
    persona     UUID        NOT NULL,
    code_digest BYTEA       NOT NULL,
    uses_left   BIGINT      NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    CONSTRAINT circle_invites_id PRIMARY KEY (id),
    CONSTRAINT circle_invites_code_digest UNIQUE (code_digest),
    CONSTRAINT circle_invites_circle_fkey FOREIGN KEY (circle) REFERENCES circles (id)
);
CREATE INDEX circle_invites_list ON circle_invites (circle, id);

-- Log of each circle, for its keepers. `target` is the account that the action affects. `token` is the page token that
-- clients get: `id` contains the time, which clients must not learn.
CREATE TABLE circle_log (
    id         UUID        NOT NULL,
    token      UUID        NOT NULL,
    circle     UUID        NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    actor      UUID        NOT NULL,
    action     TEXT        NOT NULL,
    target     UUID,
    CONSTRAINT circle_log_id PRIMARY KEY (id),
    CONSTRAINT circle_log_circle_fkey FOREIGN KEY (circle) REFERENCES circles (id)
);
CREATE INDEX circle_log_list ON circle_log (circle, id);
CREATE INDEX circle_log_token ON circle_log (circle, token);
