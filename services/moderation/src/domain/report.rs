//! Reports, and the track record of reporters.

use kith_kernel::{CaseId, ReportId, Timestamp, UserId};

use super::{Reason, Subject, text_enum};

/// A user's report of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub id: ReportId,
    pub case: CaseId,
    /// Reporting user. Never disclosed: staff see an alias, see
    /// [`EvidenceCipher::reporter_alias`](crate::EvidenceCipher::reporter_alias).
    pub reporter: UserId,
    pub subject: Subject,
    pub reason: Reason,
    /// Comment of the reporter, encrypted.
    pub comment: Vec<u8>,
    pub at: Timestamp,
    /// `None` until the case is decided.
    pub outcome: Option<ReportOutcome>,
}

text_enum! {
    /// Result of a report.
    ReportOutcome {
        /// The decision was restrictive.
        ActionTaken = "action_taken",
        /// No action was necessary.
        Dismissed = "dismissed",
    }
}

text_enum! {
    /// Accuracy of a reporter, from the outcomes of earlier reports.
    Accuracy {
        /// Less than 40 % led to action.
        Low = "low",
        /// Fewer than three reports are decided.
        New = "new",
        /// At least 40 % led to action.
        Medium = "medium",
        /// At least 80 % led to action.
        High = "high",
    }
}

/// Number of decided reports of a reporter, by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReporterRecord {
    pub action_taken: u32,
    pub dismissed: u32,
}
