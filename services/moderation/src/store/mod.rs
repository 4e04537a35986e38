//! Where reports, cases and decisions are kept.
//!
//! Every promise below has a case in `tests/it/store/`, and every case runs on every adapter.

mod sql;

use std::collections::HashMap;

use async_trait::async_trait;
use kith_kernel::{CaseId, Cursor, Event, EventId, ReportId, Timestamp, UserId, audit::Entry};
use kith_storage::StoreResult;
use uuid::Uuid;

pub use self::sql::Sql;
use crate::domain::{Case, Decision, Lease, Measure, Record, Report, State, Strike, Subject};

/// A store of all that this slice keeps.
pub trait Store: CaseStore + DecisionStore {}

impl<S: CaseStore + DecisionStore> Store for S {}

/// Makes events of what came of a write, within it.
pub type Telling<'a, T> = &'a (dyn for<'t> Fn(&'t T) -> Vec<Event> + Send + Sync);

/// What a store of cases promises.
#[async_trait]
pub trait CaseStore: Send + Sync {
    /// Files a report, or a case that nobody reported, with its evidence: all of it with its events, or nothing. It joins
    /// the open case of its subject, or opens the one that is given; of all who do so at once, one opens it. The risk is
    /// computed anew. If the case is not hidden already, what hides it is decided with it.
    ///
    /// Who has reported in this case gets that report, and nothing is changed; and so does who comes with an event that
    /// was filed before.
    async fn file(&self, filing: &Filing, told: Telling<'_, Filed>) -> StoreResult<Filed>;

    /// Up to `limit` other open cases of which what happened in this one may change the risk, the highest risk first:
    /// those that one of its reporters reported, too, and those about the same person.
    async fn beside(&self, case: CaseId, limit: i64) -> StoreResult<Vec<CaseId>>;

    /// Computes the risk of an open case anew, of all that is known now. It is due sooner by it, or when it was; nothing
    /// else of it changes, and its version stays: what a decision is made on is as it was. Of a case that is not open, or
    /// not there, nothing changes.
    async fn weigh(&self, case: CaseId, now: Timestamp) -> StoreResult<()>;

    /// A case.
    async fn case(&self, case: CaseId) -> StoreResult<Option<Case>>;

    /// Up to `limit` cases of this state behind `after`, the highest risk first, of equals the oldest. None that concerns
    /// `staff` or that they reported.
    async fn queue(&self, state: State, staff: UserId, after: Option<Cursor>, limit: i64) -> StoreResult<Vec<Case>>;

    /// All reports of a case, oldest first.
    async fn reports(&self, case: CaseId) -> StoreResult<Vec<Report>>;

    /// All evidence of a case, oldest first, as it was when it was filed.
    async fn evidence(&self, case: CaseId) -> StoreResult<Vec<Evidence>>;

    /// Up to `limit` reports by `reporter` older than `before`, newest first.
    async fn reported(&self, reporter: UserId, before: Option<ReportId>, limit: i64) -> StoreResult<Vec<Report>>;

    /// What came of the reports of all who reported in a case.
    async fn records(&self, case: CaseId) -> StoreResult<HashMap<UserId, Record>>;

    /// What came of somebody's reports until now.
    async fn record(&self, reporter: UserId) -> StoreResult<Record>;

    /// Gives a case that waits for a decision to somebody until their lease ends, and adds the events and the entries,
    /// all or none; who has it already keeps it, and the version stays. `None`, and no change, while somebody else has it,
    /// or if it waits for nothing. Of all who come at once, one gets it.
    async fn take(&self, case: CaseId, lease: Lease, now: Timestamp, notes: &Notes) -> StoreResult<Option<Case>>;

    /// Leaves a case of this version that waits for a decision to admins, and to nobody in particular, with the events and
    /// the entries. `None`, and no change, if the version is another.
    async fn escalate(&self, case: CaseId, version: i64, now: Timestamp, notes: &Notes) -> StoreResult<Option<Case>>;

    /// Adds these entries to the trail of what staff did. When it returns they are there.
    async fn note(&self, entries: &[Entry]) -> StoreResult<()>;

    /// How the queue stands.
    async fn stats(&self, now: Timestamp) -> StoreResult<Stats>;
}

/// What a store of decisions promises.
#[async_trait]
pub trait DecisionStore: Send + Sync {
    /// Decides a case: the decision, its strike, what came of the reports, the state of the case, the events and the
    /// entries, all or none. A decision about another undoes it if it overturns it, with its strike and what it said of
    /// its reporters; what was written is back by it only if no other case has said something of it since.
    ///
    /// [`Ruled::Stale`], and no change, if the case has another version, or if the decider does not have it now, or if
    /// they made the decision that this one is about. [`Ruled::Again`] if there is a decision of this id already.
    async fn decide(&self, ruling: &Ruling, told: Telling<'_, Vec<Report>>) -> StoreResult<Ruled>;

    /// A decision.
    async fn decision(&self, decision: Uuid) -> StoreResult<Option<Decision>>;

    /// All decisions of a case, oldest first.
    async fn decisions(&self, case: CaseId) -> StoreResult<Vec<Decision>>;

    /// The newest decisions about somebody, up to `limit`, newest first.
    async fn decided_about(&self, user: UserId, limit: i64) -> StoreResult<Vec<Decision>>;

    /// Up to `limit` decisions about somebody that they are told of, newest first, also of one moment about one thing; with
    /// `before`, those behind that one. What came to nothing before they knew of it takes no place: no page says that there
    /// was something.
    async fn statements(&self, user: UserId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<Decision>>;

    /// How many cases there were about somebody.
    async fn cases_about(&self, user: UserId) -> StoreResult<u32>;

    /// The last word about something: the measure of the last decision that has one.
    async fn measure(&self, subject: Subject) -> StoreResult<Option<Measure>>;

    /// What somebody may not do now, and until when: the longest of all that was decided and is neither over nor undone.
    async fn bounds(&self, user: UserId, now: Timestamp) -> StoreResult<Bounds>;

    /// The weight of the strikes that count against somebody now.
    async fn strikes(&self, user: UserId, now: Timestamp) -> StoreResult<u32>;

    /// When each strike ends that counts against somebody now, by its decision.
    async fn strike_ends(&self, user: UserId, now: Timestamp) -> StoreResult<HashMap<Uuid, Timestamp>>;

    /// Keeps somebody's appeal, and lets the case wait for another decision until `due`, with the events. `None`, and no
    /// change, if it was appealed already or cannot be any more: of all who come at once, one appeals.
    async fn appeal(&self, appealing: &Appealing, events: &[Event]) -> StoreResult<Option<Decision>>;

    /// Decisions that have come to their end by themselves, and of which nobody has said so; up to `limit`, the oldest
    /// first.
    async fn ended(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<Decision>>;

    /// Says that a decision has come to its end. Again is no error.
    async fn end(&self, decision: Uuid, now: Timestamp) -> StoreResult<()>;
}

/// Something to be looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// The case, if there is none yet.
    pub case: Case,
    /// What somebody reported, if somebody did.
    pub report: Option<Report>,
    /// What it said.
    pub evidence: Evidence,
    /// What hides it until it is decided, if anything does.
    pub hold: Option<Decision>,
    /// The event that led to it, if it was one: it is filed once.
    pub event: Option<EventId>,
    /// How many pieces stand around it.
    pub reach: u32,
}

/// What something said, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Which.
    pub id: Uuid,
    /// When it was taken.
    pub at: Timestamp,
    /// What it said.
    pub sealed: Vec<u8>,
}

/// What came of filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The case as it is now.
    pub case: Case,
    /// The report as it is kept.
    pub report: Option<Report>,
    /// How it came to that.
    pub how: How,
    /// What hides it from now on, if this filing did.
    pub hold: Option<Decision>,
}

/// How a filing met its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// There was none.
    Opened,
    /// It was open.
    Joined,
    /// It had been filed before.
    Again,
}

