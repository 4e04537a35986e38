//! Close codes, reasons and retry hints.

use std::time::Duration;

use futures_util::future::join_all;
use kith_realtime::Limits;
use kith_testkit::{block_on, member};
use serde_json::json;

use crate::{client::Client, harness::embedded};

#[test]
fn a_slow_consumer_is_closed_and_resumes_while_others_are_served() {
    block_on(async {
        let limits = Limits { max_queue_bytes: 16 * 1024, max_replay_events: 1_000_000, ..Limits::default() };
        let node = embedded(limits).await;
        let (ann, bob) = (member(), member().user);
        let (mut slow, mut quick) = (node.client(&ann).await, node.client(&member()).await);
        slow.subscribe("feed").await;
        quick.subscribe("feed").await;
        // Until the buffers of the sockets are full too.
        let mut event_ids = Vec::new();
        while node.gateway.load().0 == 2 {
            let more = node.post(bob, 30).await;
            assert_eq!(quick.events(30).await.0, more, "the slow consumer delays no other");
            event_ids.extend(more);
        }
        let (mut received, mut position) = (Vec::new(), String::new());
        while let Ok(frame) = slow.receive().await {
            received.push(crate::client::text(&frame["event"]["id"]));
            position = crate::client::text(&frame["event"]["position"]);
        }
        assert_eq!(received, event_ids[..received.len()], "the received events are in order");
        assert!(received.len() < event_ids.len());
        // The in-memory log retains 1,000 entries.
        let mut resumed = node.client(&ann).await;
        let missed = event_ids.len() - received.len();
        assert_eq!(resumed.resume("feed", &position).await, missed <= 1000);
        if missed <= 1000 {
            assert_eq!(resumed.events(missed).await.0, event_ids[received.len()..]);
        }
    });
}

#[test]
fn a_draining_node_closes_all_connections_spread_over_the_drain_period() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let mut clients = Vec::new();
        for _ in 0..40 {
            clients.push(node.client(&member()).await);
        }
        let gateway = node.gateway.clone();
        let began = tokio::time::Instant::now();
        let drain = tokio::spawn(async move { gateway.drain(Duration::from_secs(1)).await });
        let ends =
            join_all(clients.iter_mut().map(|client| async move { (client.closed().await, began.elapsed()) })).await;
        assert!(ends.iter().all(|(end, _)| end.code == 4000 && end.reason["retryAfterMs"].is_u64()), "{ends:?}");
        let early = ends.iter().filter(|(_, after)| *after < Duration::from_millis(500)).count();
        assert!((10..=30).contains(&early), "{early} of 40 in the first half");
        drop(clients);
        drain.await.unwrap();
        assert!(Client::try_open(&node.address, "kith.v1.json", crate::harness::ORIGIN).await.is_err());
    });
}

#[test]
fn a_connection_without_a_hello_is_closed_after_the_timeout() {
    block_on(async {
        let node = embedded(Limits { hello_timeout: Duration::from_millis(50), ..Limits::default() }).await;
        assert_eq!(Client::open(&node.address).await.closed().await.code, 4006);
    });
}

#[test]
fn connections_of_an_account_are_limited_until_one_is_closed() {
    block_on(async {
        let node = embedded(Limits { max_connections: 2, ..Limits::default() }).await;
        let ann = member();
        let (first, mut second) = (node.client(&ann).await, node.client(&ann).await);
        let mut third = Client::open(&node.address).await;
        third.send(json!({ "hello": { "ticket": node.slices.ticket(&ann, Duration::from_hours(1)) } })).await;
        let end = third.closed().await;
        assert_eq!((end.code, end.reason["reason"].as_str()), (4007, Some("TOO_MANY_CONNECTIONS")));
        assert!(end.reason["retryAfterMs"].as_u64().is_some_and(|wait| wait >= 1_000), "not at once: {end:?}");
        node.client(&member()).await;
        drop((first, third));
        while node.gateway.load().0 > 1 {
            tokio::task::yield_now().await;
        }
        node.client(&ann).await.subscribe("feed").await;
        second.subscribe("feed").await;
    });
}

#[test]
fn unauthenticated_connections_are_limited() {
    block_on(async {
        let node = embedded(Limits { max_unauthenticated: 1, ..Limits::default() }).await;
        let open = async || Client::try_open(&node.address, "kith.v1.json", crate::harness::ORIGIN).await;
        let mut first = open().await.unwrap();
        let refused = open().await.err().unwrap();
        assert!(refused.to_string().contains("503"), "{refused}");
        first.hello(&node.slices.ticket(&member(), Duration::from_hours(1))).await;
        // The slot is released after authentication.
        while open().await.is_err() {}
    });
}

#[test]
fn a_connection_is_closed_when_its_ticket_expires() {
    block_on(async {
        let limits = Limits { ping_interval: Duration::from_millis(20), ..Limits::default() };
        let node = embedded(limits).await;
        let mut client = Client::open(&node.address).await;
        client.hello(&node.slices.ticket(&member(), Duration::from_millis(100))).await;
        assert_eq!(client.closed().await.code, 4002);
    });
}

#[test]
fn rate_limit_size_limit_and_malformed_frames_have_distinct_codes() {
    block_on(async {
        let node = embedded(Limits { frame_burst: 5, frame_rate: 0, ..Limits::default() }).await;
        let mut fast = node.client(&member()).await;
        for _ in 0..8 {
            fast.send(json!({ "unknown": {} })).await;
        }
        assert_eq!(fast.closed().await.code, 4005);
        let mut large = node.client(&member()).await;
        large.send(json!({ "subscribe": { "channel": "x".repeat(5_000) } })).await;
        assert_eq!(large.closed().await.code, 4502);
        let mut rubbish = node.client(&member()).await;
        rubbish.send(json!("hello")).await;
        assert_eq!(rubbish.closed().await.code, 4503);
    });
}

#[test]
fn a_client_that_answers_no_ping_is_disconnected() {
    block_on(async {
        let (ping_interval, pong_timeout) = (Duration::from_millis(50), Duration::from_secs(2));
        let node = embedded(Limits { ping_interval, pong_timeout, ..Limits::default() }).await;
        // This client answers no ping, since it is not polled.
        let _unresponsive = node.client(&member()).await;
        let mut responsive = node.client(&member()).await;
        let responsive = tokio::spawn(async move { responsive.closed().await });
        while node.gateway.load().0 == 2 {
            tokio::task::yield_now().await;
        }
        assert!(!responsive.is_finished());
        assert_eq!(node.gateway.load().0, 1);
    });
}
