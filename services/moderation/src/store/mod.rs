//! Storage of reports, cases, decisions, appeals and strikes.
//!
//! Every promise below has a contract case in `tests/it/store/` that runs on every adapter.

mod sql;

use std::collections::HashMap;

use async_trait::async_trait;
use kith_kernel::{CaseId, Cursor, Event, ReportId, Timestamp, UserId, audit::AuditEntry};
use kith_storage::StoreResult;
use uuid::Uuid;

pub use self::sql::Sql;
use crate::domain::{
    Case, CaseContext, CaseState, ContentOutcome, Decision, FilingState, NewFiling, Report, ReportOutcome,
    ReporterRecord, RiskInputs, SealedEvidence, Strike, Subject,
};

/// Store of this slice.
pub trait Store: CaseStore + DecisionStore + CaseLocks {}

impl<S: CaseStore + DecisionStore + CaseLocks> Store for S {}

/// Changes of cases: lock, decide, save.
///
/// Every method locks the subject and loads the state on which the change depends. The caller decides with a rule of
/// [`policy`](crate::policy) and saves the result. Changes of one subject are serialized. Between lock and save the
/// caller must not await anything else: in SQLite the lock excludes all other writes.
#[async_trait]
pub trait CaseLocks: Send + Sync {
    /// Locks the subject of a filing. An event counts as filed once the result is saved.
    async fn lock_filing(&self, filing: &NewFiling) -> StoreResult<Locked<FilingState>>;

    /// Locks the subject of a case, for assignment, escalation, decision and appeal.
    async fn lock_case(&self, case: CaseId) -> StoreResult<Option<Locked<CaseContext>>>;

    /// Locks the subject of a case, for an update of its risk at `now`.
    async fn lock_risk(&self, case: CaseId, now: Timestamp) -> StoreResult<Option<Locked<(Case, RiskInputs)>>>;
}

/// State loaded under the lock of its subject. Dropping it releases the lock and changes nothing.
pub struct Locked<S> {
    pub state: S,
    unit: Box<dyn UnitOfWork>,
}

impl<S> Locked<S> {
    pub(crate) fn new(state: S, unit: Box<dyn UnitOfWork>) -> Self {
        Self { state, unit }
    }

    /// Saves the changes with their events and audit entries in one transaction and releases the lock.
    ///
    /// # Errors
    /// Errors of the store. Nothing is changed then, except after a timeout, when the result is unknown.
    pub async fn save(self, changes: &CaseChanges) -> StoreResult<()> {
        self.unit.save(changes).await
    }
}

/// Transaction that holds the lock of a subject.
#[async_trait]
pub(crate) trait UnitOfWork: Send {
    async fn save(self: Box<Self>, changes: &CaseChanges) -> StoreResult<()>;
}

/// Changes of one case, saved in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseChanges {
    /// Case to insert or to update.
    pub case: Case,
    pub evidence: Option<SealedEvidence>,
    /// New report. It is stored with `evidence`.
    pub report: Option<Report>,
    /// New decision.
    pub decision: Option<Decision>,
    pub strike: Option<Strike>,
    /// Earlier decision whose appeal has changed. Its strike is revoked if it is overturned.
    pub appealed: Option<Decision>,
    /// New outcome of all reports of the case.
    pub report_outcome: Option<ReportOutcome>,
    pub events: Vec<Event>,
    pub audit: Vec<AuditEntry>,
}

impl CaseChanges {
    /// Creates changes that contain only the case.
    #[must_use]
    pub const fn new(case: Case) -> Self {
        Self {
            case,
            evidence: None,
            report: None,
            decision: None,
            strike: None,
            appealed: None,
            report_outcome: None,
            events: Vec::new(),
            audit: Vec::new(),
        }
    }
}

/// Store of reports and cases.
#[async_trait]
pub trait CaseStore: Send + Sync {
    /// Returns up to `limit` other open cases whose risk depends on this case, the highest risk first: cases with a
    /// common reporter, and cases with the same affected account.
    async fn related_cases(&self, case: CaseId, limit: i64) -> StoreResult<Vec<CaseId>>;

    /// Returns a case.
    async fn case(&self, case: CaseId) -> StoreResult<Option<Case>>;