/// What is written down beside a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    /// What happened.
    pub events: Vec<Event>,
    /// Who did it.
    pub entries: Vec<Entry>,
}

/// A decision to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The version of the case that it is made on.
    pub version: i64,
    /// The decision.
    pub decision: Decision,
    /// What it counts.
    pub strike: Option<Strike>,
    /// Who did it.
    pub entries: Vec<Entry>,
}

/// What came of deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruled {
    /// It is decided.
    Done(Case, Decision),
    /// It was, by the same decision.
    Again(Case, Decision),
    /// The case is not as the decider knew it.
    Stale,
}

/// An appeal to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appealing {
    /// Against which decision.
    pub decision: Uuid,
    /// By whom.
    pub user: UserId,
    /// In their words, sealed.
    pub words: Vec<u8>,
    /// Now.
    pub now: Timestamp,
    /// When it should be decided.
    pub due: Timestamp,
}

/// What somebody may not do, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// They may write nothing but an SOS.
    pub muted_until: Option<Timestamp>,
    /// They may do nothing.
    pub suspended_until: Option<Timestamp>,
}

/// How the queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Cases that wait for a decision.
    pub open: u32,
    /// Of those, such as are left to admins.
    pub escalated: u32,
    /// Of those, such as hide what they are about.
    pub hidden: u32,
    /// Of those, such as should have been decided by now.
    pub overdue: u32,
    /// Decisions that wait for another.
    pub appealed: u32,
    /// Decisions by people in the last 24 hours.
    pub decided_today: u32,
    /// Decisions that were overturned in the last 30 days.
    pub overturned: u32,
    /// Since when the oldest open case waits.
    pub oldest: Option<Timestamp>,
}
