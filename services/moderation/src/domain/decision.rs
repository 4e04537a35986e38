//! A decision, the appeal against it, and the strike that it gives.

use kith_kernel::{CaseId, Timestamp, UserId};
use uuid::Uuid;

use super::{Subject, words};

/// What was decided in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which.
    pub id: Uuid,
    /// In which case.
    pub case: CaseId,
    /// About what.
    pub subject: Subject,
    /// Whom it concerns.
    pub concerned: Option<UserId>,
    /// Who decided; `None` for what happens by itself.
    pub decider: Option<UserId>,
    /// What is done.
    pub action: Action,
    /// What becomes of what it is about, if this says anything about it.
    pub measure: Option<Measure>,
    /// The rule that was broken; empty if none was.
    pub rule: String,
    /// Why, sealed.
    pub statement: Vec<u8>,
    /// When it was decided.
    pub at: Timestamp,
    /// When it ends, if it lasts and ends.
    pub until: Option<Timestamp>,
    /// The decision that this one upholds or overturns.
    pub about: Option<Uuid>,
    /// What the person concerned said to it.
    pub appeal: Appeal,
    /// When it was undone, if it was.
    pub undone_at: Option<Timestamp>,
}

/// What the person concerned said to a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// Whether they said anything, and what came of it.
    pub state: AppealState,
    /// Until when they can; `None` if never.
    pub until: Option<Timestamp>,
    /// In their words, sealed; empty if they did not.
    pub words: Vec<u8>,
}

impl Appeal {
    /// Nothing to appeal against.
    #[must_use]
    pub const fn none() -> Self {
        Self { state: AppealState::None, until: None, words: Vec::new() }
    }
}

words! {
    /// What is done.
    Action {
        /// Nothing. What was hidden meanwhile is back.
        Dismiss = "dismiss",
        /// What it is about is removed.
        Remove = "remove",
        /// What it is about is back, or may be seen now.
        Restore = "restore",
        /// It is removed, and its author is warned.
        Warn = "warn",
        /// It is removed, and for a time its author writes nothing but an SOS.
        Mute = "mute",
        /// It is removed, and for a time its author may do nothing.
        Suspend = "suspend",
        /// It is removed, and its author may do nothing, for a long time or for ever.
        Ban = "ban",
        /// It is hidden until somebody has looked. Nobody decides this: it happens by itself.
        Hold = "hold",
        /// An appeal changes nothing.
        Uphold = "uphold",
        /// An appeal undoes all that was decided.
        Overturn = "overturn",
    }
}

words! {
    /// What becomes of what a case is about. The last word about it holds.
    Measure {
        /// Nobody but its author sees it; a circle is closed.
        Removed = "removed",
        /// It is there; a circle is open.
        Shown = "shown",
    }
}

words! {
    /// Whether somebody asked that a decision be made again.
    AppealState {
        /// Nobody did.
        None = "none",
        /// Somebody else will decide.
        Open = "open",
        /// It stands.
        Upheld = "upheld",
        /// It is undone.
        Overturned = "overturned",
    }
}

/// What a decision counts against somebody, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike {
    /// The decision that gave it.
    pub decision: Uuid,
    /// Against whom.
    pub user: UserId,
    /// How much.
    pub weight: u32,
    /// When.
    pub at: Timestamp,
    /// Until when it counts.
    pub until: Timestamp,
}
