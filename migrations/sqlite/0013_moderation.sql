-- What staff decide about: all that is reported of one thing until it is decided. `subject` is the id of a thing of
-- `kind`; `concerned` is the account behind `persona`. `reasons` are words, the gravest first. Of one thing, one case is
-- open.
CREATE TABLE cases (
    id           BLOB    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    concerned    BLOB,
    persona      BLOB,
    circle       BLOB,
    origin       TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    escalated_at INTEGER,
    hidden_at    INTEGER,
    reports      INTEGER NOT NULL,
    reasons      TEXT    NOT NULL,
    risk         INTEGER NOT NULL,
    holder       BLOB,
    held_until   INTEGER,
    opened_at    INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    decided_at   INTEGER,
    version      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cases_subject ON cases (subject) WHERE decided_at IS NULL;
CREATE INDEX cases_queue ON cases (state, risk DESC, id);
CREATE INDEX cases_concerned ON cases (concerned, id);
CREATE INDEX cases_about ON cases (subject, id);

-- What something said when it was reported, sealed. Nothing changes it.
CREATE TABLE evidence (
    id       BLOB    NOT NULL PRIMARY KEY,
    case_id  BLOB    NOT NULL REFERENCES cases (id),
    taken_at INTEGER NOT NULL,
    sealed   BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_case_id ON evidence (case_id, id);

-- Who reported what, and why. `words` are sealed. None is without evidence.
CREATE TABLE reports (
    id         BLOB    NOT NULL PRIMARY KEY,
    case_id    BLOB    NOT NULL REFERENCES cases (id),
    evidence   BLOB    NOT NULL REFERENCES evidence (id),
    kind       TEXT    NOT NULL,
    subject    BLOB    NOT NULL,
    reporter   BLOB    NOT NULL,
    reason     TEXT    NOT NULL,
    words      BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    outcome    TEXT,
    UNIQUE (case_id, reporter)
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_mine ON reports (reporter, id);

-- What was decided. Of one thing, the last row by `turn` with a `measure` says whether it is there. `decider` is null
-- for what happens by itself; `about` is the decision that this one upholds or overturns. `statement` and `appeal_words`
-- are sealed.
CREATE TABLE decisions (
    id           BLOB    NOT NULL PRIMARY KEY,
    case_id      BLOB    NOT NULL REFERENCES cases (id),
    kind         TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    turn         INTEGER NOT NULL,
    concerned    BLOB,
    decider      BLOB,
    action       TEXT    NOT NULL,
    measure      TEXT,
    rule         TEXT    NOT NULL,
    statement    BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    ends_at      INTEGER,
    about        BLOB,
    appeal       TEXT    NOT NULL,
    appeal_until INTEGER,
    appeal_words BLOB    NOT NULL,
    undone_at    INTEGER,
    ended_at     INTEGER,
    UNIQUE (subject, turn)
) STRICT, WITHOUT ROWID;
CREATE INDEX decisions_case_id ON decisions (case_id, id);
CREATE INDEX decisions_concerned ON decisions (concerned, id);
CREATE INDEX decisions_ends_at ON decisions (ends_at) WHERE ended_at IS NULL AND undone_at IS NULL AND ends_at IS NOT NULL;
CREATE INDEX decisions_created_at ON decisions (created_at);

-- What counts against somebody until `ends_at`, unless it was undone.
CREATE TABLE strikes (
    decision   BLOB    NOT NULL PRIMARY KEY REFERENCES decisions (id),
    account    BLOB    NOT NULL,
    weight     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    undone_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX strikes_account ON strikes (account, ends_at);

-- Until when an account may read, and write nothing but an SOS.
ALTER TABLE accounts ADD COLUMN muted_until INTEGER;