    /// Returns up to `limit` cases in this state after the cursor, by descending risk, then by age. Omits cases that
    /// affect `staff` or that `staff` reported.
    async fn queue(&self, state: CaseState, staff: UserId, after: Option<Cursor>, limit: i64)
    -> StoreResult<Vec<Case>>;

    /// Returns all reports of a case, oldest first.
    async fn reports(&self, case: CaseId) -> StoreResult<Vec<Report>>;

    /// Returns all evidence of a case as captured, oldest first.
    async fn evidence(&self, case: CaseId) -> StoreResult<Vec<SealedEvidence>>;

    /// Returns up to `limit` reports of `reporter` older than `before`, newest first.
    async fn reports_by(&self, reporter: UserId, before: Option<ReportId>, limit: i64) -> StoreResult<Vec<Report>>;

    /// Returns the records of all reporters of a case.
    async fn reporter_records(&self, case: CaseId) -> StoreResult<HashMap<UserId, ReporterRecord>>;

    /// Returns the record of a reporter.
    async fn reporter_record(&self, reporter: UserId) -> StoreResult<ReporterRecord>;

    /// Appends entries to the audit log.
    async fn append_audit(&self, entries: &[AuditEntry]) -> StoreResult<()>;

    /// Returns statistics of the queue.
    async fn stats(&self, now: Timestamp) -> StoreResult<Stats>;
}

/// Store of decisions, appeals and strikes.
#[async_trait]
pub trait DecisionStore: Send + Sync {
    /// Returns a decision.
    async fn decision(&self, decision: Uuid) -> StoreResult<Option<Decision>>;

    /// Returns all decisions of a case, oldest first.
    async fn decisions(&self, case: CaseId) -> StoreResult<Vec<Decision>>;

    /// Returns up to `limit` decisions that affect the account, newest first.
    async fn decisions_about(&self, user: UserId, limit: i64) -> StoreResult<Vec<Decision>>;

    /// Returns up to `limit` decisions of which the account gets a statement, newest first; with `before`, those that
    /// are older than that decision. Decisions about one subject at the same time have a defined order. A dismissal
    /// that the account never noticed is omitted before the limit applies, so that the length of a page does not
    /// disclose it.
    async fn statements(&self, user: UserId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<Decision>>;

    /// Returns the number of cases that affect the account.
    async fn case_count(&self, user: UserId) -> StoreResult<u32>;

    /// Returns the outcome of the newest decision about the subject that has one.
    async fn current_outcome(&self, subject: Subject) -> StoreResult<Option<ContentOutcome>>;

    /// Returns the restrictions in force: for each kind the latest end of all decisions that are neither expired nor
    /// overturned.
    async fn restrictions(&self, user: UserId, now: Timestamp) -> StoreResult<Restrictions>;

    /// Returns the total weight of the active strikes.
    async fn active_strike_weight(&self, user: UserId, now: Timestamp) -> StoreResult<u32>;

    /// Returns the expiry of each active strike, by decision.
    async fn strike_expirations(&self, user: UserId, now: Timestamp) -> StoreResult<HashMap<Uuid, Timestamp>>;

    /// Returns up to `limit` decisions that have expired and are not marked as expired, the earliest end first.
    async fn expired(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<Decision>>;

    /// Marks a decision as expired. Idempotent.
    async fn mark_expired(&self, decision: Uuid, now: Timestamp) -> StoreResult<()>;
}

/// Restrictions in force for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restrictions {
    /// End of the mute. A muted account can write only SOS posts.
    pub muted_until: Option<Timestamp>,
    pub suspended_until: Option<Timestamp>,
}

/// Statistics of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Cases that wait for a decision.
    pub open: u32,
    /// Open cases that are escalated to admins.
    pub escalated: u32,
    /// Open cases whose content is hidden automatically.
    pub hidden: u32,
    /// Open cases whose due time has passed.
    pub overdue: u32,
    /// Cases that wait for a decision on an appeal.
    pub appealed: u32,
    /// Decisions by staff in the last 24 hours.
    pub decided_today: u32,
    /// Decisions overturned in the last 30 days.
    pub overturned: u32,
    /// Opening time of the oldest open case.
    pub oldest: Option<Timestamp>,
}
