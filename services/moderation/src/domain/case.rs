//! Cases of the moderation queue.

use kith_kernel::{CaseId, CircleId, PersonaId, Timestamp, UserId};

use super::{AppealState, Decision, Reason, Report, Subject, text_enum};

/// A case: all reports of one subject until it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub id: CaseId,
    pub subject: Subject,
    /// Account that the case is about: the author, the owner of the persona, or the owner of the circle. `None` for a
    /// circle without an owner.
    pub affected_account: Option<UserId>,
    /// Persona under which the affected account appears in the subject.
    pub persona: Option<PersonaId>,
    /// Circle that contains the subject, or the subject itself if it is a circle.
    pub circle: Option<CircleId>,
    pub origin: Origin,
    pub state: CaseState,
    /// Time of the escalation. From then on only admins can act on the case.
    pub escalated_at: Option<Timestamp>,
    /// Time at which the content was hidden automatically, until the case is decided.
    pub hidden_at: Option<Timestamp>,
    pub report_count: u32,
    /// Distinct reasons of the reports, the most severe first.
    pub reasons: Vec<Reason>,
    /// Number of context items of the subject at the time of the last filing.
    pub reach: u32,
    /// Risk score. The queue is ordered by it.
    pub risk: u32,
    /// Latest assignment, which may have expired. [`Case::active_assignment`] checks that.
    pub assignment: Option<Assignment>,
    pub opened_at: Timestamp,
    /// Time by which the case should be decided.
    pub due_at: Timestamp,
    /// Time of the latest decision.
    pub decided_at: Option<Timestamp>,
    /// Incremented by every change that a decision depends on.
    pub version: i64,
}

impl Case {
    /// Returns the assignment if it has not expired at `now`.
    #[must_use]
    pub fn active_assignment(&self, now: Timestamp) -> Option<Assignment> {
        self.assignment.filter(|assignment| assignment.until > now)
    }

    /// Returns the version as an entity tag, opaque to clients.
    #[must_use]
    pub fn etag(&self) -> String {
        self.version.to_string()
    }
}

/// A case with the state on which its decision depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseContext {
    pub case: Case,
    /// Decisions of the case, oldest first.
    pub decisions: Vec<Decision>,
    /// Reports of the case, oldest first.
    pub reports: Vec<Report>,
    /// Case of the newest decision with an effect on the subject.
    pub latest_outcome: Option<CaseId>,
}

impl CaseContext {
    /// Returns the decision under appeal, if the case is appealed.
    #[must_use]
    pub fn appealed_decision(&self) -> Option<&Decision> {
        let is_appealed = self.case.state == CaseState::Appealed;
        self.decisions.iter().find(|decision| is_appealed && decision.appeal.state == AppealState::Open)
    }
}

/// Exclusive, time-limited right of a staff member to decide a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    pub assignee: UserId,
    /// Expiry, unless renewed.
    pub until: Timestamp,
}

text_enum! {
    /// Cause of a case.
    Origin {
        /// A user reported the subject.
        Report = "report",
        /// Crisis language was detected: the author may be in danger.
        Crisis = "crisis",
        /// The content screen held the text.
        Screen = "screen",
    }
}

text_enum! {
    /// Progress of a case.
    CaseState {
        /// The case waits for a decision.
        Open = "open",
        /// The case is decided. The decision may be appealable.
        Decided = "decided",
        /// The case waits for a decision on an appeal.
        Appealed = "appealed",
        /// The appeal is decided; the case is final.
        AppealDecided = "appeal_decided",
    }
}
