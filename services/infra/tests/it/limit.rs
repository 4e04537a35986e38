//! How often a caller may do what, on every adapter.

use std::{sync::Arc, time::Duration};

use infra::limit::{Local, Redis};
use kernel::{
    Access, Clock as _, Procedure, Quota, SystemClock,
    ports::{Limit, Sweep as _},
};
use testkit::{HandClock, block_on};

use crate::redis_bed;

const HELP: Procedure = Procedure::new("/a.B/Help", Access::Public, Quota::per_minute(2));
const ASK: Procedure = Procedure::new("/a.B/Ask", Access::Public, Quota::per_minute(2));

struct Bed {
    limit: Arc<dyn Limit>,
    time: Time,
}

enum Time {
    Here(Arc<HandClock>),
    There(redis_bed::Bed),
}

impl Bed {
    async fn pass(&self, span: Duration) {
        match &self.time {
            Time::Here(clock) => clock.pass(span),
            Time::There(bed) => bed.pass(span).await,
        }
    }
}

fn limit() -> (Local, Arc<HandClock>) {
    let clock = Arc::new(HandClock::at(SystemClock.now()));
    (Local::new([HELP, ASK], clock.clone()), clock)
}

async fn local() -> Bed {
    let (limit, clock) = limit();
    Bed { limit: Arc::new(limit), time: Time::Here(clock) }
}

async fn redis() -> Bed {
    let bed = redis_bed::Bed::new().await;
    Bed { limit: Arc::new(node(&bed)), time: Time::There(bed) }
}

/// What one node of a cluster counts with.
fn node(bed: &redis_bed::Bed) -> Redis {
    Redis::new(bed.node(), testkit::vault(), Arc::new(limit().0))
}

#[testkit::contract(local, redis)]
mod contract {
    use super::*;

    async fn callers_and_procedures_do_not_share_and_a_wait_is_as_long_as_it_says(bed: &Bed) {
        let limit = &bed.limit;
        for remaining in [1, 0] {
            let allowance = limit.take("ann", &HELP).await.unwrap();
            assert_eq!((allowance.remaining, allowance.wait), (remaining, None));
        }
        let wait = limit.take("ann", &HELP).await.unwrap().wait.unwrap();
        // Redis has a clock that goes on.
        assert!(wait <= Duration::from_secs(30) && wait > Duration::from_secs(25), "{wait:?}");
        assert_eq!(limit.take("bob", &HELP).await.unwrap().wait, None);
        assert_eq!(limit.take("ann", &ASK).await.unwrap().wait, None);
        bed.pass(wait.checked_sub(Duration::from_secs(5)).unwrap()).await;
        assert!(limit.take("ann", &HELP).await.unwrap().wait.is_some());
        bed.pass(Duration::from_secs(5)).await;
        assert_eq!(limit.take("ann", &HELP).await.unwrap().wait, None);
        assert!(limit.take("ann", &HELP).await.unwrap().wait.is_some(), "there was room for one");
        bed.pass(Duration::from_mins(1)).await;
        for _ in 0..2 {
            assert_eq!(limit.take("ann", &HELP).await.unwrap().wait, None);
        }
        assert!(limit.take("ann", &HELP).await.unwrap().wait.is_some(), "a bucket is never fuller than full");
    }

    async fn who_is_refused_waits_no_longer_for_having_asked(bed: &Bed) {
        for _ in 0..2 {
            bed.limit.take("ann", &HELP).await.unwrap();
        }
        let first = bed.limit.take("ann", &HELP).await.unwrap().wait.unwrap();
        for _ in 0..20 {
            assert!(bed.limit.take("ann", &HELP).await.unwrap().wait.unwrap() <= first);
        }
    }
}

#[test]
fn a_wait_is_exact_by_a_clock_that_stands_still() {
    block_on(async {
        let (limit, clock) = limit();
        for _ in 0..2 {
            limit.take("ann", &HELP).await.unwrap();
        }
        let wait = limit.take("ann", &HELP).await.unwrap().wait.unwrap();
        assert_eq!(wait, Duration::from_secs(30));
        clock.pass(wait.checked_sub(Duration::from_millis(1)).unwrap());
        assert!(limit.take("ann", &HELP).await.unwrap().wait.is_some());
        clock.pass(Duration::from_millis(1));
        assert_eq!(limit.take("ann", &HELP).await.unwrap().wait, None);
    });
}

#[test]
fn three_nodes_admit_together_what_one_would() {
    block_on(async {
        const MANY: Procedure = Procedure::new("/a.B/Many", Access::Public, Quota::per_hour(300));
        let bed = redis_bed::Bed::new().await;
        let nodes: Vec<_> = (0..3).map(|_| Arc::new(node(&bed))).collect();
        let mut tasks = Vec::new();
        for nth in 0..30 {
            let node = nodes[nth % 3].clone();
            tasks.push(tokio::spawn(async move {
                let mut admitted = 0;
                for _ in 0..40 {
                    admitted += u32::from(node.take("ann", &MANY).await.unwrap().wait.is_none());
                }
                admitted
            }));
        }
        let mut admitted = 0;
        for task in tasks {
            admitted += task.await.unwrap();
        }
        // One more every twelve seconds.
        assert!((300..=303).contains(&admitted), "{admitted} of 1,200 were admitted where 300 may be");
    });
}

#[test]
fn names_of_callers_are_in_no_key() {
    block_on(async {
        let bed = redis_bed::Bed::new().await;
        node(&bed).take("192.0.2.7", &HELP).await.unwrap();
        let keys = bed.keys().await;
        assert!(keys.len() == 1 && !keys[0].contains("192.0.2.7"), "{keys:?}");
    });
}

#[test]
fn while_redis_is_away_each_node_counts_for_itself() {
    block_on(async {
        let bed = redis_bed::Bed::new().await;
        // Nobody listens on the discard port.
        let away = Redis::new(bed.node_by("redis://127.0.0.1:9"), testkit::vault(), Arc::new(limit().0));
        for _ in 0..2 {
            assert_eq!(away.take("ann", &HELP).await.unwrap().wait, None);
        }
        assert!(away.take("ann", &HELP).await.unwrap().wait.is_some());
        assert_eq!(bed.node_by("redis://127.0.0.1:9").answers().await.unwrap_err().kind(), kernel::Fault::Unavailable);
        bed.node().answers().await.unwrap();
    });
}

#[test]
fn a_procedure_that_nobody_announced_is_not_let_in() {
    block_on(async {
        let other = Procedure { path: "/a.B/Other", ..HELP };
        limit().0.take("ann", &other).await.unwrap_err();
    });
}

#[test]
fn buckets_that_are_full_again_are_dropped_by_a_sweep_and_by_the_calls_of_strangers() {
    block_on(async {
        let (limit, clock) = limit();
        limit.take("ann", &HELP).await.unwrap();
        assert_eq!((limit.sweep().await.unwrap(), limit.held()), (0, 1));
        clock.pass(Duration::from_mins(1));
        assert_eq!((limit.sweep().await.unwrap(), limit.held()), (1, 0));
        for stranger in 0..200_000 {
            clock.pass(Duration::from_millis(1));
            limit.take(&stranger.to_string(), &HELP).await.unwrap();
        }
        // 65,536 calls between two looks, and those of the half minute before.
        assert!(limit.held() <= 65_536 + 30_000, "{}", limit.held());
    });
}
