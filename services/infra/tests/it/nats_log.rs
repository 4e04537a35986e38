//! What can happen to a log on NATS and to no other.

use std::{sync::Arc, time::Duration};

use kith_infra::live::Nats;
use kith_kernel::{
    ErrorKind, EventId,
    replay_log::{LogItem, ReplayResult},
    ports::{LogSubscriber, ReplayLog as _},
};
use kith_testkit::{DedicatedServer, block_on};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    live::{channel, connection, hear, ids, missed, next, node, parcel, publish, settings},
    rollback::Store,
};

/// Publishes when the server is well again.
async fn once_it_is_back(live: &Nats, name: &str) -> EventId {
    let parcel = parcel();
    for _ in 0..200 {
        if live.append(&channel(name), &parcel).await.is_ok() {
            return parcel.id;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the log does not come back");
}

#[test]
fn a_position_of_one_node_is_good_on_another() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (one, other, feed) = (node(&server).await, node(&server).await, channel("feed"));
        let mut listener = one.subscribe(&feed).await.unwrap();
        let told = publish(&other, &feed, 10).await;
        let third = hear(&mut *listener, 3).await[2].offset.position;
        assert_eq!(missed(&other, &feed, third).await.unwrap(), told[3..]);
    });
}

/// Whether anybody is given what is told on a channel.
async fn wanted(client: &async_nats::Client, subject: &str) -> bool {
    match timeout(Duration::from_millis(300), client.request(subject.to_owned(), "".into())).await {
        Ok(Err(error)) => error.kind() != async_nats::RequestErrorKind::NoResponders,
        Ok(Ok(_)) | Err(_) => true,
    }
}

#[test]
fn a_node_is_given_only_what_somebody_on_it_listens_to() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (live, client) = (node(&server).await, async_nats::connect(server.url()).await.unwrap());
        publish(&live, &channel("feed"), 1).await;
        assert!(!wanted(&client, "kith.live.feed").await);
        let listener = live.subscribe(&channel("feed")).await.unwrap();
        assert!(wanted(&client, "kith.live.feed").await);
        assert!(!wanted(&client, "kith.live.post:1").await);
        drop(listener);
        while wanted(&client, "kith.live.feed").await {
            sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn what_is_told_while_a_listener_is_cut_off_is_heard_when_it_is_back() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (deaf, feed) = (node(&server).await, channel("feed"));
        let mut listener = deaf.subscribe(&feed).await.unwrap();
        let mut told = publish(&deaf, &feed, 5).await;
        assert_eq!(ids(&hear(&mut *listener, 5).await), told);
        for _ in 0..5 {
            server.kill();
            server.restart();
            // Another node is back first, mostly, and tells one thing: nothing comes after it that would show the gap.
            told = publish(&node(&server).await, &feed, 1).await;
            assert_eq!(ids(&hear(&mut *listener, 1).await), told);
        }
    });
}

#[test]
fn what_a_slow_listener_was_not_given_is_read_again() {
    block_on(async {
        let server = DedicatedServer::nats();
        let mut settings = settings(Duration::from_mins(10));
        settings.entries = 10_000;
        let live = Arc::new(Nats::new(connection(&server).await, &settings));
        let feed = channel("feed");
        let mut listener = live.subscribe(&feed).await.unwrap();
        let first = parcel();
        live.append(&feed, &first).await.unwrap();
        // More than the subscription holds while nobody listens, told by many at once.
        let telling: Vec<_> = (0..32)
            .map(|_| {
                let (live, feed) = (live.clone(), feed.clone());
                tokio::spawn(async move { publish(&*live, &feed, 132).await })
            })
            .collect();
        for teller in telling {
            teller.await.unwrap();
        }
        // And some behind what was dropped, once there is room again.
        let mut heard = hear(&mut *listener, 1_000).await.len();
        publish(&*live, &feed, 500).await;
        let last = parcel();
        live.append(&feed, &last).await.unwrap();
        loop {
            let LogItem::Entry(entry) = next(&mut *listener).await else { panic!("the log holds what was dropped") };
            heard += 1;
            if entry.event.id == last.id {
                break;
            }
        }
        assert_eq!(heard, 32 * 132 + 500 + 2);
    });
}

/// Hears so many on a channel.
fn hearing(mut listener: Box<dyn LogSubscriber>, count: usize) -> tokio::task::JoinHandle<Vec<EventId>> {
    tokio::spawn(async move {
        let mut heard = Vec::new();
        while heard.len() < count {
            let LogItem::Entry(entry) = next(&mut *listener).await else { panic!("nothing is lost") };
            heard.push(entry.event.id);
        }
        heard
    })
}

