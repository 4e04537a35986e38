//! Contract of the ephemeral store, for every adapter.

use std::{sync::Arc, time::Duration};

use kith_infra::ephemeral;
use kith_kernel::{Clock as _, SystemClock, ports::EphemeralStore};
use kith_testkit::{ManualClock, block_on};

use crate::redis_server;

const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(20);

struct Harness {
    ephemeral: Arc<dyn EphemeralStore>,
    /// `None` if the server has its own clock.
    clock: Option<Arc<ManualClock>>,
}

impl Harness {
    async fn advance(&self, span: Duration) {
        match &self.clock {
            Some(clock) => clock.advance(span),
            // Redis counts in milliseconds and expires a key when its TTL has been exceeded.
            None => redis_server::wait(span + Duration::from_millis(1)).await,
        }
    }
}

async fn in_memory() -> Harness {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness { ephemeral: Arc::new(ephemeral::InMemory::new(clock.clone())), clock: Some(clock) }
}

async fn redis() -> Harness {
    let node = redis_server::node(&redis_server::url(), &redis_server::namespace());
    Harness { ephemeral: Arc::new(ephemeral::Redis::new(node)), clock: None }
}

#[kith_testkit::contract(in_memory, redis)]
mod contract {
    use futures_util::future::join_all;

    use super::{Harness, LONG, SHORT};

    async fn a_value_is_taken_once_and_by_its_own_name(harness: &Harness) {
        harness.ephemeral.put("a", vec![0, 255, 10], LONG).await.unwrap();
        harness.ephemeral.put("b", Vec::new(), LONG).await.unwrap();
        assert_eq!(harness.ephemeral.take("c").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), Some(vec![0, 255, 10]));
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("b").await.unwrap(), Some(Vec::new()));
    }

    async fn a_later_value_replaces_an_earlier_one(harness: &Harness) {
        harness.ephemeral.put("a", vec![1], SHORT).await.unwrap();
        harness.ephemeral.put("a", vec![2], LONG).await.unwrap();
        harness.advance(SHORT).await;
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), Some(vec![2]));
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), None);
    }

    async fn a_value_expires_after_its_ttl(harness: &Harness) {
        harness.ephemeral.put("short", vec![1], SHORT).await.unwrap();
        harness.ephemeral.put("long", vec![2], LONG).await.unwrap();
        harness.ephemeral.put("none", vec![3], std::time::Duration::ZERO).await.unwrap();
        harness.advance(SHORT).await;
        assert_eq!(harness.ephemeral.take("short").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("none").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("long").await.unwrap(), Some(vec![2]));
    }

    async fn exactly_one_of_several_concurrent_callers_gets_the_value(harness: &Harness) {
        for name in ["a", "b", "c"] {
            harness.ephemeral.put(name, vec![1], LONG).await.unwrap();
            let takes = (0..32).map(|_| {
                let (ephemeral, name) = (harness.ephemeral.clone(), name.to_owned());
                tokio::spawn(async move { ephemeral.take(&name).await.unwrap() })
            });
            let got = join_all(takes).await.into_iter().filter_map(Result::unwrap).count();
            assert_eq!(got, 1);
        }
    }
}

#[test]
fn one_node_takes_a_value_of_another() {
    block_on(async {
        let namespace = redis_server::namespace();
        let [one, other] =
            [(); 2].map(|()| ephemeral::Redis::new(redis_server::node(&redis_server::url(), &namespace)));
        one.put("a", vec![7], LONG).await.unwrap();
        assert_eq!(other.take("a").await.unwrap(), Some(vec![7]));
    });
}

#[test]
fn keys_do_not_reveal_names_and_expire_on_the_server() {
    block_on(async {
        let namespace = redis_server::namespace();
        let node = ephemeral::Redis::new(redis_server::node(&redis_server::url(), &namespace));
        node.put("ticket/secret", vec![7], LONG).await.unwrap();
        let keys: Vec<String> = redis_server::run(redis::cmd("KEYS").arg(format!("{namespace}:*"))).await;
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        assert!(key.starts_with(&format!("{namespace}:e:")) && !key.contains("secret"), "{key}");
        let left: i64 = redis_server::run(redis::cmd("PTTL").arg(key)).await;
        assert!((1..=3_600_000).contains(&left), "{left}");
    });
}
