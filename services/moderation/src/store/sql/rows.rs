//! Rows, and what they say.

use kith_kernel::{CaseId, CircleId, PersonaId, ReportId, UserId};
use kith_storage::{StoreError, StoreResult, sql::At};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    domain::{
        Action, Appeal, AppealState, Case, Decision, Lease, Measure, Origin, Outcome, Reason, Report, State, Subject,
    },
    store::Evidence,
};

/// What a stored word says.
fn read<T>(known: Option<T>) -> StoreResult<T> {
    known.ok_or_else(|| StoreError::corrupt("a word that this build does not know"))
}

/// A number that is never negative.
pub(super) fn count(number: i64) -> StoreResult<u32> {
    u32::try_from(number).map_err(StoreError::corrupt)
}

/// The words of these reasons, in one column.
pub(super) fn reason_words(reasons: &[Reason]) -> String {
    reasons.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(" ")
}

/// A case.
#[derive(FromRow)]
pub(super) struct CaseRow {
    id: Uuid,
    kind: String,
    subject: Uuid,
    concerned: Option<Uuid>,
    persona: Option<Uuid>,
    circle: Option<Uuid>,
    origin: String,
    state: String,
    escalated_at: Option<At>,
    hidden_at: Option<At>,
    reports: i64,
    reasons: String,
    risk: i64,
    holder: Option<Uuid>,
    held_until: Option<At>,
    opened_at: At,
    due_at: At,
    version: i64,
}

impl CaseRow {
    /// What selects one; a condition follows.
    pub(super) const SELECT: &str = "SELECT id, kind, subject, concerned, persona, circle, origin, state, escalated_at,
            hidden_at, reports, reasons, risk, holder, held_until, opened_at, due_at, version
         FROM cases";

    pub(super) fn into_case(self) -> StoreResult<Case> {
        let lease = self.holder.zip(self.held_until);
        let reasons = self.reasons.split(' ').filter(|word| !word.is_empty());
        Ok(Case {
            id: CaseId::from_uuid(self.id),
            subject: read(Subject::of(&self.kind, self.subject))?,
            concerned: self.concerned.map(UserId::from_uuid),
            persona: self.persona.map(PersonaId::from_uuid),
            circle: self.circle.map(CircleId::from_uuid),
            origin: read(Origin::of(&self.origin))?,
            state: read(State::of(&self.state))?,
            escalated_at: self.escalated_at.map(|at| at.0),
            hidden_at: self.hidden_at.map(|at| at.0),
            reports: count(self.reports)?,
            reasons: reasons.map(|word| read(Reason::of(word))).collect::<StoreResult<_>>()?,
            risk: count(self.risk)?,
            lease: lease.map(|(holder, until)| Lease { holder: UserId::from_uuid(holder), until: until.0 }),
            opened_at: self.opened_at.0,
            due_at: self.due_at.0,
            version: self.version,
        })
    }
}

/// A report.
#[derive(FromRow)]
pub(super) struct ReportRow {
    id: Uuid,
    case_id: Uuid,
    kind: String,
    subject: Uuid,
    reporter: Uuid,
    reason: String,
    words: Vec<u8>,
    created_at: At,
    outcome: Option<String>,
}

impl ReportRow {
    /// What selects one; a condition follows.
    pub(super) const SELECT: &str =
        "SELECT id, case_id, kind, subject, reporter, reason, words, created_at, outcome FROM reports";

    pub(super) fn into_report(self) -> StoreResult<Report> {
        Ok(Report {
            id: ReportId::from_uuid(self.id),
            case: CaseId::from_uuid(self.case_id),
            reporter: UserId::from_uuid(self.reporter),
            subject: read(Subject::of(&self.kind, self.subject))?,
            reason: read(Reason::of(&self.reason))?,
            words: self.words,
            at: self.created_at.0,
            outcome: self.outcome.map(|word| read(Outcome::of(&word))).transpose()?,
        })
    }
}

/// Evidence.
#[derive(FromRow)]
pub(super) struct EvidenceRow {
    id: Uuid,
    taken_at: At,
    sealed: Vec<u8>,
}

impl EvidenceRow {
    pub(super) fn into_evidence(self) -> Evidence {
        Evidence { id: self.id, at: self.taken_at.0, sealed: self.sealed }
    }
}

/// A decision.
#[derive(FromRow)]
pub(super) struct DecisionRow {
    id: Uuid,
    case_id: Uuid,
    kind: String,
    subject: Uuid,
    concerned: Option<Uuid>,
    decider: Option<Uuid>,
    action: String,
    measure: Option<String>,
    rule: String,
    statement: Vec<u8>,
    created_at: At,
    ends_at: Option<At>,
    about: Option<Uuid>,
    appeal: String,
    appeal_until: Option<At>,
    appeal_words: Vec<u8>,
    undone_at: Option<At>,
}

impl DecisionRow {
    /// What selects one; a condition follows.
    pub(super) const SELECT: &str = "SELECT id, case_id, kind, subject, concerned, decider, action, measure, rule,
            statement, created_at, ends_at, about, appeal, appeal_until, appeal_words, undone_at
         FROM decisions";

    pub(super) fn into_decision(self) -> StoreResult<Decision> {
        Ok(Decision {
            id: self.id,
            case: CaseId::from_uuid(self.case_id),
            subject: read(Subject::of(&self.kind, self.subject))?,
            concerned: self.concerned.map(UserId::from_uuid),
            decider: self.decider.map(UserId::from_uuid),
            action: read(Action::of(&self.action))?,
            measure: self.measure.map(|word| read(Measure::of(&word))).transpose()?,
            rule: self.rule,
            statement: self.statement,
            at: self.created_at.0,
            until: self.ends_at.map(|at| at.0),
            about: self.about,
            appeal: Appeal {
                state: read(AppealState::of(&self.appeal))?,
                until: self.appeal_until.map(|at| at.0),
                words: self.appeal_words,
            },
            undone_at: self.undone_at.map(|at| at.0),
        })
    }
}
