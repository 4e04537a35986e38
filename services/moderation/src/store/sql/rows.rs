//! Rows and their conversion.

use kith_kernel::{CaseId, CircleId, PersonaId, ReportId, UserId};
use kith_storage::{StoreError, StoreResult, sql::SqlTimestamp};
use sqlx::FromRow;
use uuid::Uuid;

use crate::domain::{
    Action, Appeal, AppealState, Assignment, Case, CaseState, ContentOutcome, Decision, Origin, Reason, Report,
    ReportOutcome, SealedEvidence, Subject,
};

/// Rejects a text that no variant of the enum has.
fn known<T>(parsed: Option<T>) -> StoreResult<T> {
    parsed.ok_or_else(|| StoreError::corrupt("unknown enum value"))
}

/// Converts a number that is never negative.
pub(super) fn count(number: i64) -> StoreResult<u32> {
    u32::try_from(number).map_err(StoreError::corrupt)
}

/// Joins the reasons for storage in one column.
pub(super) fn join_reasons(reasons: &[Reason]) -> String {
    reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(" ")
}

#[derive(FromRow)]
pub(super) struct CaseRow {
    id: Uuid,
    subject_kind: String,
    subject: Uuid,
    affected_account: Option<Uuid>,
    persona: Option<Uuid>,
    circle: Option<Uuid>,
    origin: String,
    state: String,
    escalated_at: Option<SqlTimestamp>,
    hidden_at: Option<SqlTimestamp>,
    report_count: i64,
    reasons: String,
    reach: i64,
    risk: i64,
    assignee: Option<Uuid>,
    assigned_until: Option<SqlTimestamp>,
    opened_at: SqlTimestamp,
    due_at: SqlTimestamp,
    decided_at: Option<SqlTimestamp>,
    version: i64,
}

impl CaseRow {
    /// Query without its condition.
    pub(super) const SELECT: &str =
        "SELECT id, subject_kind, subject, affected_account, persona, circle, origin, state,
            escalated_at, hidden_at, report_count, reasons, reach, risk, assignee, assigned_until, opened_at, due_at,
            decided_at, version
         FROM cases";

    pub(super) fn into_case(self) -> StoreResult<Case> {
        let assignment = self.assignee.zip(self.assigned_until);
        let reasons = self.reasons.split(' ').filter(|text| !text.is_empty());
        Ok(Case {
            id: CaseId::from_uuid(self.id),
            subject: known(Subject::parse(&self.subject_kind, self.subject))?,
            affected_account: self.affected_account.map(UserId::from_uuid),
            persona: self.persona.map(PersonaId::from_uuid),
            circle: self.circle.map(CircleId::from_uuid),
            origin: known(Origin::parse(&self.origin))?,
            state: known(CaseState::parse(&self.state))?,
            escalated_at: self.escalated_at.map(|at| at.0),
            hidden_at: self.hidden_at.map(|at| at.0),
            report_count: count(self.report_count)?,
            reasons: reasons.map(|text| known(Reason::parse(text))).collect::<StoreResult<_>>()?,
            reach: count(self.reach)?,
            risk: count(self.risk)?,
            assignment: assignment
                .map(|(assignee, until)| Assignment { assignee: UserId::from_uuid(assignee), until: until.0 }),
            opened_at: self.opened_at.0,
            due_at: self.due_at.0,
            decided_at: self.decided_at.map(|at| at.0),
            version: self.version,
        })
    }
}

#[derive(FromRow)]
pub(super) struct ReportRow {
    id: Uuid,
    case_id: Uuid,
    subject_kind: String,
    subject: Uuid,
    reporter: Uuid,
    reason: String,
    comment: Vec<u8>,
    created_at: SqlTimestamp,
    outcome: Option<String>,
}

impl ReportRow {
    /// Query without its condition.
    pub(super) const SELECT: &str =
        "SELECT id, case_id, subject_kind, subject, reporter, reason, comment, created_at, outcome FROM reports";

    pub(super) fn into_report(self) -> StoreResult<Report> {
        Ok(Report {
            id: ReportId::from_uuid(self.id),
            case: CaseId::from_uuid(self.case_id),
            reporter: UserId::from_uuid(self.reporter),
            subject: known(Subject::parse(&self.subject_kind, self.subject))?,
            reason: known(Reason::parse(&self.reason))?,
            comment: self.comment,
            at: self.created_at.0,
            outcome: self.outcome.map(|text| known(ReportOutcome::parse(&text))).transpose()?,
        })
    }
}

#[derive(FromRow)]
pub(super) struct EvidenceRow {
    id: Uuid,
    captured_at: SqlTimestamp,
    snapshot: Vec<u8>,
}

impl EvidenceRow {
    pub(super) fn into_evidence(self) -> SealedEvidence {
        SealedEvidence { id: self.id, at: self.captured_at.0, sealed: self.snapshot }
    }
}

#[derive(FromRow)]
pub(super) struct DecisionRow {
    id: Uuid,
    case_id: Uuid,
    subject_kind: String,
    subject: Uuid,
    affected_account: Option<Uuid>,
    decider: Option<Uuid>,
    action: String,
    content_outcome: Option<String>,
    rule: String,
    statement: Vec<u8>,
    created_at: SqlTimestamp,
    ends_at: Option<SqlTimestamp>,
    appealed_decision: Option<Uuid>,
    appeal_state: String,
    appeal_deadline: Option<SqlTimestamp>,
    appeal_text: Vec<u8>,
    overturned_at: Option<SqlTimestamp>,
}

impl DecisionRow {
    /// Query without its condition.
    pub(super) const SELECT: &str = "SELECT id, case_id, subject_kind, subject, affected_account, decider, action,
            content_outcome, rule, statement, created_at, ends_at, appealed_decision, appeal_state, appeal_deadline,
            appeal_text, overturned_at
         FROM decisions";

    pub(super) fn into_decision(self) -> StoreResult<Decision> {
        Ok(Decision {
            id: self.id,
            case: CaseId::from_uuid(self.case_id),
            subject: known(Subject::parse(&self.subject_kind, self.subject))?,
            affected_account: self.affected_account.map(UserId::from_uuid),
            decider: self.decider.map(UserId::from_uuid),
            action: known(Action::parse(&self.action))?,
            outcome: self.content_outcome.map(|text| known(ContentOutcome::parse(&text))).transpose()?,
            rule: self.rule,
            statement: self.statement,
            at: self.created_at.0,
            until: self.ends_at.map(|at| at.0),
            appeals: self.appealed_decision,
            appeal: Appeal {
                state: known(AppealState::parse(&self.appeal_state))?,
                until: self.appeal_deadline.map(|at| at.0),
                text: self.appeal_text,
            },
            overturned_at: self.overturned_at.map(|at| at.0),
        })
    }
}
