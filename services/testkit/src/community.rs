//! A community of its own on servers that tests share.

use kith_kernel::{Clock as _, SystemClock};

use crate::{event_id, mongo_url, postgres};

/// Where the servers are, each with a part that nobody else has.
#[derive(Debug, Clone)]
pub struct Community {
    /// Postgres, with a schema of its own.
    pub postgres: String,
    /// MongoDB, with a database of its own.
    pub mongodb: String,
    /// Redis.
    pub redis: String,
    /// NATS.
    pub nats: String,
    /// What names on Redis and NATS begin with.
    pub namespace: String,
}

impl Community {
    /// A new one, in which there is nothing.
    ///
    /// # Panics
    /// If a server is missing.
    pub async fn new() -> Self {
        let namespace = format!("t{}", event_id(SystemClock.now()).uuid().simple()).chars().take(32).collect();
        Self {
            postgres: postgres::empty_postgres().await.url().to_owned(),
            mongodb: in_database(&mongo_url(), &format!("kith_test_{}", event_id(SystemClock.now()).uuid().simple())),
            redis: redis_url(),
            nats: nats_url(),
            namespace,
        }
    }
}

/// The same URL with this database in its path. What is asked of the server stays.
fn in_database(url: &str, name: &str) -> String {
    let (server, asked) =
        url.split_once('?').map_or((url, String::new()), |(server, asked)| (server, format!("?{asked}")));
    let (scheme, rest) = server.split_once("://").unwrap_or(("mongodb", server));
    let hosts = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{hosts}/{name}{asked}")
}

/// Where the Redis for tests is.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn redis_url() -> String {
    variable("KITH_TEST_REDIS_URL").expect("no Redis for this test: run `cargo xtask test`, or set KITH_TEST_REDIS_URL")
}

/// Where the NATS for tests is.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn nats_url() -> String {
    variable("KITH_TEST_NATS_URL").expect("no NATS for this test: run `cargo xtask test`, or set KITH_TEST_NATS_URL")
}

#[expect(clippy::disallowed_methods, reason = "the servers for tests are told in the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
