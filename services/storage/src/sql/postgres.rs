//! A Postgres server, version 14 or newer.
//!
//! Nothing waits for it without end: the server ends statements that run too long, and transactions that their owner
//! forgot; and a server that says nothing at all is given up after [`Pool::patience`].

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    Connection as _, PgConnection, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Database, Wake};
use crate::{StoreError, StoreResult};

/// How many connections a node keeps to Postgres, and how long it waits for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// How many there are at most. All nodes together stay below the server's `max_connections`.
    pub connections: u32,
    /// How long somebody waits for one of them, a new one included.
    pub wait: Duration,
    /// How long the server works at one statement, waiting for locks included.
    pub statement: Duration,
    /// How long all that one call asks may take together, whatever the server does.
    pub patience: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        let (wait, statement) = (Duration::from_secs(1), Duration::from_millis(1_500));
        Self { connections: 16, wait, statement, patience: Duration::from_secs(2) }
    }
}

/// A connection that rested longer is asked whether it still stands before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// How long it may take to say so.
const PING: Duration = Duration::from_millis(500);

/// Who vanishes without a word is missed after 2 + 3 x 1 seconds, and what they held is free.
const KEEPALIVES: [(&str, &str); 5] = [
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "1"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "5000"),
    ("idle_in_transaction_session_timeout", "10000"),
];

impl Database<Postgres> {
    /// The database of this address, which says user, password, host and name: `postgres://kith:..@db:5432/kith`. It is
    /// connected to when it is first asked, and not migrated yet.
    ///
    /// # Errors
    /// For what is no address.
    pub fn connect(url: &str, pool: &Pool) -> StoreResult<Self> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("kith")
            .options([("statement_timeout", pool.statement.as_millis())])
            .options(KEEPALIVES);
        let patience = pool.patience;
        let pool_of_all = PgPoolOptions::new()
            .max_connections(pool.connections)
            .acquire_timeout(pool.wait)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > RESTED {
                        ping(connection, PING).await?;
                    }
                    Ok(true)
                })
            })
            // Whoever gave up on a silent server left a statement behind. Without this the place in the pool would stay
            // taken until the server speaks.
            .after_release(move |connection, _| {
                Box::pin(async move {
                    ping(connection, patience).await?;
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let (writer, readers) = (pool_of_all.clone(), pool_of_all);
        Ok(Self { writer, readers, wake: Wake::default(), patience: Some(patience) })
    }

    /// Whether it can be read, and whether it takes writes.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn answers(&self) -> StoreResult<()> {
        let asked = async {
            sqlx::query("SELECT 1 FROM outbox LIMIT 1").fetch_optional(&self.readers).await?;
            let (writes,): (bool,) = sqlx::query_as("SELECT current_setting('transaction_read_only') = 'off'")
                .fetch_one(&self.readers)
                .await?;
            if writes { Ok(()) } else { Err(StoreError::Unavailable("it takes no writes".into())) }
        };
        self.within(asked).await
    }
}

async fn ping(connection: &mut PgConnection, patience: Duration) -> Result<(), sqlx::Error> {
    match tokio::time::timeout(patience, connection.ping()).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
