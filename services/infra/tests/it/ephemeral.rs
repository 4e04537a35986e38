//! What every adapter of the port promises.

use std::{sync::Arc, time::Duration};

use kith_infra::ephemeral;
use kith_kernel::{Clock as _, SystemClock, ports::EphemeralStore};
use kith_testkit::{ManualClock, block_on};

use crate::server;

const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(20);

struct Harness {
    ephemeral: Arc<dyn EphemeralStore>,
    /// None where the server has a clock of its own.
    clock: Option<Arc<ManualClock>>,
}

impl Harness {
    async fn pass(&self, span: Duration) {
        match &self.clock {
            Some(clock) => clock.advance(span),
            None => server::pass(span).await,
        }
    }
}

async fn local() -> Harness {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness { ephemeral: Arc::new(ephemeral::Local::new(clock.clone())), clock: Some(clock) }
}

async fn redis() -> Harness {
    let node = server::node(&server::url(), &server::namespace());
    Harness { ephemeral: Arc::new(ephemeral::Redis::new(node)), clock: None }
}

#[kith_testkit::contract(local, redis)]
mod contract {
    use futures_util::future::join_all;

    use super::{Harness, LONG, SHORT};

    async fn what_was_put_is_taken_once_and_by_its_own_name(harness: &Harness) {
        harness.ephemeral.put("a", vec![0, 255, 10], LONG).await.unwrap();
        harness.ephemeral.put("b", Vec::new(), LONG).await.unwrap();
        assert_eq!(harness.ephemeral.take("c").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), Some(vec![0, 255, 10]));
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("b").await.unwrap(), Some(Vec::new()));
    }

    async fn what_is_put_later_stands_in_place_of_what_was_there(harness: &Harness) {
        harness.ephemeral.put("a", vec![1], SHORT).await.unwrap();
        harness.ephemeral.put("a", vec![2], LONG).await.unwrap();
        harness.pass(SHORT).await;
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), Some(vec![2]));
        assert_eq!(harness.ephemeral.take("a").await.unwrap(), None);
    }

    async fn it_is_kept_for_its_time_and_no_longer(harness: &Harness) {
        harness.ephemeral.put("short", vec![1], SHORT).await.unwrap();
        harness.ephemeral.put("long", vec![2], LONG).await.unwrap();
        harness.ephemeral.put("none", vec![3], std::time::Duration::ZERO).await.unwrap();
        harness.pass(SHORT).await;
        assert_eq!(harness.ephemeral.take("short").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("none").await.unwrap(), None);
        assert_eq!(harness.ephemeral.take("long").await.unwrap(), Some(vec![2]));
    }

    async fn of_all_who_come_at_once_one_gets_it(harness: &Harness) {
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
fn another_node_takes_what_one_has_put() {
    block_on(async {
        let namespace = server::namespace();
        let [one, other] = [(); 2].map(|()| ephemeral::Redis::new(server::node(&server::url(), &namespace)));
        one.put("a", vec![7], LONG).await.unwrap();
        assert_eq!(other.take("a").await.unwrap(), Some(vec![7]));
    });
}

#[test]
fn nobody_reads_a_name_from_the_keys_and_the_server_forgets_by_itself() {
    block_on(async {
        let namespace = server::namespace();
        let node = ephemeral::Redis::new(server::node(&server::url(), &namespace));
        node.put("ticket/secret", vec![7], LONG).await.unwrap();
        let keys: Vec<String> = server::ask(redis::cmd("KEYS").arg(format!("{namespace}:*"))).await;
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        assert!(key.starts_with(&format!("{namespace}:e:")) && !key.contains("secret"), "{key}");
        let left: i64 = server::ask(redis::cmd("PTTL").arg(key)).await;
        assert!((1..=3_600_000).contains(&left), "{left}");
    });
}
