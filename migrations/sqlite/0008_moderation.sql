-- Moderation cases. A case collects the reports about one subject until it is decided; a subject has one undecided
-- case at most. `subject` is the id of an object of `subject_kind`. `affected_account` is the account of `persona`.
-- `reasons` are separated by spaces, the most severe first. `reach` is the number of posts and responses around the
-- subject at the time of the last report; it is an input of `risk`, which is computed again when more is known about
-- the reporters.
CREATE TABLE cases (
    id               BLOB    NOT NULL PRIMARY KEY,
    subject_kind     TEXT    NOT NULL,
    subject          BLOB    NOT NULL,
    affected_account BLOB,
    persona          BLOB,
    circle           BLOB,
    origin           TEXT    NOT NULL,
    state            TEXT    NOT NULL,
    escalated_at     INTEGER,
    hidden_at        INTEGER,
    report_count     INTEGER NOT NULL,
    reasons          TEXT    NOT NULL,
    reach            INTEGER NOT NULL DEFAULT 0,
    risk             INTEGER NOT NULL,
    assignee         BLOB,
    assigned_until   INTEGER,
    opened_at        INTEGER NOT NULL,
    due_at           INTEGER NOT NULL,
    decided_at       INTEGER,
    version          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cases_subject ON cases (subject) WHERE decided_at IS NULL;
CREATE INDEX cases_queue ON cases (state, risk DESC, id);
CREATE INDEX cases_affected_account ON cases (affected_account, id);
CREATE INDEX cases_subject_id ON cases (subject, id);

-- Snapshots of the subject, captured when it was reported. `snapshot` is encrypted. Rows are never changed.
CREATE TABLE evidence (
    id          BLOB    NOT NULL PRIMARY KEY,
    case_id     BLOB    NOT NULL REFERENCES cases (id),
    captured_at INTEGER NOT NULL,
    snapshot    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_case_id ON evidence (case_id, id);

-- Reports by users, each with its evidence. `comment` is encrypted. `outcome` is null until the case is decided.
CREATE TABLE reports (
    id           BLOB    NOT NULL PRIMARY KEY,
    case_id      BLOB    NOT NULL REFERENCES cases (id),
    evidence     BLOB    NOT NULL REFERENCES evidence (id),
    subject_kind TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    reporter     BLOB    NOT NULL,
    reason       TEXT    NOT NULL,
    comment      BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    outcome      TEXT,
    UNIQUE (case_id, reporter)
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_reporter_id ON reports (reporter, id);
CREATE INDEX reports_undecided ON reports (reporter, case_id) WHERE outcome IS NULL;

-- Decisions. `sequence` numbers the decisions about one subject: the last one with a `content_outcome` determines
-- whether the subject is visible. `decider` is null for automatic decisions. `appealed_decision` is the decision that
-- this one upholds or overturns. `ends_at` is the end of a restriction, `ended_at` the time at which it was lifted.
-- `statement` and `appeal_text` are encrypted.
CREATE TABLE decisions (
    id                BLOB    NOT NULL PRIMARY KEY,
    case_id           BLOB    NOT NULL REFERENCES cases (id),
    subject_kind      TEXT    NOT NULL,
    subject           BLOB    NOT NULL,
    sequence          INTEGER NOT NULL,
    affected_account  BLOB,
    decider           BLOB,
    action            TEXT    NOT NULL,
    content_outcome   TEXT,
    rule              TEXT    NOT NULL,
    statement         BLOB    NOT NULL,
    created_at        INTEGER NOT NULL,
    ends_at           INTEGER,
    ended_at          INTEGER,
    appealed_decision BLOB,
    appeal_state      TEXT    NOT NULL,
    appeal_deadline   INTEGER,
    appeal_text       BLOB    NOT NULL,
    overturned_at     INTEGER,
    UNIQUE (subject, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX decisions_case_id ON decisions (case_id, id);
CREATE INDEX decisions_affected_account ON decisions (affected_account, id);
CREATE INDEX decisions_ends_at ON decisions (ends_at)
    WHERE ended_at IS NULL AND overturned_at IS NULL AND ends_at IS NOT NULL;
CREATE INDEX decisions_created_at ON decisions (created_at);

-- Strikes against an account. A strike counts until `expires_at`, unless its decision was overturned.
CREATE TABLE strikes (
    decision      BLOB    NOT NULL PRIMARY KEY REFERENCES decisions (id),
    account       BLOB    NOT NULL,
    weight        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    overturned_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX strikes_account ON strikes (account, expires_at);
