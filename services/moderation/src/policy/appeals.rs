//! Appeals.

use kith_kernel::{Timestamp, UserId};

use super::APPEAL_DUE;
use crate::domain::{Appeal, AppealState, Case, CaseState, Decision};

/// Reason for rejecting an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppealError {
    /// The decision does not exist or affects another account.
    #[error("decision not found")]
    NotYours,
    /// The decision is not restrictive.
    #[error("decision cannot be appealed")]
    NotAppealable,
    /// The decision was appealed before.
    #[error("decision was already appealed")]
    AlreadyAppealed,
    /// The appeal window has ended.
    #[error("appeal window is closed")]
    WindowClosed,
}

/// Checks that the user can appeal the decision now.
///
/// # Errors
/// The rule that rejects it.
pub fn check_appeal(user: UserId, decision: &Decision, now: Timestamp) -> Result<(), AppealError> {
    if decision.affected_account != Some(user) {
        return Err(AppealError::NotYours);
    }
    let Some(until) = decision.appeal.until else { return Err(AppealError::NotAppealable) };
    if decision.appeal.state != AppealState::None {
        return Err(AppealError::AlreadyAppealed);
    }
    if now >= until { Err(AppealError::WindowClosed) } else { Ok(()) }
}

/// Appeals a decision: the decision gets the text, and its case waits for another decision.
///
/// # Errors
/// The rule that rejects it.
pub fn appeal(
    user: UserId,
    case: &Case,
    decision: &Decision,
    text: Vec<u8>,
    now: Timestamp,
) -> Result<(Case, Decision), AppealError> {
    check_appeal(user, decision, now)?;
    if case.state != CaseState::Decided {
        return Err(AppealError::AlreadyAppealed);
    }
    let case = Case {
        state: CaseState::Appealed,
        assignment: None,
        due_at: now.after(APPEAL_DUE),
        version: case.version.saturating_add(1),
        ..case.clone()
    };
    let appeal = Appeal { state: AppealState::Open, until: decision.appeal.until, text };
    Ok((case, Decision { appeal, ..decision.clone() }))
}
