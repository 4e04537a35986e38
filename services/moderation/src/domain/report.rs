//! A report, and what somebody's reports were worth.

use kith_kernel::{CaseId, ReportId, Timestamp, UserId};

use super::{Reason, Subject, words};

/// Somebody said that something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub id: ReportId,
    /// What it led to.
    pub case: CaseId,
    /// Who. Nobody else is ever told.
    pub reporter: UserId,
    /// About what.
    pub subject: Subject,
    /// What is wrong.
    pub reason: Reason,
    /// In their words, sealed.
    pub words: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// What came of it; `None` while it is looked into.
    pub outcome: Option<Outcome>,
}

words! {
    /// What came of a report.
    Outcome {
        /// Something was done.
        Acted = "acted",
        /// Nothing had to be done.
        Dismissed = "dismissed",
    }
}

words! {
    /// How often somebody's reports were right.
    Accuracy {
        /// Seldom.
        Low = "low",
        /// Too few are decided to say.
        New = "new",
        /// Often.
        Medium = "medium",
        /// Nearly always.
        High = "high",
    }
}

/// What came of somebody's reports until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    /// How many led to something.
    pub acted: u32,
    /// How many did not.
    pub dismissed: u32,
}
