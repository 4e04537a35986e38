//! Lease in Postgres: a session-level advisory lock, which the server releases when the session ends.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Postgres, postgres::PgConnectOptions};
use tokio::{sync::Mutex, task::JoinHandle};

use super::{Database, timeout::with_timeout};
use crate::{
    StoreError, StoreResult,
    lease::{LEASE_TIMEOUT, Lease, LeaseGuard},
};

/// Interval of attempts to acquire. A blocking lock statement was rejected: it would wait for an unresponsive server,
/// and a responsive one would log each statement that times out.
const ACQUIRE_INTERVAL: Duration = Duration::from_millis(250);
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Named lease, scoped to a Postgres schema.
#[derive(Debug, Clone)]
pub struct SqlLease {
    options: PgConnectOptions,
    name: &'static str,
}

impl Database<Postgres> {
    /// Returns the lease `name`, which all nodes of this database share. It uses a connection outside the pool.
    #[must_use]
    pub fn lease(&self, name: &'static str) -> SqlLease {
        let options = PgConnectOptions::clone(&self.writer.connect_options());
        let idle_timeout = [("idle_session_timeout", LEASE_TIMEOUT.as_millis())];
        SqlLease { options: options.options(idle_timeout).application_name("kith lease"), name }
    }
}

#[async_trait]
impl Lease for SqlLease {
    async fn acquire(&self) -> Box<dyn LeaseGuard> {
        loop {
            match self.poll_until_granted().await {
                Ok(connection) => return Box::new(LeaseSession::new(connection)),
                Err(error) => tracing::warn!(%error, lease = self.name, "failed to acquire lease, retrying"),
            }
            tokio::time::sleep(HEARTBEAT_INTERVAL).await;
        }
    }
}

impl SqlLease {
    /// Tries to take the lock on one connection until it is granted.
    async fn poll_until_granted(&self) -> StoreResult<PgConnection> {
        let mut connection = respond_in_time(self.options.connect()).await?;
        loop {
            let query =
                sqlx::query_as("SELECT pg_try_advisory_lock(hashtextextended(current_schema() || '/' || $1, 0))")
                    .bind(self.name)
                    .fetch_one(&mut connection);
            let (granted,): (bool,) = respond_in_time(query).await?;
            if granted {
                return Ok(connection);
            }
            tokio::time::sleep(ACQUIRE_INTERVAL).await;
        }
    }
}

/// Connection of the session that holds the lock; `None` once the lease is lost.
type SharedConnection = Arc<Mutex<Option<PgConnection>>>;

struct LeaseSession {
    connection: SharedConnection,
    heartbeat: JoinHandle<()>,
}

impl LeaseSession {
    fn new(connection: PgConnection) -> Self {
        let connection: SharedConnection = Arc::new(Mutex::new(Some(connection)));
        let heartbeat = tokio::spawn(send_heartbeats(connection.clone()));
        Self { connection, heartbeat }
    }
}

impl Drop for LeaseSession {
    fn drop(&mut self) {
        // The task owns the last other handle of the connection. Dropping it closes the session and releases the lock.
        self.heartbeat.abort();
    }
}

#[async_trait]
impl LeaseGuard for LeaseSession {
    async fn check(&self) -> StoreResult<()> {
        check(&self.connection).await
    }
}

async fn send_heartbeats(connection: SharedConnection) {
    while check(&connection).await.is_ok() {
        tokio::time::sleep(HEARTBEAT_INTERVAL).await;
    }
}

async fn check(shared: &SharedConnection) -> StoreResult<()> {
    let mut slot = shared.lock().await;
    let lost = || StoreError::Unavailable("lease lost".into());
    // Taken out of the slot during the ping: if this future is dropped half-way, the lease counts as lost.
    let mut connection = slot.take().ok_or_else(lost)?;
    respond_in_time(connection.ping()).await?;
    *slot = Some(connection);
    Ok(())
}

async fn respond_in_time<T>(request: impl Future<Output = Result<T, sqlx::Error>>) -> StoreResult<T> {
    with_timeout(Some(RESPONSE_TIMEOUT), async { Ok(request.await?) }).await
}
