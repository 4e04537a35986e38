//! Redis away: killed, stopped, silent from the first byte.

use std::{sync::Arc, time::Duration};

use kith_infra::{ephemeral, limit};
use kith_kernel::{
    ErrorKind, MethodPolicy, Quota, RequiredAccess, SystemClock,
    ports::{EphemeralStore as _, RateLimiter},
};
use kith_testkit::{DedicatedServer, block_on, test_encryption};
use tokio::{net::TcpListener, time::Instant};

use crate::server::{namespace, node};

const HELP: MethodPolicy = MethodPolicy::new("/a.B/Help", RequiredAccess::Public, Quota::per_hour(5));

fn limiter(url: &str) -> limit::Redis {
    limiter_in(url, &namespace())
}

fn limiter_in(url: &str, namespace: &str) -> limit::Redis {
    let alone = limit::Local::new([HELP], Arc::new(SystemClock));
    limit::Redis::new(node(url, namespace), Arc::new(alone), test_encryption())
}

async fn is_let_in(limit: &limit::Redis, caller: &str) -> bool {
    limit.check(caller, &HELP).await.unwrap().retry_after.is_none()
}

/// Calls until the shared count is asked again: another node's calls show.
async fn until_shared(url: &str, namespace: &str, node: &limit::Redis) {
    let begun = Instant::now();
    for caller in 0.. {
        assert!(begun.elapsed() < Duration::from_secs(15), "it does not come back");
        let caller = format!("back-{caller}");
        let other = limiter_in(url, namespace);
        for _ in 0..5 {
            assert!(is_let_in(&other, &caller).await);
        }
        if !is_let_in(node, &caller).await {
            return;
        }
    }
}

#[test]
fn a_node_counts_alone_while_redis_is_dead_and_with_the_others_when_it_is_back() {
    block_on(async {
        let mut own = DedicatedServer::redis();
        let namespace = namespace();
        let limit = limiter_in(&own.url(), &namespace);
        for _ in 0..3 {
            assert!(is_let_in(&limit, "ann").await);
        }
        own.kill();
        // What this node has let in still counts.
        let let_in = [is_let_in(&limit, "ann").await, is_let_in(&limit, "ann").await, is_let_in(&limit, "ann").await];
        assert_eq!(let_in, [true, true, false]);
        assert!(is_let_in(&limit, "bob").await);
        own.restart();
        until_shared(&own.url(), &namespace, &limit).await;
    });
}

#[test]
fn a_redis_that_stands_still_costs_a_call_little_and_most_calls_nothing() {
    block_on(async {
        let own = DedicatedServer::redis();
        let namespace = namespace();
        let limit = limiter_in(&own.url(), &namespace);
        assert!(is_let_in(&limit, "ann").await);
        own.pause();
        let (begun, mut slow) = (Instant::now(), 0);
        for caller in 0..1_000 {
            let asked = Instant::now();
            assert!(is_let_in(&limit, &caller.to_string()).await);
            let took = asked.elapsed();
            assert!(took < Duration::from_secs(1), "{took:?}");
            slow += u32::from(took > Duration::from_millis(200));
        }
        let took = begun.elapsed();
        own.resume();
        assert!(slow <= 10 && took < Duration::from_secs(5), "{slow} slow ones, {took:?} in all");
        until_shared(&own.url(), &namespace, &limit).await;
    });
}

#[test]
fn tickets_are_refused_in_time_while_redis_is_away_and_work_when_it_is_back() {
    block_on(async {
        let mut own = DedicatedServer::redis();
        let tickets = ephemeral::Redis::new(node(&own.url(), &namespace()));
        tickets.put("a", vec![1], Duration::from_mins(1)).await.unwrap();
        own.kill();
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(tickets.take("a").await.unwrap_err().kind(), ErrorKind::Unavailable);
            assert_eq!(
                tickets.put("a", vec![1], Duration::from_mins(1)).await.unwrap_err().kind(),
                ErrorKind::Unavailable
            );
            assert!(asked.elapsed() < Duration::from_millis(2_500));
        }
        own.restart();
        let begun = Instant::now();
        while tickets.put("a", vec![2], Duration::from_mins(1)).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(15), "it does not come back");
            tokio::task::yield_now().await;
        }
        assert_eq!(tickets.take("a").await.unwrap(), Some(vec![2]));
    });
}

#[test]
fn a_server_that_takes_connections_and_says_nothing_holds_nobody() {
    block_on(async {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", silent.local_addr().unwrap());
        let begun = Instant::now();
        let limit = Arc::new(limiter(&url));
        let calls: Vec<_> = (0..200)
            .map(|caller| {
                let limit = limit.clone();
                tokio::spawn(async move { is_let_in(&limit, &caller.to_string()).await })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap());
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        let redis = node(&url, "x");
        assert_eq!(redis.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert!(begun.elapsed() < Duration::from_millis(2_500), "{:?}", begun.elapsed());
    });
}

#[test]
fn it_says_whether_it_answers() {
    block_on(async {
        let mut own = DedicatedServer::redis();
        let redis = node(&own.url(), "x");
        redis.check_health().await.unwrap();
        own.kill();
        assert_eq!(redis.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
        own.restart();
        redis.check_health().await.unwrap();
    });
}
