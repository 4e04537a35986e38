//! Who can decide what, and the changes that a decision makes.

use kith_kernel::{Timestamp, UserId, actor::Role};
use uuid::Uuid;

use super::{APPEAL_WINDOW, CaseError, STRIKE_TTL, check_assignment};
use crate::domain::{
    Action, Appeal, AppealState, Case, CaseContext, CaseState, ContentOutcome, Decision, Origin, ReportOutcome, Strike,
};

/// Decision that a staff member proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedDecision {
    pub action: Action,
    /// Rule that was broken; empty if none was.
    pub rule: String,
    /// Statement of reasons.
    pub statement: String,
    /// End of a mute, suspension or ban.
    pub until: Option<Timestamp>,
}

/// Checks that a staff member can decide the case as proposed now.
///
/// # Errors
/// The rule that rejects it.
pub fn check_decision(
    staff: UserId,
    role: Role,
    case: &Case,
    decided_by: Option<UserId>,
    proposal: &ProposedDecision,
    now: Timestamp,
) -> Result<(), CaseError> {
    check_assignment(staff, role, case, decided_by, now)?;
    if case.active_assignment(now).is_none_or(|assignment| assignment.assignee != staff) {
        return Err(CaseError::NotAssigned);
    }
    if !is_action_allowed(case, proposal.action) {
        return Err(CaseError::ActionNotAllowed);
    }
    let requires_statement = is_adverse(proposal.action) || case.state == CaseState::Appealed;
    let rule_is_missing = is_adverse(proposal.action) && proposal.rule.trim().is_empty();
    if rule_is_missing || (requires_statement && proposal.statement.trim().is_empty()) {
        return Err(CaseError::StatementRequired);
    }
    let end_is_valid = match proposal.action {
        Action::Mute | Action::Suspend => proposal.until.is_some_and(|until| until > now),
        Action::Ban => proposal.until.is_none_or(|until| until > now),
        Action::Dismiss
        | Action::Remove
        | Action::Restore
        | Action::Warn
        | Action::Hold
        | Action::Uphold
        | Action::Overturn => proposal.until.is_none(),
    };
    if end_is_valid { Ok(()) } else { Err(CaseError::InvalidEnd) }
}

/// Returns true if the action applies to the subject, origin and state of the case.
fn is_action_allowed(case: &Case, action: Action) -> bool {
    // A case that was opened only for crisis language allows no adverse action: it takes a report.
    let is_crisis_only = case.origin == Origin::Crisis && case.report_count == 0;
    match action {
        Action::Dismiss => case.state == CaseState::Open,
        Action::Restore => case.state == CaseState::Open && case.subject.is_removable(),
        Action::Remove => case.state == CaseState::Open && case.subject.is_removable() && !is_crisis_only,
        Action::Warn | Action::Mute | Action::Suspend | Action::Ban => {
            case.state == CaseState::Open && case.affected_account.is_some() && !is_crisis_only
        }
        Action::Uphold | Action::Overturn => case.state == CaseState::Appealed,
        Action::Hold => false,
    }
}

/// Returns true if the action is adverse to the affected account, which therefore gets a statement of reasons and can
/// appeal.
#[must_use]
pub const fn is_adverse(action: Action) -> bool {
    match action {
        Action::Remove | Action::Warn | Action::Mute | Action::Suspend | Action::Ban => true,
        Action::Dismiss | Action::Restore | Action::Hold | Action::Uphold | Action::Overturn => false,
    }
}

/// Returns the effect of an action on the subject. Every sanction of an author also removes the content, and every
/// sanction of the owner of a reported circle also closes the circle.
#[must_use]
pub fn outcome_of(case: &Case, action: Action) -> Option<ContentOutcome> {
    if !case.subject.is_removable() {
        return None;
    }
    match action {
        Action::Remove | Action::Warn | Action::Mute | Action::Suspend | Action::Ban | Action::Hold => {
            Some(ContentOutcome::Removed)
        }
        Action::Restore | Action::Overturn => Some(ContentOutcome::Visible),
        // The decision is the review that hidden and held content waits for.
        Action::Dismiss => {
            (case.hidden_at.is_some() || case.origin == Origin::Screen).then_some(ContentOutcome::Visible)
        }
        Action::Uphold => None,
    }
}

