//! A lease that Postgres keeps: a lock of a session, which the server gives back when the session ends, however it does.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Postgres, postgres::PgConnectOptions};
use tokio::{sync::Mutex, task::JoinHandle};

use super::{Database, database::within};
use crate::{
    StoreError, StoreResult,
    lease::{Held, Lease, SILENCE},
};

/// How often somebody who waits asks again. Not by a statement that waits: a server that fell silent would be waited
/// for, and one that does not would write each wait that it ended into its log.
const ASKS: Duration = Duration::from_millis(250);
/// How often a holder is heard of.
const BEATS: Duration = Duration::from_secs(1);
/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lease of one name in one schema.
#[derive(Debug, Clone)]
pub struct SqlLease {
    options: PgConnectOptions,
    name: &'static str,
}

impl Database<Postgres> {
    /// The lease of this name, which all nodes on this database share. It has a connection of its own beside the pool's.
    #[must_use]
    pub fn lease(&self, name: &'static str) -> SqlLease {
        let options = PgConnectOptions::clone(&self.writer.connect_options());
        let silence = [("idle_session_timeout", SILENCE.as_millis())];
        SqlLease { options: options.options(silence).application_name("kith lease"), name }
    }
}

#[async_trait]
impl Lease for SqlLease {
    async fn acquire(&self) -> Box<dyn Held> {
        loop {
            match self.wait().await {
                Ok(connection) => return Box::new(Session::of(connection)),
                Err(error) => tracing::warn!(%error, lease = self.name, "a lease could not be asked for"),
            }
            tokio::time::sleep(BEATS).await;
        }
    }
}

impl SqlLease {
    /// Waits on one connection.
    async fn wait(&self) -> StoreResult<PgConnection> {
        let mut connection = answer(self.options.connect()).await?;
        loop {
            let asked =
                sqlx::query_as("SELECT pg_try_advisory_lock(hashtextextended(current_schema() || '/' || $1, 0))")
                    .bind(self.name)
                    .fetch_one(&mut connection);
            let (granted,): (bool,) = answer(asked).await?;
            if granted {
                return Ok(connection);
            }
            tokio::time::sleep(ASKS).await;
        }
    }
}

/// The session that holds the lock. There is none any more once it is lost.
type Holder = Arc<Mutex<Option<PgConnection>>>;

struct Session {
    holder: Holder,
    heart: JoinHandle<()>,
}

impl Session {
    fn of(connection: PgConnection) -> Self {
        let holder: Holder = Arc::new(Mutex::new(Some(connection)));
        let heart = tokio::spawn(beat(holder.clone()));
        Self { holder, heart }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // With it goes the last handle on the connection, and with that the lock.
        self.heart.abort();
    }
}

#[async_trait]
impl Held for Session {
    async fn check(&self) -> StoreResult<()> {
        check(&self.holder).await
    }
}

async fn beat(holder: Holder) {
    while check(&holder).await.is_ok() {
        tokio::time::sleep(BEATS).await;
    }
}

async fn check(holder: &Holder) -> StoreResult<()> {
    let mut session = holder.lock().await;
    let lost = || StoreError::Unavailable("the lease is lost".into());
    // Out of its place while it is asked: whoever gives up in the middle leaves none behind.
    let mut connection = session.take().ok_or_else(lost)?;
    answer(connection.ping()).await?;
    *session = Some(connection);
    Ok(())
}

async fn answer<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> StoreResult<T> {
    within(Some(PATIENCE), async { Ok(asked.await?) }).await
}
