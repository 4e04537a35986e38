//! Isolated namespace on the shared servers.

use kith_kernel::{Clock as _, SystemClock};

use crate::{empty_postgres_database, event_id, mongo_url};

/// URLs of the shared servers, each with a namespace owned by one test.
#[derive(Debug, Clone)]
pub struct TestCluster {
    /// URL of Postgres, with its own schema.
    pub postgres: String,
    /// URL of MongoDB, with its own database.
    pub mongodb: String,
    pub redis: String,
    pub nats: String,
    /// Prefix of all names on Redis and NATS.
    pub namespace: String,
}

impl TestCluster {
    /// Creates an empty namespace.
    ///
    /// # Panics
    /// If the URL of a server is not configured, or Postgres is unavailable.
    pub async fn new() -> Self {
        let namespace = format!("t{}", event_id(SystemClock.now()).uuid().simple()).chars().take(32).collect();
        let database = format!("kith_test_{}", event_id(SystemClock.now()).uuid().simple());
        Self {
            postgres: empty_postgres_database().await.url().to_owned(),
            mongodb: with_database(&mongo_url(), &database),
            redis: redis_url(),
            nats: nats_url(),
            namespace,
        }
    }
}

/// Replaces the path of a MongoDB URL by the name of a database. The query is unchanged.
fn with_database(url: &str, name: &str) -> String {
    let (server, query) =
        url.split_once('?').map_or((url, String::new()), |(server, query)| (server, format!("?{query}")));
    let (scheme, rest) = server.split_once("://").unwrap_or(("mongodb", server));
    let hosts = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{hosts}/{name}{query}")
}

/// URL of the shared Redis server.
///
/// # Panics
/// If `KITH_TEST_REDIS_URL` is not set.
#[must_use]
pub fn redis_url() -> String {
    variable("KITH_TEST_REDIS_URL").expect("no Redis: run `cargo xtask test` or set KITH_TEST_REDIS_URL")
}

/// URL of the shared NATS server.
///
/// # Panics
/// If `KITH_TEST_NATS_URL` is not set.
#[must_use]
pub fn nats_url() -> String {
    variable("KITH_TEST_NATS_URL").expect("no NATS: run `cargo xtask test` or set KITH_TEST_NATS_URL")
}

#[expect(clippy::disallowed_methods, reason = "the test servers are configured by environment variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
