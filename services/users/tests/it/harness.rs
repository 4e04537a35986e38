//! Test harness: a store of users with its outbox, a manual clock, stub ports and builders.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use kith_kernel::{
    Actor, CircleId, Clock as _, Event, EventPayload, PageTokenCodec, PersonaId, PersonaScope, PortError, SystemClock,
    SystemEntropy, UserId,
    ports::{AuditLog, CircleRole, CredentialLookup, Member, Membership},
};
use kith_storage::{
    Outbox, Relay, StoreResult, sql,
    sql::{Database, Engine, SqlAuditLog, SqlOutbox},
};
use kith_testkit::{ManualClock, RecordingBus, member};
use kith_users::{
    Account, Avatar, EventHandler, Handle, Service,
    adapters::{
        AccountDirectoryAdapter, AccountMutingAdapter, BlockListAdapter, PersonaLookupAdapter, PersonaRegistryAdapter,
        StaffDirectoryAdapter,
    },
    store::{NewAccount, NewPersona, Sql, Store},
};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) audit: Arc<dyn AuditLog>,
    outbox: Arc<dyn Outbox>,
    rows: Arc<dyn RowAccess>,
    /// Deletes the database on drop.
    _storage: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn sqlite() -> Harness {
    let file = kith_testkit::sqlite_database().await;
    let database = (*file).clone();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness {
        store: Arc::new(Sql::new(database.clone())),
        audit: Arc::new(SqlAuditLog::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database.clone(), clock.clone())),
        rows: Arc::new(Rows { database }),
        clock,
        _storage: Box::new(file),
    }
}

pub(crate) async fn postgres() -> Harness {
    let server = kith_testkit::postgres_database().await;
    let database = (*server).clone();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness {
        store: Arc::new(Sql::new(database.clone())),
        audit: Arc::new(SqlAuditLog::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database.clone(), clock.clone())),
        rows: Arc::new(Rows { database }),
        clock,
        _storage: Box::new(server),
    }
}

/// Direct access to rows, for what the store does not offer.
#[async_trait]
trait RowAccess: Send + Sync {
    async fn set_role(&self, user: UserId, role: &str) -> StoreResult<()>;

    /// Returns the sum of the points that the ledger grants.
    async fn granted(&self, user: UserId) -> StoreResult<i64>;
}

struct Rows<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl RowAccess for Rows<Db> {
    async fn set_role(&self, user: UserId, role: &str) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query("UPDATE accounts SET role = $2 WHERE id = $1")
            .bind(user.uuid())
            .bind(role)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    async fn granted(&self, user: UserId) -> StoreResult<i64> {
        let (granted,) =
            sqlx::query_as("SELECT CAST(COALESCE(SUM(granted), 0) AS BIGINT) FROM points_ledger WHERE account = $1")
                .bind(user.uuid())
                .fetch_one(self.database.reader())
                .await?;
        Ok(granted)
    }
}

/// Accounts that have an e-mail address.
pub(crate) struct StubCredentials(pub(crate) BTreeSet<UserId>);

#[async_trait]
impl CredentialLookup for StubCredentials {
    async fn has_email(&self, user: UserId) -> Result<bool, PortError> {
        Ok(self.0.contains(&user))
    }
}

/// Members of one circle.
#[derive(Default)]
struct StubMembership(Option<CircleId>, BTreeMap<UserId, PersonaId>);