#[test]
fn whoever_publishes_and_listens_while_the_server_is_killed_again_and_again_hears_each_once_and_in_order() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let names = ["feed", "post:1", "user:1"];
        let mut listeners = Vec::new();
        for _ in 0..2 {
            let live = node(&server).await;
            for name in names {
                listeners.push((name, hearing(live.subscribe(&channel(name)).await.unwrap(), 4 * 40)));
            }
        }
        let mut publishers = Vec::new();
        for index in 0..12 {
            let (live, name) = (node(&server).await, names[index % 3]);
            publishers.push((
                name,
                tokio::spawn(async move {
                    let mut told = Vec::new();
                    for _ in 0..40 {
                        told.push(once_it_is_back(&live, name).await);
                        sleep(Duration::from_millis(20)).await;
                    }
                    told
                }),
            ));
        }
        for _ in 0..4 {
            sleep(Duration::from_millis(150)).await;
            server.kill();
            server.restart();
        }
        let mut told = Vec::new();
        for (name, publisher) in publishers {
            told.push((name, publisher.await.unwrap()));
        }
        for (name, listener) in listeners {
            let heard = listener.await.unwrap();
            for (_, own) in told.iter().filter(|(channel, _)| *channel == name) {
                let heard: Vec<_> = heard.iter().filter(|id| own.contains(id)).copied().collect();
                assert_eq!(heard, *own, "on {name}");
            }
        }
    });
}

#[test]
fn what_was_dropped_last_is_heard_at_once_too() {
    block_on(async {
        let server = DedicatedServer::nats();
        let mut settings = settings(Duration::from_mins(10));
        settings.entries = 10_000;
        let live = Arc::new(Nats::new(connection(&server).await, &settings));
        let feed = channel("feed");
        let mut listener = live.subscribe(&feed).await.unwrap();
        // More than the subscription holds, and nothing behind it that would show the gap.
        let telling: Vec<_> = (0..32)
            .map(|_| {
                let (live, feed) = (live.clone(), feed.clone());
                tokio::spawn(async move { publish(&*live, &feed, 140).await })
            })
            .collect();
        for teller in telling {
            teller.await.unwrap();
        }
        assert_eq!(hear(&mut *listener, 32 * 140).await.len(), 32 * 140);
    });
}

#[test]
fn what_somebody_else_writes_into_the_log_is_passed_over() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (live, feed) = (node(&server).await, channel("feed"));
        let mut listener = live.subscribe(&feed).await.unwrap();
        let told = publish(&live, &feed, 2).await;
        let heard = hear(&mut *listener, 2).await;
        assert_eq!(ids(&heard), told);
        let foreign = async_nats::connect(server.url()).await.unwrap();
        foreign.publish("kith.log.feed", "not ours".into()).await.unwrap();
        foreign.flush().await.unwrap();
        assert_eq!(missed(&live, &feed, heard[0].offset.position).await.unwrap(), told[1..]);
        // Cut off, the listener has to read it too.
        server.kill();
        server.restart();
        let after = once_it_is_back(&live, "feed").await;
        assert_eq!(ids(&hear(&mut *listener, 1).await), [after]);
        assert_eq!(missed(&live, &feed, heard[1].offset.position).await.unwrap(), [after]);
    });
}

/// Hears until something is lost.
async fn lost(listener: &mut dyn LogSubscriber) -> kith_kernel::replay_log::LogOffset {
    loop {
        if let LogItem::Gap(mark) = next(listener).await {
            return mark;
        }
    }
}

#[test]
fn a_log_that_was_put_back_tells_all_that_something_is_lost_and_knows_no_position_of_before() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (live, feed) = (node(&server).await, channel("feed"));
        publish(&live, &feed, 10).await;
        let mut listener = live.subscribe(&feed).await.unwrap();
        let good = listener.head();
        server.kill();
        let store = Store::copy(&server);
        server.restart();
        once_it_is_back(&live, "elsewhere").await;
        let told = publish(&live, &feed, 20).await;
        let heard = hear(&mut *listener, 20).await;
        assert_eq!(ids(&heard), told);
        let (middle, end) = (heard[10].offset, heard[19].offset);
        server.kill();
        store.put_back(&server);
        server.restart();
        // It grows over all that was lost, before anybody asks.
        let after = node(&server).await;
        publish(&after, &feed, 40).await;
        let mark = lost(&mut *listener).await;
        assert!(mark.sequence > end.sequence, "sequences grow, whatever the stream does");
        let told = publish(&after, &feed, 3).await;
        let heard = loop {
            let LogItem::Entry(entry) = next(&mut *listener).await else { panic!("nothing more is lost") };
            assert!(entry.offset.sequence > mark.sequence);
            if entry.event.id == told[2] {
                break entry.offset;
            }
        };
        for node in [&live, &after, &self::node(&server).await] {
            assert_eq!(missed(node, &feed, middle.position).await, None, "what stood there is not there any more");
            assert_eq!(missed(node, &feed, end.position).await, None);
            assert_eq!(missed(node, &feed, heard.position).await, Some(Vec::new()));
            assert_eq!(missed(node, &feed, good.position).await.unwrap().len(), 43, "what is older is as it was");
        }
    });
}

