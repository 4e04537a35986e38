//! Contract of the replay log, for every adapter.

use std::{sync::Arc, time::Duration};

use kith_infra::{
    nats::Connection,
    replay_log::{InMemory, JetStream, Retention, Settings},
};
use kith_kernel::{
    AccountEvent, Channel, Clock as _, EncodedEvent, EventId, EventPayload, Position, PostId, SystemClock,
    SystemEntropy,
    ports::{LogSubscriber, ReplayLog},
    replay_log::{LogEntry, LogItem, ReplayResult},
};
use kith_testkit::{DedicatedServer, ManualClock, block_on, event, user};
use tokio::time::timeout;
use uuid::Uuid;

/// Retained entries per channel.
const MAX_ENTRIES: usize = 200;
const MAX_AGE: Duration = Duration::from_mins(10);
const KEY: [u8; 16] = [7; 16];

struct Harness {
    log: Arc<dyn ReplayLog>,
    /// Runs as long as the harness exists.
    _server: Option<DedicatedServer>,
}

async fn in_memory() -> Harness {
    let retention = Retention { max_entries: MAX_ENTRIES, max_bytes: 1 << 20, max_age: MAX_AGE };
    Harness { log: Arc::new(InMemory::new(&KEY, 1, retention, Arc::new(SystemClock))), _server: None }
}

async fn jetstream() -> Harness {
    let server = DedicatedServer::nats();
    Harness { log: Arc::new(node(&server).await), _server: Some(server) }
}

/// The log of one node of a cluster.
pub(crate) async fn node(server: &DedicatedServer) -> JetStream {
    JetStream::new(connection(server).await, &settings(MAX_AGE))
}

pub(crate) async fn connection(server: &DedicatedServer) -> Connection {
    Connection::open(&server.url(), "test", Arc::new(SystemEntropy)).await.unwrap()
}

pub(crate) fn settings(max_age: Duration) -> Settings {
    Settings {
        namespace: "kith".to_owned(),
        key: KEY,
        max_age,
        max_entries: MAX_ENTRIES,
        max_bytes: 1 << 26,
        replicas: 1,
    }
}

/// The channel of this name, or a post channel that is derived from a name that is not a channel.
pub(crate) fn channel(name: &str) -> Channel {
    let hash = name.bytes().fold(0, |hash: u128, byte| hash.wrapping_mul(257).wrapping_add(byte.into()));
    name.parse().unwrap_or_else(|_| Channel::Post(PostId::from_uuid(Uuid::from_u128(hash))))
}

pub(crate) fn encoded_event() -> EncodedEvent {
    event(EventPayload::Account(AccountEvent::Blocked { blocked: user() })).encode()
}

/// Appends events, one after the other.
pub(crate) async fn publish(log: &dyn ReplayLog, channel: &Channel, count: usize) -> Vec<EventId> {
    let mut published = Vec::with_capacity(count);
    for _ in 0..count {
        let event = encoded_event();
        log.append(channel, &event).await.unwrap();
        published.push(event.id);
    }
    published
}

/// Returns the next item.
pub(crate) async fn next(subscriber: &mut dyn LogSubscriber) -> LogItem {
    timeout(Duration::from_secs(20), subscriber.next()).await.expect("no item in time")
}

/// Returns the next entries and fails on a gap.
pub(crate) async fn receive(subscriber: &mut dyn LogSubscriber, count: usize) -> Vec<LogEntry> {
    let mut received = Vec::with_capacity(count);
    for _ in 0..count {
        let LogItem::Entry(entry) = next(subscriber).await else { panic!("entries were lost") };
        received.push(entry);
    }
    received
}

pub(crate) fn ids(entries: &[LogEntry]) -> Vec<EventId> {
    entries.iter().map(|entry| entry.event.id).collect()
}

pub(crate) async fn replayed(log: &dyn ReplayLog, channel: &Channel, since: Position) -> Option<Vec<EventId>> {
    match log.replay(channel, since, 100).await.unwrap() {
        ReplayResult::Recovered { entries, .. } => Some(ids(&entries)),
        ReplayResult::Unrecoverable => None,
    }
}

#[kith_testkit::contract(in_memory, jetstream)]
mod contract {
    use super::*;

    async fn every_subscriber_receives_all_entries_in_order(harness: &Harness) {
        let feed = channel("feed");
        let mut subscribers =
            [harness.log.subscribe(&feed).await.unwrap(), harness.log.subscribe(&feed).await.unwrap()];
        let published = publish(&*harness.log, &feed, 50).await;
        for subscriber in &mut subscribers {
            let received = receive(&mut **subscriber, 50).await;
            assert_eq!(ids(&received), published);
            assert!(received.is_sorted_by(|one, next| one.offset.sequence < next.offset.sequence));
        }
    }

