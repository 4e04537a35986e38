-- Accounts. `points` is the sum of `granted` in `points_ledger`. A muted account can read, and write only SOS posts.
-- `shows_points` and `shows_badges` are 1 if others can see them. `profile_version` and `privacy_version` count the
-- changes of the profile and of the privacy settings.
CREATE TABLE accounts (
    id              UUID        NOT NULL,
    role            TEXT        NOT NULL DEFAULT 'member',
    created_at      TIMESTAMPTZ NOT NULL,
    suspended_until TIMESTAMPTZ,
    muted_until     TIMESTAMPTZ,
    points          BIGINT      NOT NULL DEFAULT 0,
    profile_version BIGINT      NOT NULL DEFAULT 1,
    shows_points    BIGINT      NOT NULL DEFAULT 1,
    shows_badges    BIGINT      NOT NULL DEFAULT 1,
    privacy_version BIGINT      NOT NULL DEFAULT 1,
    CONSTRAINT accounts_id PRIMARY KEY (id)
);

-- The identity that an account has in one scope: 'public', or a circle. `skeleton` is the form that all handles that
-- look alike share, so that no two personas of a scope look alike.
CREATE TABLE personas (
    id       UUID   NOT NULL,
    account  UUID   NOT NULL,
    scope    TEXT   NOT NULL,
    handle   TEXT   NOT NULL,
    skeleton TEXT   NOT NULL,
    avatar   BIGINT NOT NULL,
    CONSTRAINT personas_id PRIMARY KEY (id),
    CONSTRAINT personas_scope UNIQUE (account, scope),
    CONSTRAINT personas_skeleton UNIQUE (scope, skeleton),
    CONSTRAINT personas_account_fkey FOREIGN KEY (account) REFERENCES accounts (id)
);

-- Blocks. Both accounts are hidden from each other. `blocked` is the account of `persona` and is never sent to the
-- owner. `handle`, `avatar` and `badges` are the persona as the owner saw it.
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
    CONSTRAINT blocks_not_self_check CHECK (owner <> blocked)
);
-- Accounts hidden from a viewer, in both directions, are read from an index alone.
CREATE INDEX blocks_owner_blocked ON blocks (owner, blocked);
CREATE INDEX blocks_blocked_owner ON blocks (blocked, owner);
CREATE INDEX blocks_owner_id ON blocks (owner, id);

-- Strength points, one row for each event that earns them. `day` is the number of days since 1970-01-01. `points` is
-- the value of the event, `granted` the part of it that the daily cap allows.
CREATE TABLE points_ledger (
    event    UUID   NOT NULL,
    account  UUID   NOT NULL,
    response UUID   NOT NULL,
    day      BIGINT NOT NULL,
    points   BIGINT NOT NULL,
    granted  BIGINT NOT NULL,
    CONSTRAINT points_ledger_event PRIMARY KEY (event),
    CONSTRAINT points_ledger_account_fkey FOREIGN KEY (account) REFERENCES accounts (id)
);
CREATE INDEX points_ledger_account_day ON points_ledger (account, day, granted);
CREATE INDEX points_ledger_ungranted ON points_ledger (account, day, event) WHERE granted < points;
CREATE INDEX points_ledger_response ON points_ledger (response);

-- Responses whose points are revoked permanently. Events that would earn points for them later are ignored.
CREATE TABLE points_revoked (
    response UUID NOT NULL,
    CONSTRAINT points_revoked_response PRIMARY KEY (response)
);

-- Responses whose points are held because a moderator removed them. `hold_count` is the number of removals less the
-- number of restorations, which can arrive in any order. Above zero, the response earns no points.
CREATE TABLE points_held (
    response   UUID   NOT NULL,
    hold_count BIGINT NOT NULL,
    CONSTRAINT points_held_response PRIMARY KEY (response)
);
