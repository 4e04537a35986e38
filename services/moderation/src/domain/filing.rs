//! Filing of reports and of automatic cases.

use std::collections::HashMap;

use kith_kernel::{EventId, Timestamp, UserId};
use uuid::Uuid;

use super::{Case, Decision, Reason, Report, ReporterRecord};

/// Report or automatic case to be filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFiling {
    /// Case to open if the subject has no open case.
    pub case: Case,
    /// `None` for an automatic case.
    pub report: Option<Report>,
    pub evidence: SealedEvidence,
    /// Automatic decision that hides the content until review.
    pub hold: Option<Decision>,
    /// Event that caused an automatic case. Each event is filed once.
    pub event: Option<EventId>,
}

/// Encrypted evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvidence {
    pub id: Uuid,
    /// Time of the capture.
    pub at: Timestamp,
    pub sealed: Vec<u8>,
}

/// Stored state on which the result of a filing depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingState {
    /// Open case of the subject.
    pub open_case: Option<Case>,
    /// True if the event of the filing was filed before.
    pub is_event_filed: bool,
    /// Earlier report with the same id, or by the same reporter in the open case, with its case.
    pub earlier_report: Option<(Report, Case)>,
    /// Risk inputs of the open case, with the record of the new reporter.
    pub risk: RiskInputs,
}

/// Result of a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingResult {
    /// Case after the filing.
    pub case: Case,
    /// Report as stored.
    pub report: Option<Report>,
    pub outcome: FilingOutcome,
    /// Hold, if this filing stores one.
    pub hold: Option<Decision>,
}

/// Relation of a filing to its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilingOutcome {
    /// The filing opened the case.
    Opened,
    /// The case was already open.
    Merged,
    /// The report or the event was filed before. Nothing changes.
    Duplicate,
}

/// Stored data that determines the risk of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RiskInputs {
    /// Reporter and reason of every report of the case.
    pub reports: Vec<(UserId, Reason)>,
    /// Records of the reporters. A missing record is empty.
    pub records: HashMap<UserId, ReporterRecord>,
    /// Number of other cases that pairs of reporters have in common. Reports that led to action do not count, because
    /// agreement on a violation is no sign of collusion.
    pub shared_cases: Vec<(UserId, UserId, u32)>,
    /// Weight of the active strikes of the affected account.
    pub strikes: u32,
}
