//! Rules of circles: visibility, required roles, and the result of each command. Pure: everything that a rule needs is
//! in the [`DecisionContext`].
//!
//! | file | contents |
//! | --- | --- |
//! | `changes` | the changes that a decision makes, with their log entry and event |
//! | `commands` | commands, the context and the outcome of a decision, and the errors |
//! | `rules` | the rules |

mod changes;
mod commands;
mod rules;

use std::time::Duration;

pub use self::{
    changes::{CircleChanges, CommandResult, InviteChange, changes_for, circle_event},
    commands::{CircleCommand, CircleError, CircleOutcome, CommandRequest, DecisionContext},
    rules::{InviteStatus, decide, ensure_not_closed, is_visible_to, member_role, require_role},
};

/// Time after which a user whose join request was declined can request again.
pub const REJOIN_COOLDOWN: Duration = Duration::from_hours(7 * 24);
/// Maximum number of valid invites of a circle.
pub const MAX_INVITES: u32 = 100;
