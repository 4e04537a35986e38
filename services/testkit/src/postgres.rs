//! Postgres schema for one test.
//!
//! Schema names contain the time of creation. The first test of a process drops the schemas of tests that ran more than
//! one hour ago, including those of tests that failed or were killed. Newer ones remain for inspection.

use std::{ops::Deref, time::Duration};

use kith_kernel::{Clock as _, EventId, SystemClock};
use kith_storage::sql::{Database, PoolConfig, Postgres};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

use crate::event_id;

const PREFIX: &str = "kith_test_";
const MAX_AGE: Duration = Duration::from_hours(1);

/// Longer than in production: a machine that runs tests is busy, and a slow server must not fail them.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A schema on the shared Postgres server.
#[derive(Debug)]
pub struct PostgresDatabase {
    database: Database<Postgres>,
    url: String,
}

impl PostgresDatabase {
    /// Connection URL including the schema, for another node or a proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Opens a second connection pool, as another node would.
    ///
    /// # Panics
    /// Never: the URL has been parsed before.
    #[must_use]
    pub fn as_another_node(&self) -> Database<Postgres> {
        connect(&self.url)
    }
}

impl Deref for PostgresDatabase {
    type Target = Database<Postgres>;

    fn deref(&self) -> &Self::Target {
        &self.database
    }
}

/// Creates and migrates a schema.
///
/// # Panics
/// If the server is unavailable or the migration fails.
pub async fn postgres_database() -> PostgresDatabase {
    let database = empty_postgres_database().await;
    database.migrate().await.expect("failed to migrate Postgres");
    database
}

/// Creates a schema that is not migrated.
///
/// # Panics
/// If the server is unavailable.
pub async fn empty_postgres_database() -> PostgresDatabase {
    static EXPIRED_DROPPED: OnceCell<()> = OnceCell::const_new();
    let server = server_url();
    let mut admin = PgConnection::connect(&server).await.expect("failed to connect to Postgres");
    EXPIRED_DROPPED.get_or_init(|| drop_expired(&mut admin)).await;
    let name = format!("{PREFIX}{}", event_id(SystemClock.now()).uuid().simple());
    admin.execute(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).await.expect("failed to create a schema");
    admin.close().await.expect("failed to close the connection");
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-c%20search_path%3D{name}");
    PostgresDatabase { database: connect(&url), url }
}

/// Drops one schema per statement: a schema with all its tables takes many locks.
async fn drop_expired(admin: &mut PgConnection) {
    let oldest = EventId::earliest(SystemClock.now().before(MAX_AGE));
    let expired: Vec<(String,)> =
        sqlx::query_as("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE $1 AND nspname::text < $2")
            .bind(format!("{PREFIX}%"))
            .bind(format!("{PREFIX}{}", oldest.uuid().simple()))
            .fetch_all(&mut *admin)
            .await
            .expect("failed to list schemas");
    for (name,) in expired {
        let drop = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
        // Errors are ignored: another test process may drop the same schema.
        let _ = admin.execute(AssertSqlSafe(drop)).await;
    }
}

fn connect(url: &str) -> Database<Postgres> {
    let pool =
        PoolConfig { max_connections: 12, acquire_timeout: TIMEOUT, statement_timeout: TIMEOUT, op_timeout: TIMEOUT };
    Database::connect(url, &pool).expect("KITH_TEST_POSTGRES_URL is not a Postgres URL")
}

#[expect(clippy::disallowed_methods, reason = "the test servers are configured by environment variables")]
fn server_url() -> String {
    let url = std::env::var("KITH_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty());
    url.expect("no Postgres: run `cargo xtask test` or set KITH_TEST_POSTGRES_URL")
}
