//! Postgres database, version 14 or newer.
//!
//! No wait is unbounded: the server ends slow statements and idle transactions, and calls to an unresponsive server end
//! after [`PoolConfig::op_timeout`].

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    Connection as _, PgConnection, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::Database;
use crate::{OutboxNotifier, StoreError, StoreResult};

/// Connection pool and timeouts of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// The sum over all nodes must stay below the server's `max_connections`.
    pub max_connections: u32,
    /// Longest wait for a connection, including the time to open one.
    pub acquire_timeout: Duration,
    /// Longest duration of a statement on the server, including waits for locks.
    pub statement_timeout: Duration,
    /// Longest duration of one store operation, whatever the server does.
    pub op_timeout: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_millis(1_500),
            op_timeout: Duration::from_secs(2),
        }
    }
}

/// Connections that were idle for longer are pinged before use.
const MAX_IDLE_WITHOUT_PING: Duration = Duration::from_secs(1);
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// Settings that detect a silent peer: it is declared dead after 2 + 3 x 1 seconds, and its locks are released.
const KEEPALIVES: [(&str, &str); 5] = [
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "1"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "5000"),
    ("idle_in_transaction_session_timeout", "10000"),
];

impl Database<Postgres> {
    /// Creates a handle for a URL with user, password, host and database: `postgres://kith:..@db:5432/kith`.
    ///
    /// Connects on first use. Does not migrate the database.
    ///
    /// # Errors
    /// [`StoreError`] if the URL is invalid.
    pub fn connect(url: &str, pool: &PoolConfig) -> StoreResult<Self> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("kith")
            .options([("statement_timeout", pool.statement_timeout.as_millis())])
            .options(KEEPALIVES);
        let op_timeout = pool.op_timeout;
        let pool = PgPoolOptions::new()
            .max_connections(pool.max_connections)
            .acquire_timeout(pool.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > MAX_IDLE_WITHOUT_PING {
                        ping(connection, PING_TIMEOUT).await?;
                    }
                    Ok(true)
                })
            })
            // An operation that timed out leaves a running statement on its connection. Without this ping the
            // connection would occupy its place in the pool until the server responds.
            .after_release(move |connection, _| {
                Box::pin(async move {
                    ping(connection, op_timeout).await?;
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let (writer, readers) = (pool.clone(), pool);
        Ok(Self { writer, readers, notifier: OutboxNotifier::default(), op_timeout: Some(op_timeout) })
    }

    /// Checks that the database can be read and accepts writes.
    ///
    /// # Errors
    /// Database errors, and [`StoreError::Unavailable`] if the server is read-only.
    pub async fn check_health(&self) -> StoreResult<()> {
        let check = async {
            sqlx::query("SELECT 1 FROM outbox LIMIT 1").fetch_optional(&self.readers).await?;
            let (is_writable,): (bool,) = sqlx::query_as("SELECT current_setting('transaction_read_only') = 'off'")
                .fetch_one(&self.readers)
                .await?;
            if is_writable { Ok(()) } else { Err(StoreError::Unavailable("server is read-only".into())) }
        };
        self.with_timeout(check).await
    }
}

async fn ping(connection: &mut PgConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    match tokio::time::timeout(timeout, connection.ping()).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
