//! Behaviour of the log that is specific to JetStream.

use std::{sync::Arc, time::Duration};

use kith_infra::replay_log::JetStream;
use kith_kernel::{
    ErrorKind, EventId,
    ports::{LogSubscriber, ReplayLog as _},
    replay_log::{LogItem, ReplayResult},
};
use kith_testkit::{DedicatedServer, block_on};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    replay_log::{channel, connection, encoded_event, ids, next, node, publish, receive, replayed, settings},
    rollback::StoreCopy,
};

/// Appends with retries until the server is available.
async fn append_until_accepted(log: &JetStream, name: &str) -> EventId {
    let event = encoded_event();
    for _ in 0..200 {
        if log.append(&channel(name), &event).await.is_ok() {
            return event.id;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the log does not recover");
}

#[test]
fn a_position_of_one_node_is_valid_on_another() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (one, other, feed) = (node(&server).await, node(&server).await, channel("feed"));
        let mut subscriber = one.subscribe(&feed).await.unwrap();
        let published = publish(&other, &feed, 10).await;
        let third = receive(&mut *subscriber, 3).await[2].offset.position;
        assert_eq!(replayed(&other, &feed, third).await.unwrap(), published[3..]);
    });
}

/// Returns true if the subject has a subscriber.
async fn has_subscriber(client: &async_nats::Client, subject: &str) -> bool {
    match timeout(Duration::from_millis(300), client.request(subject.to_owned(), "".into())).await {
        Ok(Err(error)) => error.kind() != async_nats::RequestErrorKind::NoResponders,
        Ok(Ok(_)) | Err(_) => true,
    }
}

#[test]
fn a_node_receives_only_channels_with_a_local_subscriber() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (log, client) = (node(&server).await, async_nats::connect(server.url()).await.unwrap());
        publish(&log, &channel("feed"), 1).await;
        assert!(!has_subscriber(&client, "kith.live.feed").await);
        let subscriber = log.subscribe(&channel("feed")).await.unwrap();
        assert!(has_subscriber(&client, "kith.live.feed").await);
        assert!(!has_subscriber(&client, "kith.live.post:1").await);
        drop(subscriber);
        while has_subscriber(&client, "kith.live.feed").await {
            sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn entries_appended_while_a_subscriber_is_disconnected_arrive_after_its_reconnect() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (log, feed) = (node(&server).await, channel("feed"));
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        let mut published = publish(&log, &feed, 5).await;
        assert_eq!(ids(&receive(&mut *subscriber, 5).await), published);
        for _ in 0..5 {
            server.kill();
            server.restart();
            // Another node usually reconnects first and appends one entry. No later entry reveals the gap.
            published = publish(&node(&server).await, &feed, 1).await;
            assert_eq!(ids(&receive(&mut *subscriber, 1).await), published);
        }
    });
}

#[test]
fn entries_dropped_for_a_slow_subscriber_are_read_from_the_stream() {
    block_on(async {
        let server = DedicatedServer::nats();
        let mut settings = settings(Duration::from_mins(10));
        settings.max_entries = 10_000;
        let log = Arc::new(JetStream::new(connection(&server).await, &settings));
        let feed = channel("feed");
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        let first = encoded_event();
        log.append(&feed, &first).await.unwrap();
        // Concurrent publishers append more entries than the subscription can buffer while it is not polled.
        let publishing: Vec<_> = (0..32)
            .map(|_| {
                let log = log.clone();
                tokio::spawn(async move { publish(&*log, &feed, 132).await })
            })
            .collect();
        for publisher in publishing {
            publisher.await.unwrap();
        }
        // Append after the dropped entries, when the buffer has room again.
        let mut received = receive(&mut *subscriber, 1_000).await.len();
        publish(&*log, &feed, 500).await;
        let last = encoded_event();
        log.append(&feed, &last).await.unwrap();
        loop {
            let LogItem::Entry(entry) = next(&mut *subscriber).await else { panic!("entries were lost") };
            received += 1;
            if entry.event.id == last.id {
                break;
            }
        }
        assert_eq!(received, 32 * 132 + 500 + 2);
    });
}

/// Receives `count` entries in a task.
fn spawn_receiver(mut subscriber: Box<dyn LogSubscriber>, count: usize) -> tokio::task::JoinHandle<Vec<EventId>> {
    tokio::spawn(async move {
        let mut received = Vec::new();
        while received.len() < count {
            let LogItem::Entry(entry) = next(&mut *subscriber).await else { panic!("entries were lost") };
            received.push(entry.event.id);
        }
        received
    })
}