/// Returns the weight of the strike that an action gives.
#[must_use]
pub const fn strike_weight(action: Action) -> Option<u32> {
    match action {
        Action::Remove | Action::Warn => Some(1),
        Action::Mute => Some(2),
        Action::Suspend => Some(3),
        Action::Ban => Some(4),
        Action::Dismiss | Action::Restore | Action::Hold | Action::Uphold | Action::Overturn => None,
    }
}

/// Changes that a decision makes. They are saved together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionChanges {
    pub case: Case,
    pub decision: Decision,
    pub strike: Option<Strike>,
    /// Appealed decision with the result of the appeal.
    pub appealed: Option<Decision>,
    /// New outcome of all reports of the case; `None` if it does not change.
    pub report_outcome: Option<ReportOutcome>,
}

/// Computes the changes of a decision that [`check_decision`] permits. `statement` is encrypted.
#[must_use]
pub fn decide(
    context: &CaseContext,
    staff: UserId,
    proposal: &ProposedDecision,
    id: Uuid,
    statement: Vec<u8>,
    now: Timestamp,
) -> DecisionChanges {
    let (case, action) = (&context.case, proposal.action);
    let appealed = context.appealed_decision();
    let is_appealable = is_adverse(action) && case.affected_account.is_some();
    let decision = Decision {
        id,
        case: case.id,
        subject: case.subject,
        affected_account: case.affected_account,
        decider: Some(staff),
        action,
        outcome: content_outcome(context, action),
        rule: proposal.rule.trim().to_owned(),
        statement,
        at: now,
        until: proposal.until,
        appeals: appealed.map(|appealed| appealed.id),
        appeal: Appeal { until: is_appealable.then(|| now.after(APPEAL_WINDOW)), ..Appeal::not_appealable() },
        overturned_at: None,
    };
    let strike = strike_weight(action).zip(case.affected_account);
    let strike =
        strike.map(|(weight, user)| Strike { decision: id, user, weight, at: now, until: now.after(STRIKE_TTL) });
    let case = Case {
        state: if appealed.is_some() { CaseState::AppealDecided } else { CaseState::Decided },
        decided_at: Some(now),
        hidden_at: None,
        assignment: None,
        version: case.version.saturating_add(1),
        ..case.clone()
    };
    let appealed = appealed.map(|appealed| resolve_appeal(appealed, &decision));
    DecisionChanges { case, decision, strike, appealed, report_outcome: report_outcome(action) }
}

/// Returns the effect of a decision on the subject. Overturning restores visibility only if the appealed decision had
/// an effect and no other case has decided about the subject since.
fn content_outcome(context: &CaseContext, action: Action) -> Option<ContentOutcome> {
    let has_no_effect = context.appealed_decision().is_some_and(|appealed| appealed.outcome.is_none());
    if has_no_effect || (action == Action::Overturn && !is_latest_decision(context)) {
        return None;
    }
    outcome_of(&context.case, action)
}

/// Returns true if the newest decision with an effect on the subject belongs to this case.
#[must_use]
pub fn is_latest_decision(context: &CaseContext) -> bool {
    context.latest_outcome == Some(context.case.id)
}

/// Returns the appealed decision with the result of the appeal.
#[must_use]
pub fn resolve_appeal(appealed: &Decision, decision: &Decision) -> Decision {
    let is_overturned = decision.action == Action::Overturn;
    let state = if is_overturned { AppealState::Overturned } else { AppealState::Upheld };
    Decision {
        appeal: Appeal { state, ..appealed.appeal.clone() },
        overturned_at: is_overturned.then_some(decision.at),
        ..appealed.clone()
    }
}

/// Returns the outcome of the reports. Upholding a decision keeps their outcome.
const fn report_outcome(action: Action) -> Option<ReportOutcome> {
    match action {
        Action::Uphold => None,
        Action::Remove | Action::Warn | Action::Mute | Action::Suspend | Action::Ban => {
            Some(ReportOutcome::ActionTaken)
        }
        Action::Dismiss | Action::Restore | Action::Hold | Action::Overturn => Some(ReportOutcome::Dismissed),
    }
}
