//! A case.

use kith_kernel::{CaseId, CircleId, PersonaId, Timestamp, UserId};

use super::{Reason, Subject, words};

/// Something that staff decide about: all that is reported of one thing until it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Which.
    pub id: CaseId,
    /// About what.
    pub subject: Subject,
    /// Whom it concerns: who wrote it, who appears so, or who answers for the circle; nobody where that is nobody.
    pub concerned: Option<UserId>,
    /// As whom they appear there.
    pub persona: Option<PersonaId>,
    /// Where, if in a circle.
    pub circle: Option<CircleId>,
    /// Why there is a case.
    pub origin: Origin,
    /// How far it is.
    pub state: State,
    /// Since when it is left to admins.
    pub escalated_at: Option<Timestamp>,
    /// Since when what it is about is hidden until it is decided.
    pub hidden_at: Option<Timestamp>,
    /// How many reported it.
    pub reports: u32,
    /// What they reported, the gravest first.
    pub reasons: Vec<Reason>,
    /// What orders the queue.
    pub risk: u32,
    /// Who has it. A lease whose time has passed says nothing.
    pub lease: Option<Lease>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it should be decided.
    pub due_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

impl Case {
    /// Who has it now.
    #[must_use]
    pub fn holder(&self, now: Timestamp) -> Option<Lease> {
        self.lease.filter(|lease| lease.until > now)
    }

    /// The version of the case, for whoever read it. Clients read nothing in it.
    #[must_use]
    pub fn etag(&self) -> String {
        self.version.to_string()
    }
}

/// Somebody is at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub holder: UserId,
    /// Until when, unless they renew it.
    pub until: Timestamp,
}

words! {
    /// Why there is a case.
    Origin {
        /// Somebody reported it.
        Report = "report",
        /// Somebody may be in danger, and should not be alone.
        Watch = "watch",
        /// The screen held it.
        Screen = "screen",
    }
}

words! {
    /// How far a case is.
    State {
        /// It waits for a decision.
        Open = "open",
        /// It is decided, and may be appealed.
        Decided = "decided",
        /// It waits for a decision on an appeal.
        Appealed = "appealed",
        /// The appeal is decided.
        Settled = "settled",
    }
}
