//! A MongoDB: a pool of connections, a bell for whoever waits for events, and how long it may take to answer.

use std::time::Duration;

use kith_kernel::Event;
use mongodb::{
    Client, Collection,
    bson::{Document, doc},
    options::{
        Acknowledgment, ClientOptions, CollectionOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
    },
};

use super::Migrations;
use crate::{StoreError, StoreResult, sql::Schema, wake::Wake};

/// How many connections a node keeps to MongoDB, and how long it waits for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// How many there are at most, to each server. The driver's own 10 is a cliff: the eleventh call at once waits.
    pub connections: u32,
    /// How long somebody waits for a server that takes writes, and for a connection to be made.
    pub wait: Duration,
    /// How long all that one call asks may take together, whatever the servers do.
    pub patience: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        Self { connections: 64, wait: Duration::from_millis(1_500), patience: Duration::from_secs(2) }
    }
}

/// How often each server is asked how it is. It is what bounds how long a new primary is looked for.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// The database of a URL that names none.
const NAME: &str = "kith";

/// How long a database that closes waits for those who use it.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// One database of a MongoDB. A copy is another handle on the same.
#[derive(Debug, Clone)]
pub struct Database {
    inner: mongodb::Database,
    wake: Wake,
    patience: Duration,
}

impl Database {
    /// The database of this URL, `kith` if it names none. It is connected to when it is first asked, and not migrated
    /// yet.
    ///
    /// # Errors
    /// For what is no URL, and for one whose names nobody resolves.
    pub async fn open(url: &str, pool: &Pool) -> StoreResult<Self> {
        // Names may have to be asked for.
        let parsed = tokio::time::timeout(pool.patience, ClientOptions::parse(url)).await;
        let mut options = parsed.map_err(|late| StoreError::Unavailable(late.into()))??;
        options.app_name = Some("kith".to_owned());
        options.max_pool_size = Some(pool.connections);
        options.server_selection_timeout = Some(pool.wait);
        options.connect_timeout = Some(pool.wait);
        options.heartbeat_freq = Some(HEARTBEAT);
        // Whoever asked asks again: retries live in one layer. A retried write would need a session besides.
        options.retry_writes = Some(false);
        options.retry_reads = Some(false);
        let name = options.default_database.clone().unwrap_or_else(|| NAME.to_owned());
        let inner = Client::with_options(options)?.database(&name);
        Ok(Self { inner, wake: Wake::default(), patience: pool.patience })
    }

    /// The database of another name, over the same connections, with a bell of its own.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self { inner: self.inner.client().database(name), wake: Wake::default(), patience: self.patience }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// Brings the schema up to this build's. Nodes that start together do so one after the other.
    ///
    /// # Errors
    /// A migration that fails, or a schema that a newer build has migrated.
    pub async fn migrate(&self) -> StoreResult<()> {
        Migrations::ours()?.run(self).await
    }

    /// How the schema stands to this build. Nothing is changed.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn schema(&self) -> StoreResult<Schema> {
        Migrations::ours()?.schema(self).await
    }

    /// A collection that acknowledges what most of the replica set has on disk, and shows nothing that could be rolled
    /// back. Reads go to the primary: who has written something sees it.
    #[must_use]
    pub fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        let acknowledged =
            WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(self.patience).build();
        let options = CollectionOptions::builder()
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .read_concern(ReadConcern::majority())
            .write_concern(acknowledged)
            .build();
        self.inner.collection_with_options(name, options)
    }

    /// Rings when events began to wait.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Waits for this work as long as this database may take.
    ///
    /// # Errors
    /// Those of the work; [`StoreError::Unavailable`] when it takes too long. Whether it was done is not known then.
    pub async fn within<T>(&self, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        // On the heap: the driver's futures are large.
        let done = tokio::time::timeout(self.patience, Box::pin(work)).await;
        done.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into())))
    }

    /// The same for a write that records these events. Whoever sends them on is woken even if it failed: what is not
    /// acknowledged may be written all the same.
    ///
    /// # Errors
    /// Those of [`within`](Self::within).
    pub async fn recording<T>(&self, events: &[Event], work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        let done = self.within(work).await;
        if !events.is_empty() {
            self.wake.ring();
        }
        done
    }

    /// Whether there is a server that takes writes, and a majority that confirms them.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn answers(&self) -> StoreResult<()> {
        self.within(async {
            // It changes nothing, and is acknowledged as a change would be.
            let nothing = doc! { "_id": "nothing" };
            self.collection::<Document>("leases").update_one(nothing, doc! { "$unset": { "nothing": "" } }).await?;
            Ok(())
        })
        .await
    }

    /// Removes all of it, for whoever tidies up after tests.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn remove(&self) -> StoreResult<()> {
        Ok(self.inner.drop().await?)
    }

    /// The names of all databases that this server has.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn siblings(&self) -> StoreResult<Vec<String>> {
        self.within(async { Ok(self.inner.client().list_database_names().await?) }).await
    }

    /// Ends all connections. What is asked after that is [`StoreError::Unavailable`].
    pub async fn close(&self) {
        let done = self.inner.client().clone().shutdown().immediate(true);
        // Nobody is left to tell.
        let _ = tokio::time::timeout(LAST_PATIENCE, done).await;
    }

    /// The driver's own handle, for what has no collection. Nothing bounds how long it takes.
    #[must_use]
    pub const fn raw(&self) -> &mongodb::Database {
        &self.inner
    }
}
