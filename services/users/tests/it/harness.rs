//! A store of people with the outbox beside it, a clock in the hand, and people who have accounts.

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
    Account, Avatar, Directory, Handle, Reactions, Service,
    store::{Appearance, Opening, Sql, Store},
};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) audit: Arc<dyn AuditLog>,
    outbox: Arc<dyn Outbox>,
    hand: Arc<dyn Hand>,
    /// What the database lies in.
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
        hand: Arc::new(OnRows { database }),
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
        hand: Arc::new(OnRows { database }),
        clock,
        _storage: Box::new(server),
    }
}

/// What no store does yet, or should, done to the rows themselves.
#[async_trait]
trait Hand: Send + Sync {
    async fn set_role(&self, user: UserId, role: &str) -> StoreResult<()>;

    async fn granted(&self, user: UserId) -> StoreResult<i64>;
}

struct OnRows<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl Hand for OnRows<Db> {
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

/// Knows who has an e-mail address.
pub(crate) struct Addresses(pub(crate) BTreeSet<UserId>);

#[async_trait]
impl CredentialLookup for Addresses {
    async fn has_email(&self, user: UserId) -> Result<bool, PortError> {
        Ok(self.0.contains(&user))
    }
}

/// A circle, and who is in it.
#[derive(Default)]
struct Circle(Option<CircleId>, BTreeMap<UserId, PersonaId>);

#[async_trait]
impl Membership for Circle {
    async fn find(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, PortError> {
        let member = |persona: &PersonaId| Member { persona: *persona, role: CircleRole::Member, can_post: true };
        Ok(self.1.get(&user).filter(|_| self.0 == Some(circle)).map(member))
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, PortError> {
        Ok(self.0.into_iter().filter(|_| self.1.contains_key(&user)).collect())
    }
}

/// A circle that nobody has seen before.
pub(crate) fn circle() -> CircleId {
    CircleId::new(SystemClock.now(), &SystemEntropy)
}

impl Harness {
    pub(crate) fn directory(&self) -> Directory {
        Directory { store: self.store.clone(), clock: self.clock.clone(), entropy: Arc::new(SystemEntropy) }
    }

    pub(crate) fn reactions(&self) -> Reactions {
        Reactions { store: self.store.clone(), clock: self.clock.clone() }
    }

    pub(crate) fn service(&self) -> Service {
        self.service_with(BTreeSet::new())
    }

    /// The service, and who is in one circle.
    pub(crate) fn service_in(&self, circle: CircleId, people: &[(&Actor, PersonaId)]) -> Service {
        let people = people.iter().map(|(actor, persona)| (actor.user, *persona)).collect();
        Service { membership: Arc::new(Circle(Some(circle), people)), ..self.service() }
    }

    pub(crate) fn service_with(&self, addresses: BTreeSet<UserId>) -> Service {
        Service {
            store: self.store.clone(),
            identities: Arc::new(Addresses(addresses)),
            membership: Arc::new(Circle::default()),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            pager: Arc::new(PageTokenCodec::new(&[7; 32])),
        }
    }

    /// Sends what waits and says what it was.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.events()
    }

    pub(crate) async fn announced(&self) -> Vec<EventPayload> {
        self.events().await.into_iter().map(|event| event.payload).collect()
    }

    /// What was written down: what, about what, with what else.
    pub(crate) async fn written_down(&self) -> Vec<(String, String, String)> {
        let lines = self.audit.records_after(0, 100).await.unwrap();
        lines.into_iter().map(|line| (line.action, line.subject, line.detail)).collect()
    }

    /// Somebody who has an account.
    pub(crate) async fn person(&self, handle: &str) -> Actor {
        let account = self.store.open(&opening(handle)).await.unwrap();
        Actor { user: account.profile.owner, persona: account.profile.id, ..member() }
    }

    pub(crate) async fn account(&self, actor: &Actor) -> Account {
        self.store.account(actor.user).await.unwrap().unwrap()
    }

    /// A second persona of somebody, in a circle of which nobody else is.
    pub(crate) async fn second_persona(&self, actor: &Actor, handle: &str) -> PersonaId {
        let (space, handle) = (PersonaScope::Circle(circle()), Handle::new(handle).unwrap());
        let (persona, avatar) = (PersonaId::random(&SystemEntropy), Avatar::new(1).unwrap());
        let appearance = Appearance { user: actor.user, space, persona, handle, avatar };
        self.store.appear(&appearance).await.unwrap().unwrap().id
    }

    pub(crate) async fn set_role(&self, actor: &Actor, role: &str) {
        self.hand.set_role(actor.user, role).await.unwrap();
    }

    /// What somebody has, which is what their ledger says.
    pub(crate) async fn points(&self, actor: &Actor) -> u32 {
        let points = self.account(actor).await.profile.points;
        let granted = self.hand.granted(actor.user).await.unwrap();
        assert_eq!(i64::from(points), granted, "the ledger and the account say the same");
        points
    }
}

/// Somebody new who wants to be called so.
pub(crate) fn opening(handle: &str) -> Opening {
    Opening {
        user: kith_testkit::user(),
        persona: PersonaId::random(&SystemEntropy),
        handle: Handle::new(handle).unwrap(),
        avatar: Avatar::new(7).unwrap(),
        at: SystemClock.now(),
    }
}