#[test]
fn a_log_that_is_gone_is_made_anew_and_knows_no_position_of_before() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (live, feed) = (node(&server).await, channel("feed"));
        let mut listener = live.subscribe(&feed).await.unwrap();
        publish(&live, &feed, 5).await;
        let end = hear(&mut *listener, 5).await[4].offset;
        server.kill();
        Store::wipe(&server);
        server.restart();
        let first = once_it_is_back(&live, "feed").await;
        assert_eq!(missed(&live, &feed, end.position).await, None);
        assert!(lost(&mut *listener).await.sequence > end.sequence);
        let told = publish(&live, &feed, 2).await;
        let mut heard = Vec::new();
        while heard.last() != told.last() {
            let LogItem::Entry(entry) = next(&mut *listener).await else { panic!("nothing more is lost") };
            heard.push(entry.event.id);
        }
        heard.retain(|id| *id != first);
        assert_eq!(heard, told);
    });
}

#[test]
fn what_was_told_and_has_aged_out_is_never_taken_for_nothing() {
    block_on(async {
        let server = DedicatedServer::nats();
        let live = Nats::new(connection(&server).await, &settings(Duration::from_secs(1)));
        let (feed, post) = (channel("feed"), channel("post:1"));
        publish(&live, &feed, 1).await;
        let before = live.subscribe(&post).await.unwrap().head();
        publish(&live, &post, 1).await;
        let far = before.position;
        while live.replay(&post, far, 10).await.unwrap() != ReplayResult::Unrecoverable {
            sleep(Duration::from_millis(100)).await;
        }
        publish(&live, &feed, 1).await;
        assert_eq!(missed(&live, &post, far).await, None);
        let now = live.subscribe(&post).await.unwrap().head();
        assert_eq!(missed(&live, &post, now.position).await, Some(Vec::new()));
    });
}

#[test]
fn a_listener_of_a_quiet_channel_loses_nothing_when_the_server_restarts() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let live = Nats::new(connection(&server).await, &settings(Duration::from_secs(3)));
        let (feed, post) = (channel("feed"), channel("post:1"));
        publish(&live, &post, 1).await;
        let mut listener = live.subscribe(&post).await.unwrap();
        let hearing = tokio::spawn(async move { next(&mut *listener).await });
        // Long enough for all of it to be forgotten, while others still talk.
        for _ in 0..45 {
            sleep(Duration::from_millis(100)).await;
            publish(&live, &feed, 1).await;
        }
        server.kill();
        server.restart();
        once_it_is_back(&live, "feed").await;
        let told = publish(&live, &post, 1).await;
        let heard = hearing.await.unwrap();
        assert!(matches!(&heard, LogItem::Entry(entry) if entry.event.id == told[0]), "{heard:?}");
    });
}

#[test]
fn a_log_without_entries_is_the_same_when_the_server_is_back() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let (live, feed) = (node(&server).await, channel("feed"));
        let mut listener = live.subscribe(&feed).await.unwrap();
        let before = listener.head().position;
        server.kill();
        server.restart();
        let told = once_it_is_back(&live, "feed").await;
        let heard = next(&mut *listener).await;
        assert!(matches!(&heard, LogItem::Entry(entry) if entry.event.id == told), "{heard:?}");
        assert_eq!(missed(&live, &feed, before).await, Some(vec![told]));
    });
}

#[test]
fn a_server_that_does_not_answer_is_unavailable_in_time_and_what_was_missed_comes_when_it_does() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (live, other, feed) = (node(&server).await, node(&server).await, channel("feed"));
        let mut listener = live.subscribe(&feed).await.unwrap();
        let told = publish(&other, &feed, 3).await;
        assert_eq!(ids(&hear(&mut *listener, 3).await), told);
        server.pause();
        for _ in 0..4 {
            let begun = Instant::now();
            let failure = live.append(&feed, &parcel()).await.unwrap_err();
            assert_eq!(failure.kind(), ErrorKind::Unavailable);
            assert!(live.subscribe(&feed).await.is_err() && live.replay(&feed, listener.head().position, 9).await.is_err());
            assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
            let begun = Instant::now();
            live.check_health().await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_millis(1_700), "{:?}", begun.elapsed());
        }
        server.resume();
        let last = once_it_is_back(&other, "feed").await;
        let heard = timeout(Duration::from_secs(20), async {
            loop {
                let LogItem::Entry(entry) = listener.next().await else { panic!("nothing is lost") };
                if entry.event.id == last {
                    break;
                }
            }
        });
        heard.await.unwrap();
        live.check_health().await.unwrap();
    });
}
