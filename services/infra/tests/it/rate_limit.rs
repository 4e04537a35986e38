//! Contract of the rate limiter, for every adapter.

use std::{sync::Arc, time::Duration};

use kith_infra::rate_limit::{self, InMemory};
use kith_kernel::{
    Clock as _, MethodPolicy, Quota, RequiredAccess, SystemClock,
    ports::{PeriodicJob as _, RateLimiter},
};
use kith_testkit::{ManualClock, block_on, test_encryption};

use crate::redis_server;

const HELP: MethodPolicy = MethodPolicy::new("/a.B/Help", RequiredAccess::Public, Quota::per_minute(2));
const ASK: MethodPolicy = MethodPolicy::new("/a.B/Ask", RequiredAccess::Public, Quota::per_minute(2));
/// Full again within the time of a test: a burst of three, and one call per 30 ms.
const FAST: MethodPolicy = MethodPolicy::new("/a.B/Fast", RequiredAccess::Public, fast());
const UNLIMITED: MethodPolicy =
    MethodPolicy::new("/a.B/Unlimited", RequiredAccess::Public, Quota::per_minute(u32::MAX));

const fn fast() -> Quota {
    let burst = std::num::NonZeroU32::new(3).unwrap();
    Quota { burst, every: Duration::from_millis(30), ..Quota::per_minute(1) }
}

struct Harness {
    limiter: Arc<dyn RateLimiter>,
    /// `None` if the server has its own clock.
    clock: Option<Arc<ManualClock>>,
}

impl Harness {
    async fn advance(&self, span: Duration) {
        match &self.clock {
            Some(clock) => clock.advance(span),
            None => redis_server::wait(span).await,
        }
    }
}

async fn in_memory() -> Harness {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness { limiter: Arc::new(InMemory::new([HELP, ASK, FAST, UNLIMITED], clock.clone())), clock: Some(clock) }
}

async fn redis() -> Harness {
    Harness { limiter: Arc::new(node(&redis_server::namespace())), clock: None }
}

/// The limiter of one node.
fn node(namespace: &str) -> rate_limit::Redis {
    let fallback = InMemory::new([HELP, ASK, FAST, UNLIMITED], Arc::new(SystemClock));
    rate_limit::Redis::new(redis_server::node(&redis_server::url(), namespace), Arc::new(fallback), test_encryption())
}

#[kith_testkit::contract(in_memory, redis)]
mod contract {
    use super::{ASK, Duration, FAST, HELP, Harness, MethodPolicy, UNLIMITED};

    async fn callers_and_methods_have_separate_buckets(harness: &Harness) {
        for remaining in [1, 0] {
            let decision = harness.limiter.check("ann", &HELP).await.unwrap();
            assert_eq!((decision.remaining, decision.retry_after), (remaining, None));
        }
        let rejected = harness.limiter.check("ann", &HELP).await.unwrap();
        let wait = rejected.retry_after.unwrap();
        assert_eq!(rejected.remaining, 0);
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
        assert_eq!(harness.limiter.check("bob", &HELP).await.unwrap().retry_after, None);
        assert_eq!(harness.limiter.check("ann", &ASK).await.unwrap().retry_after, None);
    }

    async fn a_call_is_allowed_after_retry_after(harness: &Harness) {
        for _ in 0..5 {
            let mut waits = Vec::new();
            for _ in 0..100 {
                waits.extend(harness.limiter.check("ann", &FAST).await.unwrap().retry_after);
                if !waits.is_empty() {
                    break;
                }
            }
            let [wait] = waits.as_slice() else { panic!("a hundred calls were allowed") };
            assert!(*wait <= Duration::from_millis(30), "{wait:?}");
            harness.advance(*wait).await;
            assert_eq!(harness.limiter.check("ann", &FAST).await.unwrap().retry_after, None);
        }
    }

    async fn a_rejected_call_does_not_consume_the_quota(harness: &Harness) {
        let first = loop {
            if let Some(wait) = harness.limiter.check("ann", &HELP).await.unwrap().retry_after {
                break wait;
            }
        };
        for _ in 0..50 {
            assert!(harness.limiter.check("ann", &HELP).await.unwrap().retry_after.unwrap() <= first);
        }
    }

    async fn an_idle_bucket_refills_to_its_burst(harness: &Harness) {
        for _ in 0..3 {
            harness.limiter.check("ann", &FAST).await.unwrap();
        }
        harness.advance(Duration::from_millis(500)).await;
        assert_eq!(harness.limiter.check("ann", &FAST).await.unwrap().remaining, 2);
    }

