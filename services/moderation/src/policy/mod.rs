//! Rules of moderation. Pure: all inputs of a rule are parameters.
//!
//! | file | rules |
//! | --- | --- |
//! | `filing` | merging of reports into cases |
//! | `cases` | conflicts of interest, assignment and escalation |
//! | `decisions` | who can decide what, and the changes that a decision makes |
//! | `appeals` | who can appeal what |
//! | `auto_hide` | automatic hiding of reported content |
//! | `risk` | risk score and due time |

mod appeals;
mod auto_hide;
mod cases;
mod decisions;
mod filing;
mod risk;

use std::time::Duration;

use kith_kernel::Timestamp;

pub use self::{
    appeals::{AppealError, appeal, check_appeal},
    auto_hide::{should_hide, text_supports_reason},
    cases::{CaseError, ConflictOfInterest, assign, check_assignment, escalate, has_no_conflict},
    decisions::{
        DecisionChanges, ProposedDecision, check_decision, decide, is_adverse, is_latest_decision, outcome_of,
        resolve_appeal, strike_weight,
    },
    filing::file,
    risk::{WeightedReport, accuracy, due_time, risk, severity, update_risk},
};

/// Duration of an assignment. Afterwards another staff member can take the case.
pub const ASSIGNMENT_TTL: Duration = Duration::from_mins(30);
/// Duration for which a strike counts.
pub const STRIKE_TTL: Duration = Duration::from_hours(90 * 24);
/// Period in which a decision can be appealed: at least six months (Regulation (EU) 2022/2065, article 20).
pub const APPEAL_WINDOW: Duration = Duration::from_hours(180 * 24);
/// Time that staff have to decide an appeal.
pub const APPEAL_DUE: Duration = Duration::from_hours(72);
/// End time of a restriction without an end: 9999-12-31.
pub const NEVER_ENDS: Timestamp = Timestamp::from_millis(253_402_214_400_000);

#[cfg(test)]
mod tests;