#[test]
fn subscribers_receive_each_entry_once_and_in_order_while_the_server_is_killed_repeatedly() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let names = ["feed", "post:1", "user:1"];
        let mut subscribers = Vec::new();
        for _ in 0..2 {
            let log = node(&server).await;
            for name in names {
                subscribers.push((name, spawn_receiver(log.subscribe(&channel(name)).await.unwrap(), 4 * 40)));
            }
        }
        let mut publishers = Vec::new();
        for index in 0..12 {
            let (log, name) = (node(&server).await, names[index % 3]);
            publishers.push((
                name,
                tokio::spawn(async move {
                    let mut published = Vec::new();
                    for _ in 0..40 {
                        published.push(append_until_accepted(&log, name).await);
                        sleep(Duration::from_millis(20)).await;
                    }
                    published
                }),
            ));
        }
        for _ in 0..4 {
            sleep(Duration::from_millis(150)).await;
            server.kill();
            server.restart();
        }
        let mut published = Vec::new();
        for (name, publisher) in publishers {
            published.push((name, publisher.await.unwrap()));
        }
        for (name, subscriber) in subscribers {
            let received = subscriber.await.unwrap();
            for (_, expected) in published.iter().filter(|(channel, _)| *channel == name) {
                let received: Vec<_> = received.iter().filter(|id| expected.contains(id)).copied().collect();
                assert_eq!(received, *expected, "on {name}");
            }
        }
    });
}

#[test]
fn entries_dropped_at_the_end_are_delivered_without_a_later_entry() {
    block_on(async {
        let server = DedicatedServer::nats();
        let mut settings = settings(Duration::from_mins(10));
        settings.max_entries = 10_000;
        let log = Arc::new(JetStream::new(connection(&server).await, &settings));
        let feed = channel("feed");
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        // More entries than the subscription can buffer, and no later one that reveals the gap.
        let publishing: Vec<_> = (0..32)
            .map(|_| {
                let log = log.clone();
                tokio::spawn(async move { publish(&*log, &feed, 140).await })
            })
            .collect();
        for publisher in publishing {
            publisher.await.unwrap();
        }
        assert_eq!(receive(&mut *subscriber, 32 * 140).await.len(), 32 * 140);
    });
}

#[test]
fn foreign_messages_in_the_log_are_ignored() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (log, feed) = (node(&server).await, channel("feed"));
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        let published = publish(&log, &feed, 2).await;
        let received = receive(&mut *subscriber, 2).await;
        assert_eq!(ids(&received), published);
        let foreign = async_nats::connect(server.url()).await.unwrap();
        foreign.publish("kith.log.feed", "foreign".into()).await.unwrap();
        foreign.flush().await.unwrap();
        assert_eq!(replayed(&log, &feed, received[0].offset.position).await.unwrap(), published[1..]);
        // After a reconnect, the subscriber reads the foreign message from the stream too.
        server.kill();
        server.restart();
        let after = append_until_accepted(&log, "feed").await;
        assert_eq!(ids(&receive(&mut *subscriber, 1).await), [after]);
        assert_eq!(replayed(&log, &feed, received[1].offset.position).await.unwrap(), [after]);
    });
}

/// Receives until a gap.
async fn next_gap(subscriber: &mut dyn LogSubscriber) -> kith_kernel::replay_log::LogOffset {
    loop {
        if let LogItem::Gap(gap) = next(subscriber).await {
            return gap;
        }
    }
}

#[test]
fn a_rolled_back_log_reports_a_gap_and_rejects_lost_positions() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (log, feed) = (node(&server).await, channel("feed"));
        publish(&log, &feed, 10).await;
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        let good = subscriber.head();
        server.kill();
        let copy = StoreCopy::copy(&server);
        server.restart();
        append_until_accepted(&log, "elsewhere").await;
        let published = publish(&log, &feed, 20).await;
        let received = receive(&mut *subscriber, 20).await;
        assert_eq!(ids(&received), published);
        let (middle, end) = (received[10].offset, received[19].offset);
        server.kill();
        copy.restore(&server);
        server.restart();
        // The log grows beyond the lost entries before any subscriber checks it.
        let after = node(&server).await;
        publish(&after, &feed, 40).await;
        let gap = next_gap(&mut *subscriber).await;
        assert!(gap.sequence > end.sequence, "sequences increase across epochs");
        let published = publish(&after, &feed, 3).await;
        let received = loop {
            let LogItem::Entry(entry) = next(&mut *subscriber).await else { panic!("further entries were lost") };
            assert!(entry.offset.sequence > gap.sequence);
            if entry.event.id == published[2] {
                break entry.offset;
            }
        };
        for node in [&log, &after, &self::node(&server).await] {
            assert_eq!(replayed(node, &feed, middle.position).await, None, "the entry at this position was lost");
            assert_eq!(replayed(node, &feed, end.position).await, None);
            assert_eq!(replayed(node, &feed, received.position).await, Some(Vec::new()));
            assert_eq!(
                replayed(node, &feed, good.position).await.unwrap().len(),
                43,
                "positions from before the copy stay valid"
            );
        }
    });
}

