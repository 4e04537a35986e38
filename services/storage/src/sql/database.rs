//! A database: connections that write, connections that read, a bell for whoever waits for events, and how long it may
//! take to answer.

use std::time::Duration;

use sqlx::Sqlite;

use super::{Engine, Tx, Wake};
use crate::{StoreError, StoreResult};

/// One SQLite file, or one Postgres. A copy is another handle on the same.
#[derive(Debug)]
pub struct Database<D: Engine = Sqlite> {
    pub(super) writer: sqlx::Pool<D>,
    pub(super) readers: sqlx::Pool<D>,
    pub(super) wake: Wake,
    /// `None` for a file: it cannot fall silent, and who waits for it waits for a connection.
    pub(super) patience: Option<Duration>,
}

impl<D: Engine> Clone for Database<D> {
    fn clone(&self) -> Self {
        let (writer, readers, wake) = (self.writer.clone(), self.readers.clone(), self.wake.clone());
        Self { writer, readers, wake, patience: self.patience }
    }
}

impl<D: Engine> Database<D> {
    /// A transaction that writes. In SQLite it waits for the one before it: who holds one must not ask for a second.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn begin(&self) -> StoreResult<Tx<D>> {
        let begun = async { Ok::<_, StoreError>(self.writer.begin_with(D::BEGIN).await?) };
        let inner = self.within(begun).await?;
        Ok(Tx::new(inner, self.wake.clone(), self.patience))
    }

    /// For reads outside of a transaction: they wait for no writer, and see all that is committed.
    #[must_use]
    pub const fn reader(&self) -> &sqlx::Pool<D> {
        &self.readers
    }

    /// Rings when events were committed.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Waits for this work as long as this database may take.
    ///
    /// # Errors
    /// Those of the work; [`StoreError::Unavailable`] when it takes too long. Whether it was done is not known then.
    pub fn within<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        within(self.patience, work)
    }

    /// Ends all connections, when those who use them are done, or do not end.
    pub async fn close(&self) {
        let done = async {
            self.readers.close().await;
            self.writer.close().await;
        };
        // Nobody is left to tell.
        let _ = tokio::time::timeout(LAST_PATIENCE, done).await;
    }
}

/// How long a database that closes waits for those who use it.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn within<T, E: From<StoreError>>(
    patience: Option<Duration>,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    // On the heap before anybody waits for it: it holds all that a store does.
    let work = Box::pin(work);
    async move {
        let Some(patience) = patience else { return work.await };
        let done = tokio::time::timeout(patience, work).await;
        done.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into()).into()))
    }
}
