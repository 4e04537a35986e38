-- Who has an account, and how it stands. `points` is the sum of what its rows in `strength_points` were granted;
-- `version` counts the changes of its profile.
CREATE TABLE accounts (
    id              UUID        NOT NULL,
    role            TEXT        NOT NULL DEFAULT 'member',
    created_at      TIMESTAMPTZ NOT NULL,
    suspended_until TIMESTAMPTZ,
    points          BIGINT      NOT NULL DEFAULT 0,
    version         BIGINT      NOT NULL DEFAULT 1,
    CONSTRAINT accounts_id PRIMARY KEY (id)
);

-- How an account appears in one space: 'public', or whatever names a smaller one. `skeleton` is what the handle looks
-- like, so that no two in one space look alike.
CREATE TABLE personas (
    id       UUID   NOT NULL,
    owner    UUID   NOT NULL,
    space    TEXT   NOT NULL,
    handle   TEXT   NOT NULL,
    skeleton TEXT   NOT NULL,
    avatar   BIGINT NOT NULL,
    CONSTRAINT personas_id PRIMARY KEY (id),
    CONSTRAINT personas_owner FOREIGN KEY (owner) REFERENCES accounts (id),
    CONSTRAINT personas_space UNIQUE (owner, space),
    CONSTRAINT personas_skeleton UNIQUE (space, skeleton)
);

-- Who does not want to see whom. `blocked` is the account behind `persona`, and stays inside; `handle`, `avatar` and
-- `badges` are how the owner knew them.
CREATE TABLE blocks (
    id         UUID        NOT NULL,
    owner      UUID        NOT NULL,
    persona    UUID        NOT NULL,
    blocked    UUID        NOT NULL,
    handle     TEXT        NOT NULL,
    avatar     BIGINT      NOT NULL,
    badges     TEXT        NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT blocks_id PRIMARY KEY (id),
    CONSTRAINT blocks_persona UNIQUE (owner, persona),
    CONSTRAINT blocks_of_others CHECK (owner <> blocked)
);
-- Both directions of "who is hidden from whom" are answered by an index alone.
CREATE INDEX blocks_owner_blocked ON blocks (owner, blocked);
CREATE INDEX blocks_blocked_owner ON blocks (blocked, owner);
CREATE INDEX blocks_owner_id ON blocks (owner, id);

-- What helping has earned: one row for each event that pays. `day` is days since 1970, `worth` what the event pays at
-- most, and `granted` what the day's limit left of it.
CREATE TABLE strength_points (
    event    UUID   NOT NULL,
    account  UUID   NOT NULL,
    response UUID   NOT NULL,
    day      BIGINT NOT NULL,
    worth    BIGINT NOT NULL,
    granted  BIGINT NOT NULL,
    CONSTRAINT strength_points_event PRIMARY KEY (event),
    CONSTRAINT strength_points_account FOREIGN KEY (account) REFERENCES accounts (id)
);
CREATE INDEX strength_points_account_day ON strength_points (account, day, granted);
CREATE INDEX strength_points_cut ON strength_points (account, day, event) WHERE granted < worth;
CREATE INDEX strength_points_response ON strength_points (response);

-- Responses that earn nothing any more, also if what they had earned is heard of later.
CREATE TABLE strength_points_void (
    response UUID NOT NULL,
    CONSTRAINT strength_points_void_response PRIMARY KEY (response)
);
