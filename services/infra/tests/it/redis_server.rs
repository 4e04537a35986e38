//! The shared Redis of the tests, with a namespace for each test.

use std::{sync::Arc, time::Duration};

use kith_infra::redis::Redis;
use kith_kernel::{Entropy as _, SystemClock, SystemEntropy};

/// URL of the shared server.
#[expect(clippy::disallowed_methods, reason = "the test runner passes the addresses of the servers")]
pub(crate) fn url() -> String {
    std::env::var("KITH_TEST_REDIS_URL").expect("run cargo xtask test, or set KITH_TEST_REDIS_URL")
}

/// Returns a unique namespace.
pub(crate) fn namespace() -> String {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    format!("test-{:016x}", u64::from_be_bytes(bytes))
}

/// The handle of one node.
pub(crate) fn node(url: &str, namespace: &str) -> Redis {
    Redis::open(url, namespace, Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap()
}

/// Runs a command on the shared server directly.
pub(crate) async fn run<T: redis::FromRedisValue>(command: &mut redis::Cmd) -> T {
    let client = redis::Client::open(url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    command.query_async(&mut connection).await.unwrap()
}

/// Waits for a time span by the clock of the shared server.
pub(crate) async fn wait(span: Duration) {
    let client = redis::Client::open(url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut started = None;
    loop {
        let (seconds, micros): (u64, u32) = redis::cmd("TIME").query_async(&mut connection).await.unwrap();
        let now = Duration::new(seconds, micros * 1_000);
        if now.saturating_sub(*started.get_or_insert(now)) > span {
            return;
        }
    }
}
