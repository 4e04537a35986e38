//! A schema in Postgres for one test, empty and migrated.
//!
//! Its name holds the time it was made, so each run drops what tests of an hour ago left behind, whether they passed,
//! failed or were killed. What a test leaves now can still be looked at.

use std::{ops::Deref, time::Duration};

use kith_kernel::{Clock as _, EventId, SystemClock};
use kith_storage::sql::{Database, Pool};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

use crate::event_id;

const PREFIX: &str = "kith_test_";
const OLD: Duration = Duration::from_hours(1);

/// Machines that test are busy: what is slow there is not silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// A schema of its own in the Postgres for tests.
#[derive(Debug)]
pub struct Postgres {
    database: Database<kith_storage::sql::Postgres>,
    url: String,
}

impl Postgres {
    /// Where it is, schema and all: for another node, or for a proxy before it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As another node has it.
    ///
    /// # Panics
    /// Never: the address was good before.
    #[must_use]
    pub fn as_another_node(&self) -> Database<kith_storage::sql::Postgres> {
        connect(&self.url)
    }
}

impl Deref for Postgres {
    type Target = Database<kith_storage::sql::Postgres>;

    fn deref(&self) -> &Self::Target {
        &self.database
    }
}

/// A Postgres database.
///
/// # Panics
/// If there is no server, or it refuses.
pub async fn postgres() -> Postgres {
    let made = empty_postgres().await;
    made.migrate().await.expect("Postgres migrates");
    made
}

/// A Postgres database that is not migrated yet.
///
/// # Panics
/// If there is no server, or it refuses.
pub async fn empty_postgres() -> Postgres {
    static SWEPT: OnceCell<()> = OnceCell::const_new();
    let server = server();
    let mut admin = PgConnection::connect(&server).await.expect("Postgres answers");
    SWEPT.get_or_init(|| sweep(&mut admin)).await;
    let name = format!("{PREFIX}{}", event_id(SystemClock.now()).uuid().simple());
    admin.execute(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).await.expect("Postgres makes a schema");
    admin.close().await.expect("Postgres says goodbye");
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-c%20search_path%3D{name}");
    Postgres { database: connect(&url), url }
}

/// Each at a time of its own: a schema with all its tables holds many locks.
async fn sweep(admin: &mut PgConnection) {
    let oldest_kept = EventId::earliest(SystemClock.now().before(OLD));
    let old: Vec<(String,)> =
        sqlx::query_as("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE $1 AND nspname::text < $2")
            .bind(format!("{PREFIX}%"))
            .bind(format!("{PREFIX}{}", oldest_kept.uuid().simple()))
            .fetch_all(&mut *admin)
            .await
            .expect("Postgres lists schemas");
    for (name,) in old {
        let drop = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
        // Another binary may be at the same one.
        let _ = admin.execute(AssertSqlSafe(drop)).await;
    }
}

fn connect(url: &str) -> Database<kith_storage::sql::Postgres> {
    let pool = Pool { connections: 12, wait: PATIENCE, statement: PATIENCE, patience: PATIENCE };
    Database::connect(url, &pool).expect("a Postgres address")
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn server() -> String {
    let url = std::env::var("KITH_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty());
    url.expect("no Postgres for this test: run `cargo xtask test`, or set KITH_TEST_POSTGRES_URL")
}
