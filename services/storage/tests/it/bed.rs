//! An outbox, an inbox and dead letters, on whichever database.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Clock as _, Event, EventId, Parcel, SystemClock,
    ports::{DeadLetters as _, Sweep},
};
use kith_storage::{
    Outbox, sql,
    sql::{Database, DeadLetter, Engine, SqlDeadLetters, SqlInbox, SqlOutbox, Wake},
};
use kith_testkit::HandClock;

/// How a transaction of the test ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Commit,
    Rollback,
}

pub(crate) struct Bed {
    pub(crate) outbox: Arc<dyn OutboxAndSweep>,
    pub(crate) hand: Arc<dyn Hand>,
    pub(crate) wake: Wake,
    pub(crate) clock: Arc<HandClock>,
    /// What the database lies in.
    _kept: Box<dyn Any + Send + Sync>,
}

pub(crate) trait OutboxAndSweep: Outbox + Sweep {}

impl<O: Outbox + Sweep> OutboxAndSweep for O {}

pub(crate) async fn sqlite() -> Bed {
    let (file, clock) = (kith_testkit::sqlite().await, Arc::new(HandClock::at(SystemClock.now())));
    let database = (*file).clone();
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock.clone()));
    let wake = database.wake();
    Bed { outbox, hand: Arc::new(OnRows { database, clock: clock.clone() }), wake, clock, _kept: Box::new(file) }
}

pub(crate) async fn postgres() -> Bed {
    let (server, clock) = (kith_testkit::postgres().await, Arc::new(HandClock::at(SystemClock.now())));
    let database = (*server).clone();
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock.clone()));
    let wake = database.wake();
    Bed { outbox, hand: Arc::new(OnRows { database, clock: clock.clone() }), wake, clock, _kept: Box::new(server) }
}

impl Bed {
    pub(crate) async fn waiting(&self) -> Vec<EventId> {
        self.outbox.pending().await.unwrap().into_iter().map(|parcel| parcel.id).collect()
    }

    /// All that was sent and is kept, page by page.
    pub(crate) async fn kept(&self) -> Vec<EventId> {
        let mut all: Vec<EventId> = Vec::new();
        loop {
            let page = self.outbox.kept(all.last().copied()).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page.into_iter().map(|parcel| parcel.id));
        }
    }
}

/// What is the same on both databases, and has no port.
#[async_trait]
pub(crate) trait Hand: Send + Sync {
    async fn record(&self, events: &[Event], end: End);

    async fn first_time(&self, consumer: &'static str, event: EventId, end: End) -> bool;

    /// Counts what waits, and adds one more, while nobody else does.
    async fn append(&self, thing: &'static str, event: Event) -> (i64, EventId);

    async fn sweep_inbox(&self) -> u64;

    async fn bury(&self, parcel: &Parcel, why: &str);

    async fn letters(&self) -> Vec<DeadLetter>;

    async fn count(&self) -> i64;

    async fn remove(&self, event: EventId) -> bool;
}

struct OnRows<D: Engine> {
    database: Database<D>,
    clock: Arc<HandClock>,
}

impl<D: Engine> OnRows<D> {
    fn dead_letters(&self) -> SqlDeadLetters<D> {
        SqlDeadLetters::new(self.database.clone(), self.clock.clone())
    }
}

#[sql]
#[async_trait]
impl Hand for OnRows<Db> {
    #[unhurried]
    async fn record(&self, events: &[Event], end: End) {
        let mut tx = self.database.begin().await.unwrap();
        tx.record(events).await.unwrap();
        match end {
            End::Commit => tx.commit().await.unwrap(),
            End::Rollback => tx.rollback().await.unwrap(),
        }
    }

    #[unhurried]
    async fn first_time(&self, consumer: &'static str, event: EventId, end: End) -> bool {
        let mut tx = self.database.begin().await.unwrap();
        let first = tx.first_time(consumer, event).await.unwrap();
        match end {
            End::Commit => tx.commit().await.unwrap(),
            End::Rollback => tx.rollback().await.unwrap(),
        }
        first
    }

    #[unhurried]
    async fn append(&self, thing: &'static str, event: Event) -> (i64, EventId) {
        let mut tx = self.database.begin().await.unwrap();
        tx.hold(thing, b"key").await.unwrap();
        let (count,) = sqlx::query_as("SELECT count(*) FROM outbox").fetch_one(&mut *tx).await.unwrap();
        tx.record(std::slice::from_ref(&event)).await.unwrap();
        tx.commit().await.unwrap();
        (count, event.id)
    }

    #[unhurried]
    async fn sweep_inbox(&self) -> u64 {
        SqlInbox::new(self.database.clone(), self.clock.clone()).sweep().await.unwrap()
    }

    #[unhurried]
    async fn bury(&self, parcel: &Parcel, why: &str) {
        self.dead_letters().bury(parcel, "posts", why).await.unwrap();
    }

    #[unhurried]
    async fn letters(&self) -> Vec<DeadLetter> {
        self.dead_letters().list(10).await.unwrap()
    }

    #[unhurried]
    async fn count(&self) -> i64 {
        self.dead_letters().count().await.unwrap()
    }

    #[unhurried]
    async fn remove(&self, event: EventId) -> bool {
        self.dead_letters().remove(event, "posts").await.unwrap()
    }
}