#[async_trait]
impl Membership for StubMembership {
    async fn find(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, PortError> {
        let member = |persona: &PersonaId| Member { persona: *persona, role: CircleRole::Member, can_post: true };
        Ok(self.1.get(&user).filter(|_| self.0 == Some(circle)).map(member))
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, PortError> {
        Ok(self.0.into_iter().filter(|_| self.1.contains_key(&user)).collect())
    }
}

/// Returns the id of a new circle.
pub(crate) fn circle() -> CircleId {
    CircleId::new(SystemClock.now(), &SystemEntropy)
}

impl Harness {
    pub(crate) fn account_directory(&self) -> AccountDirectoryAdapter {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        AccountDirectoryAdapter { store, clock, entropy: Arc::new(SystemEntropy) }
    }

    pub(crate) fn account_muting(&self) -> AccountMutingAdapter {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        AccountMutingAdapter { store, clock, entropy: Arc::new(SystemEntropy) }
    }

    pub(crate) fn staff_directory(&self) -> StaffDirectoryAdapter {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        StaffDirectoryAdapter { store, clock, entropy: Arc::new(SystemEntropy) }
    }

    pub(crate) fn persona_registry(&self) -> PersonaRegistryAdapter {
        PersonaRegistryAdapter { store: self.store.clone(), entropy: Arc::new(SystemEntropy) }
    }

    pub(crate) fn persona_lookup(&self) -> PersonaLookupAdapter {
        PersonaLookupAdapter { store: self.store.clone() }
    }

    pub(crate) fn block_list(&self) -> BlockListAdapter {
        BlockListAdapter { store: self.store.clone() }
    }

    pub(crate) fn event_handler(&self) -> EventHandler {
        EventHandler { store: self.store.clone(), clock: self.clock.clone() }
    }

    pub(crate) fn service(&self) -> Service {
        self.service_with(BTreeSet::new())
    }

    /// Returns the service, with members of one circle.
    pub(crate) fn service_in(&self, circle: CircleId, members: &[(&Actor, PersonaId)]) -> Service {
        let members = members.iter().map(|(actor, persona)| (actor.user, *persona)).collect();
        Service { membership: Arc::new(StubMembership(Some(circle), members)), ..self.service() }
    }

    /// Returns the service, with accounts that have an e-mail address.
    pub(crate) fn service_with(&self, registered: BTreeSet<UserId>) -> Service {
        Service {
            store: self.store.clone(),
            credentials: Arc::new(StubCredentials(registered)),
            membership: Arc::new(StubMembership::default()),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            page_tokens: Arc::new(PageTokenCodec::new(&[7; 32])),
        }
    }

    /// Drains the outbox and returns the published events.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.events()
    }

    /// Drains the outbox and returns the payloads of the published events.
    pub(crate) async fn published_events(&self) -> Vec<EventPayload> {
        self.events().await.into_iter().map(|event| event.payload).collect()
    }

    /// Returns action, subject and detail of all audit records.
    pub(crate) async fn audit_entries(&self) -> Vec<(String, String, String)> {
        let records = self.audit.records_after(0, 100).await.unwrap();
        records.into_iter().map(|record| (record.action, record.subject, record.detail)).collect()
    }

    /// Creates an account with this public handle.
    pub(crate) async fn create_account(&self, handle: &str) -> Actor {
        let account = self.store.create_account(&new_account(handle)).await.unwrap();
        Actor { user: account.profile.account, persona: account.profile.id, ..member() }
    }

    pub(crate) async fn account(&self, actor: &Actor) -> Account {
        self.store.get_account(actor.user).await.unwrap().unwrap()
    }

    /// Creates a persona of the actor in a new circle.
    pub(crate) async fn second_persona(&self, actor: &Actor, handle: &str) -> PersonaId {
        let (scope, handle) = (PersonaScope::Circle(circle()), Handle::new(handle).unwrap());
        let (persona, avatar) = (PersonaId::random(&SystemEntropy), Avatar::new(1).unwrap());
        let new = NewPersona { user: actor.user, scope, persona, handle, avatar };
        self.store.create_persona(&new).await.unwrap().unwrap().id
    }

    pub(crate) async fn set_role(&self, actor: &Actor, role: &str) {
        self.rows.set_role(actor.user, role).await.unwrap();
    }

    /// Returns the points of the actor. Asserts that they equal the granted points of the ledger.
    pub(crate) async fn points(&self, actor: &Actor) -> u32 {
        let points = self.account(actor).await.profile.points;
        let granted = self.rows.granted(actor.user).await.unwrap();
        assert_eq!(i64::from(points), granted, "account and ledger agree");
        points
    }
}

/// Input for an account with this public handle.
pub(crate) fn new_account(handle: &str) -> NewAccount {
    NewAccount {
        user: kith_testkit::user(),
        persona: PersonaId::random(&SystemEntropy),
        handle: Handle::new(handle).unwrap(),
        avatar: Avatar::new(7).unwrap(),
        at: SystemClock.now(),
    }
}
