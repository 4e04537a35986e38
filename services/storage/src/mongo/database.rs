//! Database handle: connections, the outbox notifier and the operation timeout.

use std::time::Duration;

use kith_kernel::Event;
use mongodb::{
    Client, Collection,
    bson::{Document, doc},
    options::{
        Acknowledgment, ClientOptions, CollectionOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
    },
};

use crate::{OutboxNotifier, StoreError, StoreResult};

/// Connection pool and timeouts of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// Maximum per server. With the driver's default of 10, the eleventh concurrent call waits.
    pub max_connections: u32,
    /// Longest wait for a writable server, and for a connection to be opened.
    pub connect_timeout: Duration,
    /// Longest duration of one store operation, whatever the servers do.
    pub op_timeout: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self { max_connections: 64, connect_timeout: Duration::from_millis(1_500), op_timeout: Duration::from_secs(2) }
    }
}

/// Interval of health checks of each server. It bounds the time to discover a new primary.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);

/// Name of the database if the URL has none.
const DEFAULT_NAME: &str = "kith";

const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A MongoDB database. Clones share the same connections.
#[derive(Debug, Clone)]
pub struct Database {
    inner: mongodb::Database,
    notifier: OutboxNotifier,
    op_timeout: Duration,
}

impl Database {
    /// Creates a handle for the database of the URL, or `kith` if the URL names none.
    ///
    /// Connects on first use. Does not migrate the database.
    ///
    /// # Errors
    /// The URL is invalid, or its host names cannot be resolved.
    pub async fn open(url: &str, pool: &PoolConfig) -> StoreResult<Self> {
        // Parsing can query DNS.
        let parsed = tokio::time::timeout(pool.op_timeout, ClientOptions::parse(url)).await;
        let mut options = parsed.map_err(|elapsed| StoreError::Unavailable(elapsed.into()))??;
        options.app_name = Some("kith".to_owned());
        options.max_pool_size = Some(pool.max_connections);
        options.server_selection_timeout = Some(pool.connect_timeout);
        options.connect_timeout = Some(pool.connect_timeout);
        options.heartbeat_freq = Some(HEARTBEAT_INTERVAL);
        // Callers retry: retries belong to one layer. A retryable write would also need a session.
        options.retry_writes = Some(false);
        options.retry_reads = Some(false);
        let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let inner = Client::with_options(options)?.database(&name);
        Ok(Self { inner, notifier: OutboxNotifier::default(), op_timeout: pool.op_timeout })
    }

    /// Returns another database of the same server. It shares the connections but has its own notifier.
    #[must_use]
    pub fn sibling(&self, name: &str) -> Self {
        let inner = self.inner.client().database(name);
        Self { inner, notifier: OutboxNotifier::default(), op_timeout: self.op_timeout }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// Returns a collection with majority read and write concern on the primary.
    ///
    /// Acknowledged writes are journaled by a majority of the replica set, reads never return data that can be rolled
    /// back, and a client sees its own writes.
    #[must_use]
    pub fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        let write_concern =
            WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(self.op_timeout).build();
        let options = CollectionOptions::builder()
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .read_concern(ReadConcern::majority())
            .write_concern(write_concern)
            .build();
        self.inner.collection_with_options(name, options)
    }

    /// Notifier that fires when events were written to an outbox.
    #[must_use]
    pub fn notifier(&self) -> OutboxNotifier {
        self.notifier.clone()
    }

    /// Limits `work` to the operation timeout of this database.
    ///
    /// # Errors
    /// Errors of `work`, or [`StoreError::Unavailable`] on timeout. After a timeout it is unknown whether the work was
    /// done.
    pub async fn with_timeout<T>(&self, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        // Boxed because the driver's futures are large.
        let result = tokio::time::timeout(self.op_timeout, Box::pin(work)).await;
        result.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into())))
    }

    /// Runs a write that adds `events` to an outbox, with the operation timeout, and notifies the relay.
    ///
    /// The relay is notified even if the write fails: an unacknowledged write may still have been applied.
    ///
    /// # Errors
    /// As [`with_timeout`](Self::with_timeout).
    pub async fn write_with_events<T>(
        &self,
        events: &[Event],
        write: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let result = self.with_timeout(write).await;
        if !events.is_empty() {
            self.notifier.notify();
        }
        result
    }

    /// Checks that a server accepts writes and a majority acknowledges them.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn check_health(&self) -> StoreResult<()> {
        self.with_timeout(async {
            // An update that matches no document needs the same acknowledgement as one that does.
            let no_document = doc! { "_id": "nothing" };
            self.collection::<Document>("leases").update_one(no_document, doc! { "$unset": { "nothing": "" } }).await?;
            Ok(())
        })
        .await
    }

    /// Drops the database. For tests.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn drop_database(&self) -> StoreResult<()> {
        Ok(self.inner.drop().await?)
    }

    /// Names of all databases of the server.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn list_databases(&self) -> StoreResult<Vec<String>> {
        self.with_timeout(async { Ok(self.inner.client().list_database_names().await?) }).await
    }

    /// Closes all connections. Later operations return [`StoreError::Unavailable`].
    pub async fn close(&self) {
        let closed = self.inner.client().clone().shutdown().immediate(true);
        // A timeout is ignored: the process is ending.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closed).await;
    }

    /// Handle of the driver, for commands without a collection. It has no operation timeout.
    #[must_use]
    pub const fn raw(&self) -> &mongodb::Database {
        &self.inner
    }
}