    async fn a_new_subscriber_receives_no_earlier_entries(harness: &Harness) {
        let feed = channel("feed");
        publish(&*harness.log, &feed, 3).await;
        let mut subscriber = harness.log.subscribe(&feed).await.unwrap();
        let published = publish(&*harness.log, &feed, 1).await;
        assert_eq!(ids(&receive(&mut *subscriber, 1).await), published);
    }

    async fn an_event_that_is_appended_twice_is_delivered_once(harness: &Harness) {
        let feed = channel("feed");
        let mut subscriber = harness.log.subscribe(&feed).await.unwrap();
        let (repeated, after) = (encoded_event(), encoded_event());
        for event in [&repeated, &repeated, &after] {
            harness.log.append(&feed, event).await.unwrap();
        }
        assert_eq!(ids(&receive(&mut *subscriber, 2).await), [repeated.id, after.id]);
    }

    async fn one_event_can_be_appended_to_two_channels(harness: &Harness) {
        let (event, feed, post) = (encoded_event(), channel("feed"), channel("post:1"));
        for channel in [&feed, &post] {
            let mut subscriber = harness.log.subscribe(channel).await.unwrap();
            harness.log.append(channel, &event).await.unwrap();
            assert_eq!(ids(&receive(&mut *subscriber, 1).await), [event.id]);
        }
    }

    async fn a_replay_returns_all_missed_entries(harness: &Harness) {
        let feed = channel("feed");
        let mut subscriber = harness.log.subscribe(&feed).await.unwrap();
        let published = publish(&*harness.log, &feed, 10).await;
        publish(&*harness.log, &channel("post:1"), 3).await;
        let received = receive(&mut *subscriber, 10).await;
        assert_eq!(replayed(&*harness.log, &feed, received[3].offset.position).await.unwrap(), published[4..]);
        assert_eq!(replayed(&*harness.log, &feed, received[9].offset.position).await.unwrap(), []);
    }

    async fn a_channel_without_entries_has_a_position(harness: &Harness) {
        publish(&*harness.log, &channel("post:1"), 3).await;
        let feed = channel("feed");
        let head = harness.log.subscribe(&feed).await.unwrap().head();
        assert_eq!(replayed(&*harness.log, &feed, head.position).await.unwrap(), []);
        let published = publish(&*harness.log, &feed, 3).await;
        assert_eq!(replayed(&*harness.log, &feed, head.position).await.unwrap(), published);
    }

    async fn a_position_older_than_the_log_is_unrecoverable(harness: &Harness) {
        let feed = channel("feed");
        let mut subscriber = harness.log.subscribe(&feed).await.unwrap();
        publish(&*harness.log, &feed, 1).await;
        let first = receive(&mut *subscriber, 1).await[0].offset;
        publish(&*harness.log, &feed, MAX_ENTRIES).await;
        assert_eq!(replayed(&*harness.log, &feed, first.position).await, None);
    }

    async fn a_replay_of_more_than_the_limit_is_unrecoverable(harness: &Harness) {
        let feed = channel("feed");
        publish(&*harness.log, &feed, 1).await;
        let head = harness.log.subscribe(&feed).await.unwrap().head();
        publish(&*harness.log, &feed, 5).await;
        assert_eq!(harness.log.replay(&feed, head.position, 4).await.unwrap(), ReplayResult::Unrecoverable);
        assert!(matches!(harness.log.replay(&feed, head.position, 5).await.unwrap(), ReplayResult::Recovered { .. }));
    }

    async fn a_position_is_valid_only_on_its_own_channel(harness: &Harness) {
        let (feed, post) = (channel("feed"), channel("post:1"));
        publish(&*harness.log, &feed, 1).await;
        publish(&*harness.log, &post, 1).await;
        let head = harness.log.subscribe(&feed).await.unwrap().head();
        assert_eq!(replayed(&*harness.log, &post, head.position).await, None);
        assert_eq!(replayed(&*harness.log, &feed, Position::sealed([0; 16])).await, None);
    }

    async fn all_subscribers_receive_concurrent_publishers_in_the_same_order(harness: &Harness) {
        let feed = channel("feed");
        let mut subscribers =
            [harness.log.subscribe(&feed).await.unwrap(), harness.log.subscribe(&feed).await.unwrap()];
        let publishers: Vec<_> = (0..8)
            .map(|_| {
                let log = harness.log.clone();
                tokio::spawn(async move { publish(&*log, &feed, 20).await })
            })
            .collect();
        let mut published = Vec::new();
        for publisher in publishers {
            published.push(publisher.await.unwrap());
        }
        let [one, other] = &mut subscribers;
        let (one, other) = (ids(&receive(&mut **one, 160).await), ids(&receive(&mut **other, 160).await));
        assert_eq!(one, other);
        for expected in published {
            let received: Vec<_> = one.iter().filter(|id| expected.contains(id)).copied().collect();
            assert_eq!(received, expected, "the order of each publisher is preserved");
        }
    }

