//! Database handle: connection pools, the outbox notifier and the operation timeout.

use std::time::Duration;

use sqlx::Sqlite;

use super::{Engine, Tx, timeout::with_timeout};
use crate::{OutboxNotifier, StoreError, StoreResult};

/// A SQLite file or a Postgres database. Clones share the same connections.
#[derive(Debug)]
pub struct Database<D: Engine = Sqlite> {
    pub(super) writer: sqlx::Pool<D>,
    pub(super) readers: sqlx::Pool<D>,
    pub(super) notifier: OutboxNotifier,
    /// `None` for SQLite: a local file always responds, and the wait for a connection has its own limit.
    pub(super) op_timeout: Option<Duration>,
}

impl<D: Engine> Clone for Database<D> {
    fn clone(&self) -> Self {
        let (writer, readers, notifier) = (self.writer.clone(), self.readers.clone(), self.notifier.clone());
        Self { writer, readers, notifier, op_timeout: self.op_timeout }
    }
}

impl<D: Engine> Database<D> {
    /// Begins a write transaction.
    ///
    /// SQLite has one writer: the call waits for the previous transaction, so a caller that holds a transaction must
    /// not begin a second one.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn begin(&self) -> StoreResult<Tx<D>> {
        let begin = async { Ok::<_, StoreError>(self.writer.begin_with(D::BEGIN).await?) };
        let inner = self.with_timeout(begin).await?;
        Ok(Tx::new(inner, self.notifier.clone(), self.op_timeout))
    }

    /// Pool for reads outside a transaction. They do not wait for writers and see all committed data.
    #[must_use]
    pub const fn reader(&self) -> &sqlx::Pool<D> {
        &self.readers
    }

    /// Notifier that fires when a transaction with events commits.
    #[must_use]
    pub fn notifier(&self) -> OutboxNotifier {
        self.notifier.clone()
    }

    /// Limits `work` to the operation timeout of this database.
    ///
    /// # Errors
    /// Errors of `work`, or [`StoreError::Unavailable`] on timeout. After a timeout it is unknown whether the work was
    /// done.
    pub fn with_timeout<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        with_timeout(self.op_timeout, work)
    }

    /// Closes all connections. Waits at most 5 seconds for those in use.
    pub async fn close(&self) {
        let closed = async {
            self.readers.close().await;
            self.writer.close().await;
        };
        // A timeout is ignored: the process is ending.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closed).await;
    }
}

const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
