//! A database in MongoDB for one test.
//!
//! Names hold the time they were made, so whoever opens one drops what tests of a while ago left behind, whether they
//! passed, failed or were killed. What a test leaves now can still be looked at.

use std::{ops::Deref, time::Duration};

use kith_kernel::{Clock as _, EventId, SystemClock};
use kith_storage::mongo::{Database, Pool};
use tokio::sync::OnceCell;

use crate::event_id;

const PREFIX: &str = "kith_test_";
const OLD: Duration = Duration::from_mins(15);

/// Machines that test are busy: what is slow there is not silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// A migrated database in MongoDB.
#[derive(Debug)]
pub struct Mongo(Database);

impl Deref for Mongo {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.0
    }
}

/// A database in MongoDB, empty and migrated.
///
/// # Panics
/// If there is no server, or it refuses.
pub async fn mongo() -> Mongo {
    let database = empty_mongo().await;
    database.migrate().await.expect("MongoDB migrates");
    database
}

/// A database in MongoDB in which there is nothing at all.
///
/// # Panics
/// If there is no server.
pub async fn empty_mongo() -> Mongo {
    static SWEPT: OnceCell<()> = OnceCell::const_new();
    let database = mongo_named(&name(event_id(SystemClock.now()))).await;
    SWEPT.get_or_init(|| sweep(&database)).await;
    database
}

/// The database of this name, as it is, for a test of more than one process.
///
/// # Panics
/// If there is no server.
pub async fn mongo_named(name: &str) -> Mongo {
    let pool = Pool { wait: PATIENCE, patience: PATIENCE, ..Pool::default() };
    let server = Database::open(&mongo_url(), &pool).await.expect("a URL of MongoDB");
    Mongo(server.named(name))
}

/// Where the MongoDB for tests is.
///
/// # Panics
/// If there is none.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the servers for tests are told in the environment")]
pub fn mongo_url() -> String {
    std::env::var("KITH_TEST_MONGO_URL")
        .expect("this test needs MongoDB: run `cargo xtask test`, or set KITH_TEST_MONGO_URL")
}

/// Drops what is old. Others do so at the same time.
async fn sweep(database: &Database) {
    let oldest = name(EventId::earliest(SystemClock.now().before(OLD)));
    let names = database.siblings().await.expect("MongoDB lists its databases");
    for old in names.iter().filter(|name| name.starts_with(PREFIX) && **name < oldest) {
        database.named(old).remove().await.expect("MongoDB drops an old database");
    }
}

fn name(id: EventId) -> String {
    format!("{PREFIX}{}", id.uuid().simple())
}
