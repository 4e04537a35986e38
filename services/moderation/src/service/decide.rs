//! Decisions.

use kith_kernel::{
    CaseId, Event, EventId, EventPayload, ModerationEvent, Moderator,
    audit::{AuditAction, AuditEntry},
    event::CaseChange,
};
use uuid::Uuid;

use super::Service;
use crate::{
    Error,
    domain::{Action, Case, Decision, Report},
    enforcement::SYSTEM_ACTOR,
    evidence_cipher::SealedColumn,
    policy::{self, DecisionChanges, ProposedDecision},
    store::CaseChanges,
};

impl Service {
    /// Decides a case and enforces the decision before it returns. A repeated call with the same claim returns the same
    /// decision.
    ///
    /// # Errors
    /// [`Error::CaseNotFound`]; [`Error::EtagMismatch`] if the case has changed since the caller read it;
    /// [`Error::Case`].
    pub async fn decide(
        &self,
        staff: &Moderator,
        case: CaseId,
        etag: &str,
        proposal: &ProposedDecision,
        claimed: Option<Uuid>,
    ) -> Result<(Case, Decision), Error> {
        let case = self.find_accessible(staff, case).await?;
        let (now, actor) = (self.clock.now(), staff.actor());
        let id = claimed.unwrap_or_else(|| EventId::new(now, &*self.entropy).uuid());
        let statement = self.cipher.seal(SealedColumn::Statement, id, proposal.statement.trim())?;
        let locked = self.store.lock_case(case.id).await?.ok_or(Error::CaseNotFound)?;
        let context = &locked.state;
        if let Some(existing) = context.decisions.iter().find(|decision| decision.id == id) {
            if existing.decider != Some(actor.user) {
                return Err(Error::EtagMismatch);
            }
            let (case, decision) = (context.case.clone(), existing.clone());
            // Enforcement writes, and in SQLite it would wait for this lock.
            drop(locked);
            self.enforcer.enforce(case.subject, case.affected_account).await?;
            return Ok((case, decision));
        }
        if etag != context.case.etag() {
            return Err(Error::EtagMismatch);
        }
        let decided_by = context.appealed_decision().and_then(|appealed| appealed.decider);
        policy::check_decision(actor.user, actor.role, &context.case, decided_by, proposal, now)?;
        let DecisionChanges { case, decision, strike, appealed, report_outcome } =
            policy::decide(context, actor.user, proposal, id, statement, now);
        let changes = CaseChanges {
            decision: Some(decision.clone()),
            strike,
            appealed,
            report_outcome,
            events: self.events_for(&decision, &context.reports),
            audit: vec![self.decision_entry(staff, &case, &decision)],
            ..CaseChanges::new(case)
        };
        locked.save(&changes).await?;
        let case = changes.case;
        self.enforcer.enforce(case.subject, case.affected_account).await?;
        Ok((case, decision))
    }

    fn decision_entry(&self, staff: &Moderator, case: &Case, decision: &Decision) -> AuditEntry {
        let action = if decision.appeals.is_some() { AuditAction::AppealDecided } else { AuditAction::CaseDecided };
        let detail = format!("decision={} action={}", decision.id, decision.action.as_str());
        self.audit_entry(staff, action, case, detail)
    }

    /// Builds the events of a decision: the change of the case, the statement to the affected account, and the result
    /// for each reporter that was not yet informed.
    fn events_for(&self, decision: &Decision, reports: &[Report]) -> Vec<Event> {
        let change = if decision.action == Action::Overturn { CaseChange::Overturned } else { CaseChange::Decided };
        let mut payloads = vec![EventPayload::Moderation(ModerationEvent::CaseChanged { case: decision.case, change })];
        let issues_statement = match decision.action {
            Action::Remove
            | Action::Restore
            | Action::Warn
            | Action::Mute
            | Action::Suspend
            | Action::Ban
            | Action::Uphold
            | Action::Overturn => true,
            // Content was hidden and is visible again. The author got a statement about the first, so they get one
            // about the second.
            Action::Dismiss => decision.outcome.is_some(),
            Action::Hold => false,
        };
        let affected_account = decision.affected_account.filter(|_| issues_statement);
        payloads
            .extend(affected_account.map(|user| {
                EventPayload::Moderation(ModerationEvent::StatementIssued { user, decision: decision.id })
            }));
        let keeps_outcome = decision.action == Action::Uphold;
        let undecided = reports.iter().filter(|report| !keeps_outcome && report.outcome.is_none());
        let resolved = undecided.map(|report| {
            EventPayload::Moderation(ModerationEvent::ReportResolved { user: report.reporter, report: report.id })
        });
        payloads.extend(resolved);
        payloads.into_iter().map(|payload| Event::new(decision.at, SYSTEM_ACTOR, payload, &*self.entropy)).collect()
    }
}
