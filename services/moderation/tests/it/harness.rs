//! Test harness: a store with outbox, a manual clock and stubs of the other slices.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Actor, CaseId, Clock as _, Delivery, Event, EventPayload, Moderator, PageTokenCodec, PortError, PostId,
    SystemClock, SystemEntropy, Timestamp, actor::Role, ports::EventHandler as _,
};
use kith_moderation::{
    DecisionEnforcer, EventHandler, EvidenceCipher, ExpireSanctions, Service,
    domain::{Action, Case, CaseState, Decision, Reason, Report, Subject},
    policy::ProposedDecision,
    service::{AccountStanding, ReportIntake},
    store::{Sql, Store},
};
use kith_storage::{
    Outbox, Relay, StoreResult, sql,
    sql::{Database, Engine, SqlOutbox, SqlTimestamp},
};
use kith_testkit::{ManualClock, RecordingBus, member};

use crate::stubs::StubSlices;

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) slices: Arc<StubSlices>,
    outbox: Arc<dyn Outbox>,
    rows: Arc<dyn Rows>,
    /// Owner of the database; dropped last.
    _database_guard: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn sqlite() -> Harness {
    let file = kith_testkit::sqlite_database().await;
    let database = (*file).clone();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness {
        store: Arc::new(Sql::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database.clone(), clock.clone())),
        rows: Arc::new(SqlRows { database }),
        clock,
        slices: Arc::default(),
        _database_guard: Box::new(file),
    }
}

pub(crate) async fn postgres() -> Harness {
    let server = kith_testkit::postgres_database().await;
    let database = (*server).clone();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness {
        store: Arc::new(Sql::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database.clone(), clock.clone())),
        rows: Arc::new(SqlRows { database }),
        clock,
        slices: Arc::default(),
        _database_guard: Box::new(server),
    }
}

/// Direct queries for data that the store does not return.
#[async_trait]
trait Rows: Send + Sync {
    async fn audit_log(&self) -> StoreResult<Vec<(String, String)>>;

    async fn stored_texts(&self) -> StoreResult<Vec<Vec<u8>>>;

    async fn row_counts(&self) -> StoreResult<[i64; 5]>;

    async fn timers(&self) -> StoreResult<Vec<(String, SqlTimestamp)>>;
}

struct SqlRows<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl Rows for SqlRows<Db> {
    async fn audit_log(&self) -> StoreResult<Vec<(String, String)>> {
        let select = "SELECT action, subject FROM audit_log ORDER BY position";
        Ok(sqlx::query_as(select).fetch_all(self.database.reader()).await?)
    }

    async fn stored_texts(&self) -> StoreResult<Vec<Vec<u8>>> {
        let select = "SELECT snapshot FROM evidence UNION ALL SELECT comment FROM reports
             UNION ALL SELECT statement FROM decisions UNION ALL SELECT appeal_text FROM decisions";
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(select).fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(|(bytes,)| bytes).collect())
    }

    async fn timers(&self) -> StoreResult<Vec<(String, SqlTimestamp)>> {
        let select = "SELECT timer_key, due_at FROM timers WHERE handler = 'expire-sanctions' ORDER BY due_at";
        Ok(sqlx::query_as(select).fetch_all(self.database.reader()).await?)
    }

    async fn row_counts(&self) -> StoreResult<[i64; 5]> {
        let select = "SELECT (SELECT COUNT(*) FROM cases), (SELECT COUNT(*) FROM reports),
             (SELECT COUNT(*) FROM evidence), (SELECT COUNT(*) FROM decisions), (SELECT COUNT(*) FROM strikes)";
        let (cases, reports, evidence, decisions, strikes) =
            sqlx::query_as(select).fetch_one(self.database.reader()).await?;
        Ok([cases, reports, evidence, decisions, strikes])
    }
}

pub(crate) fn hours(hours: u64) -> std::time::Duration {
    std::time::Duration::from_hours(hours)
}

impl Harness {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn enforcer(&self) -> Arc<DecisionEnforcer> {
        Arc::new(DecisionEnforcer {
            store: self.store.clone(),
            contents: self.slices.clone(),
            circles: self.slices.clone(),
            accounts: self.slices.clone(),
            mutes: self.slices.clone(),
            clock: self.clock.clone(),
        })
    }

    fn cipher() -> EvidenceCipher {
        EvidenceCipher { encryption: kith_testkit::test_encryption() }
    }