#[test]
fn a_deleted_log_is_recreated_and_rejects_earlier_positions() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (log, feed) = (node(&server).await, channel("feed"));
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        publish(&log, &feed, 5).await;
        let end = receive(&mut *subscriber, 5).await[4].offset;
        server.kill();
        StoreCopy::wipe(&server);
        server.restart();
        let first = append_until_accepted(&log, "feed").await;
        assert_eq!(replayed(&log, &feed, end.position).await, None);
        assert!(next_gap(&mut *subscriber).await.sequence > end.sequence);
        let published = publish(&log, &feed, 2).await;
        let mut received = Vec::new();
        while received.last() != published.last() {
            let LogItem::Entry(entry) = next(&mut *subscriber).await else { panic!("further entries were lost") };
            received.push(entry.event.id);
        }
        received.retain(|id| *id != first);
        assert_eq!(received, published);
    });
}

#[test]
fn an_expired_entry_makes_an_older_position_unrecoverable() {
    block_on(async {
        let server = DedicatedServer::nats();
        let log = JetStream::new(connection(&server).await, &settings(Duration::from_secs(1)));
        let (feed, post) = (channel("feed"), channel("post:1"));
        publish(&log, &feed, 1).await;
        let before = log.subscribe(&post).await.unwrap().head();
        publish(&log, &post, 1).await;
        let far = before.position;
        while log.replay(&post, far, 10).await.unwrap() != ReplayResult::Unrecoverable {
            sleep(Duration::from_millis(100)).await;
        }
        publish(&log, &feed, 1).await;
        assert_eq!(replayed(&log, &post, far).await, None);
        let now = log.subscribe(&post).await.unwrap().head();
        assert_eq!(replayed(&log, &post, now.position).await, Some(Vec::new()));
    });
}

#[test]
fn a_subscriber_of_a_quiet_channel_loses_nothing_when_the_server_restarts() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let log = JetStream::new(connection(&server).await, &settings(Duration::from_secs(3)));
        let (feed, post) = (channel("feed"), channel("post:1"));
        publish(&log, &post, 1).await;
        let mut subscriber = log.subscribe(&post).await.unwrap();
        let receiving = tokio::spawn(async move { next(&mut *subscriber).await });
        // Long enough for all entries of the channel to expire while another channel is active.
        for _ in 0..45 {
            sleep(Duration::from_millis(100)).await;
            publish(&log, &feed, 1).await;
        }
        server.kill();
        server.restart();
        append_until_accepted(&log, "feed").await;
        let published = publish(&log, &post, 1).await;
        let received = receiving.await.unwrap();
        assert!(matches!(&received, LogItem::Entry(entry) if entry.event.id == published[0]), "{received:?}");
    });
}

#[test]
fn an_empty_log_keeps_its_epoch_over_a_server_restart() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (log, feed) = (node(&server).await, channel("feed"));
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        let before = subscriber.head().position;
        server.kill();
        server.restart();
        let published = append_until_accepted(&log, "feed").await;
        let received = next(&mut *subscriber).await;
        assert!(matches!(&received, LogItem::Entry(entry) if entry.event.id == published), "{received:?}");
        assert_eq!(replayed(&log, &feed, before).await, Some(vec![published]));
    });
}

#[test]
fn an_unresponsive_server_is_unavailable_in_time_and_missed_entries_arrive_when_it_recovers() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (log, other, feed) = (node(&server).await, node(&server).await, channel("feed"));
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        let published = publish(&other, &feed, 3).await;
        assert_eq!(ids(&receive(&mut *subscriber, 3).await), published);
        server.pause();
        for _ in 0..4 {
            let started = Instant::now();
            let error = log.append(&feed, &encoded_event()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(
                log.subscribe(&feed).await.is_err() && log.replay(&feed, subscriber.head().position, 9).await.is_err()
            );
            assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
            let started = Instant::now();
            log.check_health().await.unwrap_err();
            assert!(started.elapsed() < Duration::from_millis(1_700), "{:?}", started.elapsed());
        }
        server.resume();
        let last = append_until_accepted(&other, "feed").await;
        let received = timeout(Duration::from_secs(20), async {
            loop {
                let LogItem::Entry(entry) = subscriber.next().await else { panic!("entries were lost") };
                if entry.event.id == last {
                    break;
                }
            }
        });
        received.await.unwrap();
        log.check_health().await.unwrap();
    });
}
