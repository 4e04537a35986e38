//! The Redis that tests share, with a namespace for each.

use std::{sync::Arc, time::Duration};

use kith_infra::redis::Redis;
use kith_kernel::{Entropy as _, SystemClock, SystemEntropy};

/// The shared server's address.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the servers are")]
pub(crate) fn url() -> String {
    std::env::var("KITH_TEST_REDIS_URL").expect("run cargo xtask test, or set KITH_TEST_REDIS_URL")
}

/// A namespace of the test's own.
pub(crate) fn namespace() -> String {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    format!("test-{:016x}", u64::from_be_bytes(bytes))
}

/// One node's own way to a Redis.
pub(crate) fn node(url: &str, namespace: &str) -> Redis {
    Redis::open(url, namespace, Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap()
}

/// Asks the shared server directly.
pub(crate) async fn ask<T: redis::FromRedisValue>(command: &mut redis::Cmd) -> T {
    let client = redis::Client::open(url()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    command.query_async(&mut link).await.unwrap()
}

/// Lets time pass on the shared server, by its own clock.
pub(crate) async fn pass(span: Duration) {
    let client = redis::Client::open(url()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let mut begun = None;
    loop {
        let (seconds, micros): (u64, u32) = redis::cmd("TIME").query_async(&mut link).await.unwrap();
        let now = Duration::new(seconds, micros * 1_000);
        if now.saturating_sub(*begun.get_or_insert(now)) > span {
            return;
        }
    }
}