    async fn a_quota_of_the_maximum_rejects_no_call(harness: &Harness) {
        for _ in 0..200 {
            assert_eq!(harness.limiter.check("ann", &UNLIMITED).await.unwrap().retry_after, None);
        }
    }

    async fn an_unregistered_method_is_an_error(harness: &Harness) {
        let other = MethodPolicy { path: "/a.B/Other", ..HELP };
        harness.limiter.check("ann", &other).await.unwrap_err();
    }
}

#[test]
fn three_nodes_with_thirty_callers_share_one_quota() {
    const CALLS: MethodPolicy = MethodPolicy::new("/a.B/Calls", RequiredAccess::Public, Quota::per_minute(6_000));
    block_on(async {
        let namespace = redis_server::namespace();
        let nodes: Vec<Arc<rate_limit::Redis>> = (0..3)
            .map(|_| {
                let fallback = InMemory::new([CALLS], Arc::new(SystemClock));
                let server = redis_server::node(&redis_server::url(), &namespace);
                Arc::new(rate_limit::Redis::new(server, Arc::new(fallback), test_encryption()))
            })
            .collect();
        // Twice as many calls as the burst.
        let started = tokio::time::Instant::now();
        let tasks: Vec<_> = (0..30)
            .map(|task| {
                let limiter = nodes[task % 3].clone();
                tokio::spawn(async move {
                    let mut allowed = 0;
                    for _ in 0..400 {
                        allowed += u32::from(limiter.check("ann", &CALLS).await.unwrap().retry_after.is_none());
                    }
                    allowed
                })
            })
            .collect();
        let mut allowed = 0;
        for task in tasks {
            allowed += task.await.unwrap();
        }
        // A burst of 6,000 and one call per 10 ms.
        let more = u32::try_from(started.elapsed().as_millis() / 10).unwrap();
        let policy = 6_000 + more;
        assert!(allowed >= 6_000 && allowed <= policy + policy / 100, "{allowed} of {policy}");
    });
}

#[test]
fn a_bucket_is_one_key_without_the_caller_that_expires_when_full() {
    block_on(async {
        let namespace = redis_server::namespace();
        let limiter = node(&namespace);
        limiter.check("192.0.2.7", &HELP).await.unwrap();
        let keys: Vec<String> = redis_server::run(redis::cmd("KEYS").arg(format!("{namespace}:*"))).await;
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        assert!(key.starts_with(&format!("{namespace}:l:")) && !key.contains("192"), "{key}");
        let left: i64 = redis_server::run(redis::cmd("PTTL").arg(key)).await;
        assert!((20_000..=30_000).contains(&left), "{left}");
    });
}

fn with_manual_clock() -> (InMemory, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    (InMemory::new([HELP, ASK], clock.clone()), clock)
}

#[test]
fn buckets_are_separate_and_retry_after_is_exact() {
    block_on(async {
        let (limiter, clock) = with_manual_clock();
        for remaining in [1, 0] {
            let decision = limiter.check("ann", &HELP).await.unwrap();
            assert_eq!((decision.remaining, decision.retry_after), (remaining, None));
        }
        let wait = limiter.check("ann", &HELP).await.unwrap().retry_after.unwrap();
        assert_eq!(wait, Duration::from_secs(30));
        assert_eq!(limiter.check("bob", &HELP).await.unwrap().retry_after, None);
        assert_eq!(limiter.check("ann", &ASK).await.unwrap().retry_after, None);
        clock.advance(wait.checked_sub(Duration::from_millis(1)).unwrap());
        assert!(limiter.check("ann", &HELP).await.unwrap().retry_after.is_some());
        clock.advance(Duration::from_millis(1));
        assert_eq!(limiter.check("ann", &HELP).await.unwrap().retry_after, None);
    });
}

#[test]
fn full_buckets_are_evicted_by_the_job_and_by_calls() {
    block_on(async {
        let (limiter, clock) = with_manual_clock();
        limiter.check("ann", &HELP).await.unwrap();
        assert_eq!((limiter.run().await.unwrap(), limiter.bucket_count()), (0, 1));
        clock.advance(Duration::from_mins(1));
        assert_eq!((limiter.run().await.unwrap(), limiter.bucket_count()), (1, 0));
        for caller in 0..200_000 {
            clock.advance(Duration::from_millis(1));
            limiter.check(&caller.to_string(), &HELP).await.unwrap();
        }
        // 65,536 calls between two evictions, and the buckets of the half minute before.
        assert!(limiter.bucket_count() <= 65_536 + 30_000, "{}", limiter.bucket_count());
    });
}
