//! A part of a Redis that only one test knows, and time that passes there when the test says so.

use std::{sync::Arc, time::Duration};

use infra::redis::Redis;
use kernel::{Clock as _, SystemClock, SystemEntropy};
use redis::{AsyncTypedCommands as _, aio::MultiplexedConnection};

/// Keys that begin with a name of their own.
pub(crate) struct Bed {
    url: String,
    namespace: String,
    direct: MultiplexedConnection,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        let url = testkit::redis_url();
        let client = redis::Client::open(url.as_str()).unwrap();
        let direct = client.get_multiplexed_async_connection().await.expect("Redis answers");
        let namespace = format!("test_{}", testkit::event_id(SystemClock.now()).uuid().simple());
        Self { url, namespace, direct }
    }

    /// A way there, as one node has it.
    pub(crate) fn node(&self) -> Arc<Redis> {
        self.node_by(&self.url)
    }

    /// The same, by another way.
    pub(crate) fn node_by(&self, url: &str) -> Arc<Redis> {
        Arc::new(Redis::new(url, self.namespace.as_str(), Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap())
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        self.direct.clone().keys(format!("{}:*", self.namespace)).await.unwrap()
    }

    /// Lets time pass: the server's clock is its own, so what is kept there is made that much older.
    pub(crate) async fn pass(&self, span: Duration) {
        let mut direct = self.direct.clone();
        for key in self.keys().await {
            let left = i64::try_from(direct.pttl(&key).await.unwrap().raw()).unwrap();
            let left = left - i64::try_from(span.as_millis()).unwrap();
            if left <= 0 {
                direct.del(&key).await.unwrap();
                continue;
            }
            if key.contains(":limit:") {
                let full: i64 = direct.get(&key).await.unwrap().unwrap().parse().unwrap();
                direct.set(&key, full - i64::try_from(span.as_micros()).unwrap()).await.unwrap();
            }
            direct.pexpire(&key, left).await.unwrap();
        }
    }
}
