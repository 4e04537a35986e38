//! Outbox, inbox and dead letters on either SQL database.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Clock as _, EncodedEvent, Event, EventId, SystemClock,
    ports::{DeadLetterStore as _, PeriodicJob},
};
use kith_storage::{
    Outbox, OutboxNotifier, sql,
    sql::{Database, DeadLetter, Engine, SqlDeadLetterStore, SqlInboxCleanup, SqlOutbox},
};
use kith_testkit::ManualClock;

/// End of a transaction.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Commit,
    Rollback,
}

pub(crate) struct Harness {
    pub(crate) outbox: Arc<dyn OutboxWithCleanup>,
    pub(crate) ops: Arc<dyn SqlOps>,
    pub(crate) notifier: OutboxNotifier,
    pub(crate) clock: Arc<ManualClock>,
    /// Deletes the database on drop.
    _database: Box<dyn Any + Send + Sync>,
}

pub(crate) trait OutboxWithCleanup: Outbox + PeriodicJob {}

impl<O: Outbox + PeriodicJob> OutboxWithCleanup for O {}

pub(crate) async fn sqlite() -> Harness {
    let (file, clock) = (kith_testkit::sqlite_database().await, Arc::new(ManualClock::at(SystemClock.now())));
    let database = (*file).clone();
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock.clone()));
    let notifier = database.notifier();
    let ops = Arc::new(Ops { database, clock: clock.clone() });
    Harness { outbox, ops, notifier, clock, _database: Box::new(file) }
}

pub(crate) async fn postgres() -> Harness {
    let (server, clock) = (kith_testkit::postgres_database().await, Arc::new(ManualClock::at(SystemClock.now())));
    let database = (*server).clone();
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock.clone()));
    let notifier = database.notifier();
    let ops = Arc::new(Ops { database, clock: clock.clone() });
    Harness { outbox, ops, notifier, clock, _database: Box::new(server) }
}

impl Harness {
    pub(crate) async fn pending(&self) -> Vec<EventId> {
        self.outbox.pending().await.unwrap().into_iter().map(|event| event.id).collect()
    }

    /// All retained events, read page by page.
    pub(crate) async fn retained(&self) -> Vec<EventId> {
        let mut all: Vec<EventId> = Vec::new();
        loop {
            let page = self.outbox.retained(all.last().copied()).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page.into_iter().map(|event| event.id));
        }
    }
}

/// Operations that exist on both databases but are not part of a port.
#[async_trait]
pub(crate) trait SqlOps: Send + Sync {
    async fn append_events(&self, events: &[Event], end: End);

    async fn mark_processed(&self, consumer: &'static str, event: EventId, end: End) -> bool;

    /// Appends an event under the lock of the namespace. Returns the number of events before it.
    async fn count_and_append(&self, namespace: &'static str, event: Event) -> (i64, EventId);

    async fn clean_inbox(&self) -> u64;

    async fn add_dead_letter(&self, event: &EncodedEvent, error: &str);

    async fn list_dead_letters(&self) -> Vec<DeadLetter>;

    async fn count_dead_letters(&self) -> i64;

    async fn remove_dead_letter(&self, event: EventId) -> bool;
}

struct Ops<D: Engine> {
    database: Database<D>,
    clock: Arc<ManualClock>,
}

impl<D: Engine> Ops<D> {
    fn dead_letter_store(&self) -> SqlDeadLetterStore<D> {
        SqlDeadLetterStore::new(self.database.clone(), self.clock.clone())
    }
}

#[sql]
#[async_trait]
impl SqlOps for Ops<Db> {
    #[no_timeout]
    async fn append_events(&self, events: &[Event], end: End) {
        let mut tx = self.database.begin().await.unwrap();
        tx.append_events(events).await.unwrap();
        match end {
            End::Commit => tx.commit().await.unwrap(),
            End::Rollback => tx.rollback().await.unwrap(),
        }
    }

    #[no_timeout]
    async fn mark_processed(&self, consumer: &'static str, event: EventId, end: End) -> bool {
        let mut tx = self.database.begin().await.unwrap();
        let first = tx.mark_processed(consumer, event).await.unwrap();
        match end {
            End::Commit => tx.commit().await.unwrap(),
            End::Rollback => tx.rollback().await.unwrap(),
        }
        first
    }

    #[no_timeout]
    async fn count_and_append(&self, namespace: &'static str, event: Event) -> (i64, EventId) {
        let mut tx = self.database.begin().await.unwrap();
        tx.lock(namespace, b"key").await.unwrap();
        let (count,) = sqlx::query_as("SELECT count(*) FROM outbox").fetch_one(&mut *tx).await.unwrap();
        tx.append_events(std::slice::from_ref(&event)).await.unwrap();
        tx.commit().await.unwrap();
        (count, event.id)
    }

    #[no_timeout]
    async fn clean_inbox(&self) -> u64 {
        SqlInboxCleanup::new(self.database.clone(), self.clock.clone()).run().await.unwrap()
    }

    #[no_timeout]
    async fn add_dead_letter(&self, event: &EncodedEvent, error: &str) {
        self.dead_letter_store().add(event, "posts", error).await.unwrap();
    }

    #[no_timeout]
    async fn list_dead_letters(&self) -> Vec<DeadLetter> {
        self.dead_letter_store().list(10).await.unwrap()
    }

    #[no_timeout]
    async fn count_dead_letters(&self) -> i64 {
        self.dead_letter_store().count().await.unwrap()
    }

    #[no_timeout]
    async fn remove_dead_letter(&self, event: EventId) -> bool {
        self.dead_letter_store().remove(event, "posts").await.unwrap()
    }
}
