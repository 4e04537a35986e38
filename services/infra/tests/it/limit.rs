//! What every adapter of the port promises, and the limiters of one process and of all nodes.

use std::{sync::Arc, time::Duration};

use kith_infra::limit::{self, Local};
use kith_kernel::{
    Clock as _, MethodPolicy, Quota, RequiredAccess, SystemClock,
    ports::{PeriodicJob as _, RateLimiter},
};
use kith_testkit::{ManualClock, block_on, test_encryption};

use crate::server;

const HELP: MethodPolicy = MethodPolicy::new("/a.B/Help", RequiredAccess::Public, Quota::per_minute(2));
const ASK: MethodPolicy = MethodPolicy::new("/a.B/Ask", RequiredAccess::Public, Quota::per_minute(2));
/// Full again in a time that a test can let pass: three at once, one more every 30 ms.
const FAST: MethodPolicy = MethodPolicy::new("/a.B/Fast", RequiredAccess::Public, fast());
/// As good as none.
const ENDLESS: MethodPolicy = MethodPolicy::new("/a.B/Endless", RequiredAccess::Public, Quota::per_minute(u32::MAX));

const fn fast() -> Quota {
    let burst = std::num::NonZeroU32::new(3).unwrap();
    Quota { burst, every: Duration::from_millis(30), ..Quota::per_minute(1) }
}

struct Harness {
    limit: Arc<dyn RateLimiter>,
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
    Harness { limit: Arc::new(Local::new([HELP, ASK, FAST, ENDLESS], clock.clone())), clock: Some(clock) }
}

async fn redis() -> Harness {
    Harness { limit: Arc::new(node(&server::namespace())), clock: None }
}

/// One node's limiter.
fn node(namespace: &str) -> limit::Redis {
    let alone = Local::new([HELP, ASK, FAST, ENDLESS], Arc::new(SystemClock));
    limit::Redis::new(server::node(&server::url(), namespace), Arc::new(alone), test_encryption())
}

#[kith_testkit::contract(local, redis)]
mod contract {
    use super::{ASK, Duration, ENDLESS, FAST, HELP, Harness, MethodPolicy};

    async fn callers_and_procedures_do_not_share(harness: &Harness) {
        for remaining in [1, 0] {
            let allowance = harness.limit.check("ann", &HELP).await.unwrap();
            assert_eq!((allowance.remaining, allowance.retry_after), (remaining, None));
        }
        let refused = harness.limit.check("ann", &HELP).await.unwrap();
        let wait = refused.retry_after.unwrap();
        assert_eq!(refused.remaining, 0);
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
        assert_eq!(harness.limit.check("bob", &HELP).await.unwrap().retry_after, None);
        assert_eq!(harness.limit.check("ann", &ASK).await.unwrap().retry_after, None);
    }

    async fn a_wait_is_as_long_as_it_says(harness: &Harness) {
        for _ in 0..5 {
            let mut waits = Vec::new();
            for _ in 0..100 {
                waits.extend(harness.limit.check("ann", &FAST).await.unwrap().retry_after);
                if !waits.is_empty() {
                    break;
                }
            }
            let [wait] = waits.as_slice() else { panic!("a hundred calls were let in") };
            assert!(*wait <= Duration::from_millis(30), "{wait:?}");
            harness.pass(*wait).await;
            assert_eq!(harness.limit.check("ann", &FAST).await.unwrap().retry_after, None);
        }
    }

    async fn a_refused_call_costs_nothing(harness: &Harness) {
        let first = loop {
            if let Some(wait) = harness.limit.check("ann", &HELP).await.unwrap().retry_after {
                break wait;
            }
        };
        for _ in 0..50 {
            assert!(harness.limit.check("ann", &HELP).await.unwrap().retry_after.unwrap() <= first);
        }
    }

    async fn who_does_not_call_for_long_enough_has_all_of_it_again_and_no_more(harness: &Harness) {
        for _ in 0..3 {
            harness.limit.check("ann", &FAST).await.unwrap();
        }
        harness.pass(Duration::from_millis(500)).await;
        assert_eq!(harness.limit.check("ann", &FAST).await.unwrap().remaining, 2);
    }

    async fn a_quota_that_is_as_good_as_none_refuses_nobody(harness: &Harness) {
        for _ in 0..200 {
            assert_eq!(harness.limit.check("ann", &ENDLESS).await.unwrap().retry_after, None);
        }
    }

