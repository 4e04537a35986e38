-- What staff decide about: all that is reported of one thing until it is decided. `subject` is the id of a thing of
-- `kind`; `concerned` is the account behind `persona`. `reasons` are words, the gravest first. Of one thing, one case is
-- open.
CREATE TABLE cases (
    id           UUID        NOT NULL,
    kind         TEXT        NOT NULL,
    subject      UUID        NOT NULL,
    concerned    UUID,
    persona      UUID,
    circle       UUID,
    origin       TEXT        NOT NULL,
    state        TEXT        NOT NULL,
    escalated_at TIMESTAMPTZ,
    hidden_at    TIMESTAMPTZ,
    reports      BIGINT      NOT NULL,
    reasons      TEXT        NOT NULL,
    risk         BIGINT      NOT NULL,
    holder       UUID,
    held_until   TIMESTAMPTZ,
    opened_at    TIMESTAMPTZ NOT NULL,
    due_at       TIMESTAMPTZ NOT NULL,
    decided_at   TIMESTAMPTZ,
    version      BIGINT      NOT NULL,
    CONSTRAINT cases_id PRIMARY KEY (id)
);
CREATE UNIQUE INDEX cases_subject ON cases (subject) WHERE decided_at IS NULL;
CREATE INDEX cases_queue ON cases (state, risk DESC, id);
CREATE INDEX cases_concerned ON cases (concerned, id);
CREATE INDEX cases_about ON cases (subject, id);

-- What something said when it was reported, sealed. Nothing changes it.
CREATE TABLE evidence (
    id       UUID        NOT NULL,
    case_id  UUID        NOT NULL,
    taken_at TIMESTAMPTZ NOT NULL,
    sealed   BYTEA       NOT NULL,
    CONSTRAINT evidence_id PRIMARY KEY (id),
    CONSTRAINT evidence_of_cases FOREIGN KEY (case_id) REFERENCES cases (id)
);
CREATE INDEX evidence_case_id ON evidence (case_id, id);

-- Who reported what, and why. `words` are sealed. None is without evidence.
CREATE TABLE reports (
    id         UUID        NOT NULL,
    case_id    UUID        NOT NULL,
    evidence   UUID        NOT NULL,
    kind       TEXT        NOT NULL,
    subject    UUID        NOT NULL,
    reporter   UUID        NOT NULL,
    reason     TEXT        NOT NULL,
    words      BYTEA       NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    outcome    TEXT,
    CONSTRAINT reports_id PRIMARY KEY (id),
    CONSTRAINT reports_of_cases FOREIGN KEY (case_id) REFERENCES cases (id),
    CONSTRAINT reports_of_evidence FOREIGN KEY (evidence) REFERENCES evidence (id),
    CONSTRAINT reports_reporter UNIQUE (case_id, reporter)
);
CREATE INDEX reports_mine ON reports (reporter, id);

-- What was decided. Of one thing, the last row by `turn` with a `measure` says whether it is there. `decider` is null
-- for what happens by itself; `about` is the decision that this one upholds or overturns. `statement` and `appeal_words`
-- are sealed.
CREATE TABLE decisions (
    id           UUID        NOT NULL,
    case_id      UUID        NOT NULL,
    kind         TEXT        NOT NULL,
    subject      UUID        NOT NULL,
    turn         BIGINT      NOT NULL,
    concerned    UUID,
    decider      UUID,
    action       TEXT        NOT NULL,
    measure      TEXT,
    rule         TEXT        NOT NULL,
    statement    BYTEA       NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    ends_at      TIMESTAMPTZ,
    about        UUID,
    appeal       TEXT        NOT NULL,
    appeal_until TIMESTAMPTZ,
    appeal_words BYTEA       NOT NULL,
    undone_at    TIMESTAMPTZ,
    ended_at     TIMESTAMPTZ,
    CONSTRAINT decisions_id PRIMARY KEY (id),
    CONSTRAINT decisions_of_cases FOREIGN KEY (case_id) REFERENCES cases (id),
    CONSTRAINT decisions_turn UNIQUE (subject, turn)
);
CREATE INDEX decisions_case_id ON decisions (case_id, id);
CREATE INDEX decisions_concerned ON decisions (concerned, id);
CREATE INDEX decisions_ends_at ON decisions (ends_at) WHERE ended_at IS NULL AND undone_at IS NULL AND ends_at IS NOT NULL;
CREATE INDEX decisions_created_at ON decisions (created_at);

-- What counts against somebody until `ends_at`, unless it was undone.
CREATE TABLE strikes (
    decision   UUID        NOT NULL,
    account    UUID        NOT NULL,
    weight     BIGINT      NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    ends_at    TIMESTAMPTZ NOT NULL,
    undone_at  TIMESTAMPTZ,
    CONSTRAINT strikes_decision PRIMARY KEY (decision),
    CONSTRAINT strikes_of_decisions FOREIGN KEY (decision) REFERENCES decisions (id)
);
CREATE INDEX strikes_account ON strikes (account, ends_at);

-- Until when an account may read, and write nothing but an SOS.
ALTER TABLE accounts ADD COLUMN muted_until TIMESTAMPTZ;