    fn intake(&self) -> Arc<ReportIntake> {
        Arc::new(ReportIntake {
            store: self.store.clone(),
            enforcer: self.enforcer(),
            contents: self.slices.clone(),
            personas: self.slices.clone(),
            accounts: self.slices.clone(),
            blocks: self.slices.clone(),
            membership: self.slices.clone(),
            circles: self.slices.clone(),
            cipher: Self::cipher(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
        })
    }

    pub(crate) fn service(&self) -> Service {
        Service {
            store: self.store.clone(),
            enforcer: self.enforcer(),
            intake: self.intake(),
            circles: self.slices.clone(),
            cipher: Self::cipher(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            page_tokens: Arc::new(PageTokenCodec::new(&[7; 32])),
        }
    }

    pub(crate) fn event_handler(&self) -> EventHandler {
        EventHandler {
            store: self.store.clone(),
            intake: self.intake(),
            enforcer: self.enforcer(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) async fn handle(&self, event: &Event) -> Result<(), PortError> {
        self.event_handler().handle(&Delivery::from(event.clone())).await
    }

    pub(crate) fn expire_sanctions(&self) -> ExpireSanctions {
        ExpireSanctions { store: self.store.clone(), enforcer: self.enforcer(), clock: self.clock.clone() }
    }

    /// Creates an account.
    pub(crate) fn member(&self) -> Actor {
        let actor = member();
        self.slices.add_account(&actor);
        actor
    }

    pub(crate) fn moderator(&self) -> Moderator {
        let actor = Actor { role: Role::Moderator, ..self.member() };
        actor.moderator().unwrap()
    }

    pub(crate) fn admin(&self) -> Moderator {
        let actor = Actor { role: Role::Admin, ..self.member() };
        actor.moderator().unwrap()
    }

    pub(crate) async fn report(&self, by: &Actor, post: PostId, reason: Reason) -> Report {
        self.service().report(by, Subject::Post(post), reason, "look at this", None).await.unwrap()
    }

    pub(crate) async fn case(&self, case: CaseId) -> Case {
        self.store.case(case).await.unwrap().unwrap()
    }

    /// Assigns a case and decides it.
    pub(crate) async fn decide(&self, staff: &Moderator, case: CaseId, action: Action) -> Decision {
        let assigned = self.service().assign(staff, case).await.unwrap();
        let proposal = self.proposal(action);
        self.service().decide(staff, case, &assigned.etag(), &proposal, None).await.unwrap().1
    }

    pub(crate) fn proposal(&self, action: Action) -> ProposedDecision {
        let has_end = matches!(action, Action::Mute | Action::Suspend);
        ProposedDecision {
            action,
            rule: "be-kind".into(),
            statement: "It broke the rule.".into(),
            until: has_end.then(|| self.now().after(hours(24))),
        }
    }

    pub(crate) async fn open_cases(&self, staff: &Moderator) -> Vec<Case> {
        self.service().queue(staff, CaseState::Open, kith_kernel::PageSize::MAX, "").await.unwrap().0
    }

    /// Returns the account standing with the largest page of statements.
    pub(crate) async fn account_standing(&self, actor: &Actor) -> AccountStanding {
        self.service().account_standing(actor, kith_kernel::PageSize::MAX, "").await.unwrap()
    }

    /// Returns action and subject of every audit record.
    pub(crate) async fn audit_log(&self) -> Vec<(String, String)> {
        self.rows.audit_log().await.unwrap()
    }

    /// Returns all encrypted texts.
    pub(crate) async fn stored_texts(&self) -> Vec<Vec<u8>> {
        self.rows.stored_texts().await.unwrap()
    }

    /// Returns the number of cases, reports, evidence rows, decisions and strikes.
    /// Scheduled ends of sanctions: decision and time.
    pub(crate) async fn timers(&self) -> Vec<(String, Timestamp)> {
        let timers = self.rows.timers().await.unwrap();
        timers.into_iter().map(|(key, due_at)| (key, due_at.0)).collect()
    }

    pub(crate) async fn row_counts(&self) -> [i64; 5] {
        self.rows.row_counts().await.unwrap()
    }

    /// Relays the outbox and returns the events.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.events()
    }

    pub(crate) async fn published(&self) -> Vec<EventPayload> {
        self.events().await.into_iter().map(|event| event.payload).collect()
    }

    /// Relays the outbox to the event handler.
    pub(crate) async fn handle_events(&self) {
        for event in self.events().await {
            self.handle(&event).await.unwrap();
        }
    }
}
