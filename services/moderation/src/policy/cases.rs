//! Conflicts of interest, assignment and escalation.

use kith_kernel::{Timestamp, UserId, actor::Role};

use super::ASSIGNMENT_TTL;
use crate::domain::{Assignment, Case, CaseState};

/// Reason for rejecting an action of a staff member on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The case does not wait for a decision.
    #[error("case is not open")]
    NotOpen,
    /// The case is escalated and the caller is not an admin.
    #[error("case is escalated to admins")]
    Escalated,
    /// The caller made the decision that is appealed.
    #[error("the original decider cannot decide the appeal")]
    OwnDecision,
    /// Another staff member has the assignment.
    #[error("case is assigned to another moderator")]
    AssignedToOther,
    /// The caller has no assignment, or it has expired.
    #[error("case is not assigned to you")]
    NotAssigned,
    /// The action does not apply to the subject, origin or state of the case.
    #[error("action is not allowed in this case state")]
    ActionNotAllowed,
    /// A restrictive action lacks the rule or the statement, or the decision on an appeal lacks the statement.
    #[error("rule and statement are required")]
    StatementRequired,
    /// The end time is missing, in the past, or not applicable.
    #[error("end time must be in the future or unset")]
    InvalidEnd,
}

/// Interests of a staff member in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConflictOfInterest {
    /// The staff member is one of the reporters.
    pub has_reported: bool,
    /// The staff member is a keeper of the circle that the case is in or about.
    pub is_circle_keeper: bool,
}

/// Returns true if the staff member can see the case: they are not the affected account, not a reporter and not a
/// keeper of the circle.
#[must_use]
pub fn has_no_conflict(staff: UserId, case: &Case, conflict: ConflictOfInterest) -> bool {
    case.affected_account != Some(staff) && !conflict.has_reported && !conflict.is_circle_keeper
}

/// Checks that a staff member can take the case now. `decided_by` is the decider of the appealed decision.
///
/// # Errors
/// The rule that rejects it.
pub fn check_assignment(
    staff: UserId,
    role: Role,
    case: &Case,
    decided_by: Option<UserId>,
    now: Timestamp,
) -> Result<(), CaseError> {
    match case.state {
        CaseState::Appealed if decided_by == Some(staff) => return Err(CaseError::OwnDecision),
        CaseState::Open | CaseState::Appealed => {}
        CaseState::Decided | CaseState::AppealDecided => return Err(CaseError::NotOpen),
    }
    if case.escalated_at.is_some() && role != Role::Admin {
        return Err(CaseError::Escalated);
    }
    match case.active_assignment(now) {
        Some(assignment) if assignment.assignee != staff => Err(CaseError::AssignedToOther),
        Some(_) | None => Ok(()),
    }
}

/// Assigns the case to a staff member. A renewal keeps the version.
#[must_use]
pub fn assign(case: &Case, staff: UserId, now: Timestamp) -> Case {
    let is_renewal = case.assignment.is_some_and(|assignment| assignment.assignee == staff);
    Case {
        assignment: Some(Assignment { assignee: staff, until: now.after(ASSIGNMENT_TTL) }),
        version: if is_renewal { case.version } else { case.version.saturating_add(1) },
        ..case.clone()
    }
}

/// Escalates the case to admins and ends its assignment. A case that is already escalated keeps the time.
#[must_use]
pub fn escalate(case: &Case, now: Timestamp) -> Case {
    Case {
        escalated_at: case.escalated_at.or(Some(now)),
        assignment: None,
        version: case.version.saturating_add(1),
        ..case.clone()
    }
}
