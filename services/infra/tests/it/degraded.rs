//! Adapters while Redis is killed, frozen or unresponsive.

use std::{sync::Arc, time::Duration};

use kith_infra::{ephemeral, rate_limit};
use kith_kernel::{
    ErrorKind, MethodPolicy, Quota, RequiredAccess, SystemClock,
    ports::{EphemeralStore as _, RateLimiter},
};
use kith_testkit::{DedicatedServer, block_on, test_encryption};
use tokio::{net::TcpListener, time::Instant};

use crate::redis_server::{namespace, node};

const HELP: MethodPolicy = MethodPolicy::new("/a.B/Help", RequiredAccess::Public, Quota::per_hour(5));

fn limiter(url: &str) -> rate_limit::Redis {
    limiter_in(url, &namespace())
}

fn limiter_in(url: &str, namespace: &str) -> rate_limit::Redis {
    let fallback = rate_limit::InMemory::new([HELP], Arc::new(SystemClock));
    rate_limit::Redis::new(node(url, namespace), Arc::new(fallback), test_encryption())
}

async fn is_allowed(limiter: &rate_limit::Redis, caller: &str) -> bool {
    limiter.check(caller, &HELP).await.unwrap().retry_after.is_none()
}

/// Calls until the node uses the shared limiter again, which shows in calls of another node.
async fn wait_until_shared(url: &str, namespace: &str, node: &rate_limit::Redis) {
    let started = Instant::now();
    for caller in 0.. {
        assert!(started.elapsed() < Duration::from_secs(15), "Redis does not recover");
        let caller = format!("probe-{caller}");
        let other = limiter_in(url, namespace);
        for _ in 0..5 {
            assert!(is_allowed(&other, &caller).await);
        }
        if !is_allowed(node, &caller).await {
            return;
        }
    }
}

#[test]
fn a_node_uses_its_local_limiter_while_redis_is_dead_and_the_shared_one_after() {
    block_on(async {
        let mut server = DedicatedServer::redis();
        let namespace = namespace();
        let limiter = limiter_in(&server.url(), &namespace);
        for _ in 0..3 {
            assert!(is_allowed(&limiter, "ann").await);
        }
        server.kill();
        // Calls that this node allowed before still count.
        let allowed =
            [is_allowed(&limiter, "ann").await, is_allowed(&limiter, "ann").await, is_allowed(&limiter, "ann").await];
        assert_eq!(allowed, [true, true, false]);
        assert!(is_allowed(&limiter, "bob").await);
        server.restart();
        wait_until_shared(&server.url(), &namespace, &limiter).await;
    });
}

#[test]
fn a_frozen_redis_delays_few_calls_and_those_briefly() {
    block_on(async {
        let server = DedicatedServer::redis();
        let namespace = namespace();
        let limiter = limiter_in(&server.url(), &namespace);
        assert!(is_allowed(&limiter, "ann").await);
        server.pause();
        let (started, mut slow) = (Instant::now(), 0);
        for caller in 0..1_000 {
            let started = Instant::now();
            assert!(is_allowed(&limiter, &caller.to_string()).await);
            let took = started.elapsed();
            assert!(took < Duration::from_secs(1), "{took:?}");
            slow += u32::from(took > Duration::from_millis(200));
        }
        let took = started.elapsed();
        server.resume();
        assert!(slow <= 10 && took < Duration::from_secs(5), "{slow} slow ones, {took:?} in all");
        wait_until_shared(&server.url(), &namespace, &limiter).await;
    });
}

#[test]
fn ephemeral_values_are_unavailable_in_time_while_redis_is_down_and_work_after() {
    block_on(async {
        let mut server = DedicatedServer::redis();
        let ephemeral = ephemeral::Redis::new(node(&server.url(), &namespace()));
        ephemeral.put("a", vec![1], Duration::from_mins(1)).await.unwrap();
        server.kill();
        for _ in 0..20 {
            let started = Instant::now();
            assert_eq!(ephemeral.take("a").await.unwrap_err().kind(), ErrorKind::Unavailable);
            assert_eq!(
                ephemeral.put("a", vec![1], Duration::from_mins(1)).await.unwrap_err().kind(),
                ErrorKind::Unavailable
            );
            assert!(started.elapsed() < Duration::from_millis(2_500));
        }
        server.restart();
        let started = Instant::now();
        while ephemeral.put("a", vec![2], Duration::from_mins(1)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(15), "Redis does not recover");
            tokio::task::yield_now().await;
        }
        assert_eq!(ephemeral.take("a").await.unwrap(), Some(vec![2]));
    });
}

#[test]
fn a_server_that_accepts_connections_and_never_responds_blocks_no_call() {
    block_on(async {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", silent.local_addr().unwrap());
        let started = Instant::now();
        let limiter = Arc::new(limiter(&url));
        let calls: Vec<_> = (0..200)
            .map(|caller| {
                let limiter = limiter.clone();
                tokio::spawn(async move { is_allowed(&limiter, &caller.to_string()).await })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap());
        }
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        let redis = node(&url, "x");
        assert_eq!(redis.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert!(started.elapsed() < Duration::from_millis(2_500), "{:?}", started.elapsed());
    });
}

#[test]
fn the_health_check_reports_availability() {
    block_on(async {
        let mut server = DedicatedServer::redis();
        let redis = node(&server.url(), "x");
        redis.check_health().await.unwrap();
        server.kill();
        assert_eq!(redis.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
        server.restart();
        redis.check_health().await.unwrap();
    });
}
