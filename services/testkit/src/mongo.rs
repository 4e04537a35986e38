//! MongoDB database for one test.
//!
//! Database names contain the time of creation. The first test of a process drops the databases of tests that ran more
//! than 15 minutes ago, including those of tests that failed or were killed. Newer ones remain for inspection.

use std::{ops::Deref, time::Duration};

use kith_kernel::{Clock as _, EventId, SystemClock};
use kith_storage::mongo::{Database, PoolConfig};
use tokio::sync::OnceCell;

use crate::event_id;

const PREFIX: &str = "kith_test_";
const MAX_AGE: Duration = Duration::from_mins(15);

/// Longer than in production: a machine that runs tests is busy, and a slow server must not fail them.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A database on the shared MongoDB server.
#[derive(Debug)]
pub struct MongoDatabase(Database);

impl Deref for MongoDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.0
    }
}

/// Creates and migrates a database.
///
/// # Panics
/// If the server is unavailable or the migration fails.
pub async fn mongo_database() -> MongoDatabase {
    let database = empty_mongo_database().await;
    database.migrate().await.expect("failed to migrate MongoDB");
    database
}

/// Creates a database that is not migrated.
///
/// # Panics
/// If the server is unavailable.
pub async fn empty_mongo_database() -> MongoDatabase {
    static EXPIRED_DROPPED: OnceCell<()> = OnceCell::const_new();
    let database = mongo_database_named(&name(event_id(SystemClock.now()))).await;
    EXPIRED_DROPPED.get_or_init(|| drop_expired(&database)).await;
    database
}

/// Opens the database with this name, for tests with several processes.
///
/// # Panics
/// If the URL of the server is invalid.
pub async fn mongo_database_named(name: &str) -> MongoDatabase {
    let pool = PoolConfig { connect_timeout: TIMEOUT, op_timeout: TIMEOUT, ..PoolConfig::default() };
    let server = Database::open(&mongo_url(), &pool).await.expect("KITH_TEST_MONGO_URL is not a MongoDB URL");
    MongoDatabase(server.sibling(name))
}

/// URL of the shared MongoDB server.
///
/// # Panics
/// If `KITH_TEST_MONGO_URL` is not set.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the test servers are configured by environment variables")]
pub fn mongo_url() -> String {
    std::env::var("KITH_TEST_MONGO_URL").expect("no MongoDB: run `cargo xtask test` or set KITH_TEST_MONGO_URL")
}

/// Safe to run in several processes at the same time.
async fn drop_expired(database: &Database) {
    let oldest = name(EventId::earliest(SystemClock.now().before(MAX_AGE)));
    let names = database.list_databases().await.expect("failed to list the databases of MongoDB");
    for expired in names.iter().filter(|name| name.starts_with(PREFIX) && **name < oldest) {
        database.sibling(expired).drop_database().await.expect("failed to drop an expired database");
    }
}

fn name(id: EventId) -> String {
    format!("{PREFIX}{}", id.uuid().simple())
}