    async fn a_channel_name_is_neither_a_pattern_nor_an_alias(harness: &Harness) {
        let names = ["a", "a.b", "a.*", "a.>", "*", ">", "a b", "a=2eb", "sø", "A", "$JS.API", "circle:1"];
        let mut subscribers = Vec::new();
        for name in names {
            subscribers.push(harness.log.subscribe(&channel(name)).await.unwrap());
        }
        let mut published = Vec::new();
        for name in names {
            published.push(publish(&*harness.log, &channel(name), 2).await);
        }
        for (subscriber, published) in subscribers.iter_mut().zip(published) {
            assert_eq!(ids(&receive(&mut **subscriber, 2).await), published);
        }
    }

    async fn a_subscriber_that_cancels_next_misses_nothing(harness: &Harness) {
        let feed = channel("feed");
        let mut subscriber = harness.log.subscribe(&feed).await.unwrap();
        let log = harness.log.clone();
        let publishing = tokio::spawn(async move { publish(&*log, &feed, 100).await });
        let mut received = Vec::new();
        while received.len() < 100 {
            if let Ok(LogItem::Entry(entry)) = timeout(Duration::from_micros(50), subscriber.next()).await {
                received.push(entry);
            }
        }
        assert_eq!(ids(&received), publishing.await.unwrap());
    }

    async fn a_slow_subscriber_receives_all_entries_or_a_gap(harness: &Harness) {
        let feed = channel("feed");
        let mut subscriber = harness.log.subscribe(&feed).await.unwrap();
        let published = publish(&*harness.log, &feed, MAX_ENTRIES * 2).await;
        let (mut expected, mut lost) = (published.iter(), false);
        let mut newest = None;
        while newest != published.last().copied() {
            match next(&mut *subscriber).await {
                LogItem::Gap(_) => lost = true,
                LogItem::Entry(entry) => {
                    let skipped = expected.by_ref().take_while(|id| **id != entry.event.id).count();
                    assert!(skipped == 0 || std::mem::take(&mut lost), "{skipped} were skipped without a gap");
                    newest = Some(entry.event.id);
                }
            }
        }
    }
}

fn with_manual_clock() -> (InMemory, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    (
        InMemory::new(
            &KEY,
            1,
            Retention { max_entries: MAX_ENTRIES, max_bytes: 1 << 20, max_age: MAX_AGE },
            clock.clone(),
        ),
        clock,
    )
}

/// Advances the clock beyond the retention, and appends enough to remove unused buffers.
async fn expire_all(log: &InMemory, clock: &ManualClock) {
    clock.advance(MAX_AGE * 3);
    publish(log, &channel("elsewhere"), 3_000).await;
}

#[test]
fn a_position_of_a_quiet_channel_stays_valid() {
    block_on(async {
        let (log, clock) = with_manual_clock();
        let (never, once) = (channel("never"), channel("once"));
        publish(&log, &channel("elsewhere"), 5).await;
        let never_position = log.subscribe(&never).await.unwrap().head();
        let mut subscriber = log.subscribe(&once).await.unwrap();
        publish(&log, &once, 1).await;
        let once_position = receive(&mut *subscriber, 1).await[0].offset;
        drop(subscriber);
        for _ in 0..2 {
            expire_all(&log, &clock).await;
            assert_eq!(replayed(&log, &never, never_position.position).await, Some(Vec::new()));
            assert_eq!(replayed(&log, &once, once_position.position).await, Some(Vec::new()));
        }
        let published = publish(&log, &once, 2).await;
        assert_eq!(replayed(&log, &once, once_position.position).await, Some(published));
    });
}

#[test]
fn an_expired_entry_makes_an_older_position_unrecoverable() {
    block_on(async {
        let (log, clock) = with_manual_clock();
        let post = channel("post:1");
        let before = log.subscribe(&post).await.unwrap().head();
        publish(&log, &post, 1).await;
        expire_all(&log, &clock).await;
        assert_eq!(replayed(&log, &post, before.position).await, None);
        let now = log.subscribe(&post).await.unwrap().head();
        assert_eq!(replayed(&log, &post, now.position).await, Some(Vec::new()));
    });
}