    async fn a_procedure_that_nobody_announced_is_not_let_in(harness: &Harness) {
        let other = MethodPolicy { path: "/a.B/Other", ..HELP };
        harness.limit.check("ann", &other).await.unwrap_err();
    }
}

#[test]
fn three_nodes_and_thirty_callers_at_once_let_in_what_one_would() {
    const CALLS: MethodPolicy = MethodPolicy::new("/a.B/Calls", RequiredAccess::Public, Quota::per_minute(6_000));
    block_on(async {
        let namespace = server::namespace();
        let nodes: Vec<Arc<limit::Redis>> = (0..3)
            .map(|_| {
                let alone = Local::new([CALLS], Arc::new(SystemClock));
                let server = server::node(&server::url(), &namespace);
                Arc::new(limit::Redis::new(server, Arc::new(alone), test_encryption()))
            })
            .collect();
        // Twice as many calls as there are to have at once.
        let begun = tokio::time::Instant::now();
        let tasks: Vec<_> = (0..30)
            .map(|task| {
                let limit = nodes[task % 3].clone();
                tokio::spawn(async move {
                    let mut let_in = 0;
                    for _ in 0..400 {
                        let_in += u32::from(limit.check("ann", &CALLS).await.unwrap().retry_after.is_none());
                    }
                    let_in
                })
            })
            .collect();
        let mut let_in = 0;
        for task in tasks {
            let_in += task.await.unwrap();
        }
        // 6,000 at once, and one more every 10 ms.
        let more = u32::try_from(begun.elapsed().as_millis() / 10).unwrap();
        let policy = 6_000 + more;
        assert!(let_in >= 6_000 && let_in <= policy + policy / 100, "{let_in} of {policy}");
    });
}

#[test]
fn a_bucket_is_one_key_that_tells_no_caller_and_goes_when_it_is_full_again() {
    block_on(async {
        let namespace = server::namespace();
        let limit = node(&namespace);
        limit.check("192.0.2.7", &HELP).await.unwrap();
        let keys: Vec<String> = server::ask(redis::cmd("KEYS").arg(format!("{namespace}:*"))).await;
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        assert!(key.starts_with(&format!("{namespace}:l:")) && !key.contains("192"), "{key}");
        let left: i64 = server::ask(redis::cmd("PTTL").arg(key)).await;
        assert!((20_000..=30_000).contains(&left), "{left}");
    });
}

fn by_hand() -> (Local, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    (Local::new([HELP, ASK], clock.clone()), clock)
}

#[test]
fn callers_and_procedures_do_not_share_and_a_wait_is_as_long_as_it_says() {
    block_on(async {
        let (limit, clock) = by_hand();
        for remaining in [1, 0] {
            let allowance = limit.check("ann", &HELP).await.unwrap();
            assert_eq!((allowance.remaining, allowance.retry_after), (remaining, None));
        }
        let wait = limit.check("ann", &HELP).await.unwrap().retry_after.unwrap();
        assert_eq!(wait, Duration::from_secs(30));
        assert_eq!(limit.check("bob", &HELP).await.unwrap().retry_after, None);
        assert_eq!(limit.check("ann", &ASK).await.unwrap().retry_after, None);
        clock.advance(wait.checked_sub(Duration::from_millis(1)).unwrap());
        assert!(limit.check("ann", &HELP).await.unwrap().retry_after.is_some());
        clock.advance(Duration::from_millis(1));
        assert_eq!(limit.check("ann", &HELP).await.unwrap().retry_after, None);
    });
}

#[test]
fn buckets_that_are_full_again_are_dropped_by_a_sweep_and_by_the_calls_of_strangers() {
    block_on(async {
        let (limit, clock) = by_hand();
        limit.check("ann", &HELP).await.unwrap();
        assert_eq!((limit.run().await.unwrap(), limit.held()), (0, 1));
        clock.advance(Duration::from_mins(1));
        assert_eq!((limit.run().await.unwrap(), limit.held()), (1, 0));
        for stranger in 0..200_000 {
            clock.advance(Duration::from_millis(1));
            limit.check(&stranger.to_string(), &HELP).await.unwrap();
        }
        // 65,536 calls between two looks, and those of the half minute before.
        assert!(limit.held() <= 65_536 + 30_000, "{}", limit.held());
    });
}
