//! Who may act on what, what orders the queue, what hides at once, and what counts how long. Pure: all that a rule needs
//! is passed in.

mod hiding;
mod risk;

use std::time::Duration;

use kith_kernel::{Timestamp, UserId, actor::Role};

pub use self::{
    hiding::{hides, supports},
    risk::{Voice, accuracy, due, risk, severity},
};
use crate::domain::{Action, AppealState, Case, Decision, Measure, Origin, State};

/// How long a moderator has a case before it is anybody's again.
pub const LEASE: Duration = Duration::from_mins(30);
/// How long a strike counts.
pub const STRIKE: Duration = Duration::from_hours(90 * 24);
/// How long a decision can be appealed: six months at least, by article 20 of Regulation (EU) 2022/2065.
pub const APPEAL: Duration = Duration::from_hours(180 * 24);
/// What stands for no end: 9999-12-31.
pub const FOR_EVER: Timestamp = Timestamp::from_millis(253_402_214_400_000);

/// Why somebody may not do something with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It waits for nothing.
    #[error("this case is not open")]
    NotOpen,
    /// It is left to admins.
    #[error("this case is left to admins")]
    Escalated,
    /// They decided it, and somebody else has to decide on the appeal.
    #[error("somebody else has to decide on an appeal")]
    OwnDecision,
    /// Somebody else has it.
    #[error("somebody else has this case")]
    Held,
    /// They did not take it, or too long ago.
    #[error("take this case before deciding it")]
    NotTaken,
    /// This cannot be done here.
    #[error("this cannot be done in this case")]
    WrongAction,
    /// A rule and a reason have to be named.
    #[error("say which rule was broken, and why")]
    Unexplained,
    /// It has to end, or cannot end then.
    #[error("this needs an end that is to come, or none")]
    WrongEnd,
}

/// What a staff member is to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest {
    /// They reported it.
    pub reported: bool,
    /// They keep the circle that it is in, or about.
    pub keeps_circle: bool,
}

/// Whether a staff member may know of a case: it neither concerns them, nor did they report it, nor do they keep the
/// circle.
#[must_use]
pub fn is_disinterested(staff: UserId, case: &Case, interest: Interest) -> bool {
    case.concerned != Some(staff) && !interest.reported && !interest.keeps_circle
}

/// Whether a staff member may take a case now. `decided_by` is who made the decision that is appealed.
///
/// # Errors
/// Why not.
pub fn may_take(
    staff: UserId,
    role: Role,
    case: &Case,
    decided_by: Option<UserId>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match case.state {
        State::Appealed if decided_by == Some(staff) => return Err(Refusal::OwnDecision),
        State::Open | State::Appealed => {}
        State::Decided | State::Settled => return Err(Refusal::NotOpen),
    }
    if case.escalated_at.is_some() && role != Role::Admin {
        return Err(Refusal::Escalated);
    }
    match case.holder(now) {
        Some(lease) if lease.holder != staff => Err(Refusal::Held),
        Some(_) | None => Ok(()),
    }
}

/// Something that a staff member wants to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What is done.
    pub action: Action,
    /// The rule that was broken.
    pub rule: String,
    /// Why.
    pub statement: String,
    /// When it ends.
    pub until: Option<Timestamp>,
}

/// Whether a staff member may decide so now.
///
/// # Errors
/// Why not.
pub fn may_decide(
    staff: UserId,
    role: Role,
    case: &Case,
    decided_by: Option<UserId>,
    proposal: &Proposal,
    now: Timestamp,
) -> Result<(), Refusal> {
    may_take(staff, role, case, decided_by, now)?;
    if case.holder(now).is_none_or(|lease| lease.holder != staff) {
        return Err(Refusal::NotTaken);
    }
    if !fits(case, proposal.action) {
        return Err(Refusal::WrongAction);
    }
    let needs_words = is_against_somebody(proposal.action) || case.state == State::Appealed;
    let rule_is_missing = is_against_somebody(proposal.action) && proposal.rule.trim().is_empty();
    if rule_is_missing || (needs_words && proposal.statement.trim().is_empty()) {
        return Err(Refusal::Unexplained);
    }
    let end_fits = match proposal.action {
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
    if end_fits { Ok(()) } else { Err(Refusal::WrongEnd) }
}

/// Whether an action belongs to such a case.
fn fits(case: &Case, action: Action) -> bool {
    // Nobody is punished for having been in danger: for that, somebody has to have reported something.
    let only_watched = case.origin == Origin::Watch && case.reports == 0;
    match action {
        Action::Dismiss => case.state == State::Open,
        Action::Restore => case.state == State::Open && case.subject.is_removable(),
        Action::Remove => case.state == State::Open && case.subject.is_removable() && !only_watched,
        Action::Warn | Action::Mute | Action::Suspend | Action::Ban => {
            case.state == State::Open && case.concerned.is_some() && !only_watched
        }
        Action::Uphold | Action::Overturn => case.state == State::Appealed,
        Action::Hold => false,
    }
}

/// Whether somebody is worse off by it, so that they are owed a reason and may appeal.
#[must_use]
pub const fn is_against_somebody(action: Action) -> bool {
    match action {
        Action::Remove | Action::Warn | Action::Mute | Action::Suspend | Action::Ban => true,
        Action::Dismiss | Action::Restore | Action::Hold | Action::Uphold | Action::Overturn => false,
    }
}

/// What becomes of what a case is about. Whatever is done to an author, what they did it for goes; and so does a circle
/// for what is done to who answers for it.
#[must_use]
pub fn measure(case: &Case, action: Action) -> Option<Measure> {
    if !case.subject.is_removable() {
        return None;
    }
    match action {
        Action::Remove | Action::Warn | Action::Mute | Action::Suspend | Action::Ban | Action::Hold => {
            Some(Measure::Removed)
        }
        Action::Restore | Action::Overturn => Some(Measure::Shown),
        // What waits for a look has had it.
        Action::Dismiss => (case.hidden_at.is_some() || case.origin == Origin::Screen).then_some(Measure::Shown),
        Action::Uphold => None,
    }
}

/// How much a decision counts against somebody, while it does.
#[must_use]
pub const fn strike(action: Action) -> Option<u32> {
    match action {
        Action::Remove | Action::Warn => Some(1),
        Action::Mute => Some(2),
        Action::Suspend => Some(3),
        Action::Ban => Some(4),
        Action::Dismiss | Action::Restore | Action::Hold | Action::Uphold | Action::Overturn => None,
    }
}

/// Why a decision cannot be appealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAppeal {
    /// It is about somebody else, or there is none.
    #[error("there is no such decision")]
    NotTheirs,
    /// Nothing in it is against anybody.
    #[error("there is nothing to appeal against")]
    Nothing,
    /// It was appealed already.
    #[error("a decision can be appealed once")]
    Again,
    /// The time for it is over.
    #[error("this can no longer be appealed")]
    Late,
}

/// Whether somebody may appeal against a decision now.
///
/// # Errors
/// Why not.
pub fn may_appeal(user: UserId, decision: &Decision, now: Timestamp) -> Result<(), NoAppeal> {
    if decision.concerned != Some(user) {
        return Err(NoAppeal::NotTheirs);
    }
    let Some(until) = decision.appeal.until else { return Err(NoAppeal::Nothing) };
    if decision.appeal.state != AppealState::None {
        return Err(NoAppeal::Again);
    }
    if now >= until { Err(NoAppeal::Late) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
