-- Moderation cases. A case collects the reports about one subject until it is decided; a subject has one undecided
-- case at most. `subject` is the id of an object of `subject_kind`. `affected_account` is the account of `persona`.
-- `reasons` are separated by spaces, the most severe first. `reach` is the number of posts and responses around the
-- subject at the time of the last report; it is an input of `risk`, which is computed again when more is known about
-- the reporters.
CREATE TABLE cases (
    id               UUID        NOT NULL,
    subject_kind     TEXT        NOT NULL,
    subject          UUID        NOT NULL,
    affected_account UUID,
    persona          UUID,
    circle           UUID,
    origin           TEXT        NOT NULL,
    state            TEXT        NOT NULL,
    escalated_at     TIMESTAMPTZ,
    hidden_at        TIMESTAMPTZ,
    report_count     BIGINT      NOT NULL,
    reasons          TEXT        NOT NULL,
    reach            BIGINT      NOT NULL DEFAULT 0,
    risk             BIGINT      NOT NULL,
    assignee         UUID,
    assigned_until   TIMESTAMPTZ,
    opened_at        TIMESTAMPTZ NOT NULL,
    due_at           TIMESTAMPTZ NOT NULL,
    decided_at       TIMESTAMPTZ,
    version          BIGINT      NOT NULL,
    CONSTRAINT cases_id PRIMARY KEY (id)
);
CREATE UNIQUE INDEX cases_subject ON cases (subject) WHERE decided_at IS NULL;
CREATE INDEX cases_queue ON cases (state, risk DESC, id);
CREATE INDEX cases_affected_account ON cases (affected_account, id);
CREATE INDEX cases_subject_id ON cases (subject, id);

-- Snapshots of the subject, captured when it was reported. `snapshot` is encrypted. Rows are never changed.
CREATE TABLE evidence (
    id          UUID        NOT NULL,
    case_id     UUID        NOT NULL,
    captured_at TIMESTAMPTZ NOT NULL,
    snapshot    BYTEA       NOT NULL,
    CONSTRAINT evidence_id PRIMARY KEY (id),
    CONSTRAINT evidence_case_id_fkey FOREIGN KEY (case_id) REFERENCES cases (id)
);
CREATE INDEX evidence_case_id ON evidence (case_id, id);

-- Reports by users, each with its evidence. `comment` is encrypted. `outcome` is null until the case is decided.
CREATE TABLE reports (
    id           UUID        NOT NULL,
    case_id      UUID        NOT NULL,
    evidence     UUID        NOT NULL,
    subject_kind TEXT        NOT NULL,
    subject      UUID        NOT NULL,
    reporter     UUID        NOT NULL,
    reason       TEXT        NOT NULL,
    comment      BYTEA       NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    outcome      TEXT,
    CONSTRAINT reports_id PRIMARY KEY (id),
    CONSTRAINT reports_reporter UNIQUE (case_id, reporter),
    CONSTRAINT reports_case_id_fkey FOREIGN KEY (case_id) REFERENCES cases (id),
    CONSTRAINT reports_evidence_fkey FOREIGN KEY (evidence) REFERENCES evidence (id)
);
CREATE INDEX reports_reporter_id ON reports (reporter, id);
CREATE INDEX reports_undecided ON reports (reporter, case_id) WHERE outcome IS NULL;

-- Decisions. `sequence` numbers the decisions about one subject: the last one with a `content_outcome` determines
-- whether the subject is visible. `decider` is null for automatic decisions. `appealed_decision` is the decision that
-- this one upholds or overturns. `ends_at` is the end of a restriction, `ended_at` the time at which it was lifted.
-- `statement` and `appeal_text` are encrypted.
CREATE TABLE decisions (
    id                UUID        NOT NULL,
    case_id           UUID        NOT NULL,
    subject_kind      TEXT        NOT NULL,
    subject           UUID        NOT NULL,
    sequence          BIGINT      NOT NULL,
    affected_account  UUID,
    decider           UUID,
    action            TEXT        NOT NULL,
    content_outcome   TEXT,
    rule              TEXT        NOT NULL,
    statement         BYTEA       NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL,
    ends_at           TIMESTAMPTZ,
    ended_at          TIMESTAMPTZ,
    appealed_decision UUID,
    appeal_state      TEXT        NOT NULL,
    appeal_deadline   TIMESTAMPTZ,
    appeal_text       BYTEA       NOT NULL,
    overturned_at     TIMESTAMPTZ,
    CONSTRAINT decisions_id PRIMARY KEY (id),
    CONSTRAINT decisions_sequence UNIQUE (subject, sequence),
    CONSTRAINT decisions_case_id_fkey FOREIGN KEY (case_id) REFERENCES cases (id)
);
CREATE INDEX decisions_case_id ON decisions (case_id, id);
CREATE INDEX decisions_affected_account ON decisions (affected_account, id);
CREATE INDEX decisions_ends_at ON decisions (ends_at)
    WHERE ended_at IS NULL AND overturned_at IS NULL AND ends_at IS NOT NULL;
CREATE INDEX decisions_created_at ON decisions (created_at);

-- Strikes against an account. A strike counts until `expires_at`, unless its decision was overturned.
CREATE TABLE strikes (
    decision      UUID        NOT NULL,
    account       UUID        NOT NULL,
    weight        BIGINT      NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    expires_at    TIMESTAMPTZ NOT NULL,
    overturned_at TIMESTAMPTZ,
    CONSTRAINT strikes_decision PRIMARY KEY (decision),
    CONSTRAINT strikes_decision_fkey FOREIGN KEY (decision) REFERENCES decisions (id)
);
CREATE INDEX strikes_account ON strikes (account, expires_at);
