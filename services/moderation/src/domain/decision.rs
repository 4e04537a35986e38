//! Decisions, appeals and strikes.

use kith_kernel::{CaseId, Timestamp, UserId};
use uuid::Uuid;

use super::{Subject, text_enum};

/// A decision in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub id: Uuid,
    pub case: CaseId,
    pub subject: Subject,
    pub affected_account: Option<UserId>,
    /// Staff member that decided; `None` for an automatic [`Action::Hold`].
    pub decider: Option<UserId>,
    pub action: Action,
    /// Effect on the subject; `None` if the decision does not change its visibility.
    pub outcome: Option<ContentOutcome>,
    /// Rule that was broken; empty if none was.
    pub rule: String,
    /// Statement of reasons, encrypted.
    pub statement: Vec<u8>,
    pub at: Timestamp,
    /// End of a mute, suspension or ban; `None` if the action has no duration or never ends.
    pub until: Option<Timestamp>,
    /// Decision that this one upholds or overturns.
    pub appeals: Option<Uuid>,
    /// Appeal against this decision.
    pub appeal: Appeal,
    /// Time at which an appeal overturned this decision.
    pub overturned_at: Option<Timestamp>,
}

/// State of the appeal against a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    pub state: AppealState,
    /// Deadline for appealing; `None` if the decision cannot be appealed.
    pub until: Option<Timestamp>,
    /// Text of the appeal, encrypted; empty without an appeal.
    pub text: Vec<u8>,
}

impl Appeal {
    /// Returns the state of a decision that cannot be appealed.
    #[must_use]
    pub const fn not_appealable() -> Self {
        Self { state: AppealState::None, until: None, text: Vec::new() }
    }
}

text_enum! {
    /// Action of a decision.
    Action {
        /// No violation. Content that was hidden automatically becomes visible again.
        Dismiss = "dismiss",
        /// The content is removed; a circle is closed.
        Remove = "remove",
        /// The content becomes visible again, or is released from the screen.
        Restore = "restore",
        /// The content is removed and its author is warned.
        Warn = "warn",
        /// The content is removed and its author can write only SOS posts until the end time.
        Mute = "mute",
        /// The content is removed and its author's account is suspended until the end time.
        Suspend = "suspend",
        /// The content is removed and its author's account is suspended, with or without an end time.
        Ban = "ban",
        /// The content is removed until a moderator has reviewed it. Set automatically when a report is filed; staff cannot
        /// choose it.
        Hold = "hold",
        /// The appealed decision remains in force.
        Uphold = "uphold",
        /// The appealed decision is reversed.
        Overturn = "overturn",
    }
}

/// Restriction of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restriction {
    Mute,
    Suspension,
}

impl Action {
    /// Returns the restriction of the affected account until the end of the decision. A ban is a suspension that may have
    /// no end.
    #[must_use]
    pub const fn restriction(self) -> Option<Restriction> {
        match self {
            Self::Mute => Some(Restriction::Mute),
            Self::Suspend | Self::Ban => Some(Restriction::Suspension),
            Self::Dismiss | Self::Remove | Self::Restore | Self::Warn | Self::Hold | Self::Uphold | Self::Overturn => {
                None
            }
        }
    }
}

text_enum! {
    /// Effect of a decision on its subject. The newest decision with an outcome determines the visibility.
    ContentOutcome {
        /// Visible only to the author, after a removal or an automatic [`Action::Hold`]; a circle is closed.
        Removed = "removed",
        /// Visible to all who may see it; a circle is open.
        Visible = "visible",
    }
}

text_enum! {
    /// Progress of an appeal.
    AppealState {
        /// No appeal was made.
        None = "none",
        /// The appeal waits for a decision by a staff member other than the decider.
        Open = "open",
        /// The decision was upheld.
        Upheld = "upheld",
        /// The decision was overturned.
        Overturned = "overturned",
    }
}

/// Strike against an account. It counts until it expires or its decision is overturned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike {
    pub decision: Uuid,
    pub user: UserId,
    pub weight: u32,
    pub at: Timestamp,
    /// Expiry.
    pub until: Timestamp,
}
