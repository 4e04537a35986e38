//! Behaviour of the bus that is specific to JetStream.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_infra::bus::{JetStream, Settings};
use kith_kernel::{
    Clock as _, Delivery, EncodedEvent, ErrorKind, EventId, PortError, SystemClock, Timestamp,
    ports::{EventBus as _, EventHandler},
};
use kith_testkit::{DedicatedServer, block_on};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    bus::{RecordingDeadLetters, RecordingHandler, encoded_event, eventually, node, send, settings},
    replay_log::connection,
    rollback::StoreCopy,
};

/// Handler that deduplicates events, as a handler with an inbox does, and counts deliveries.
#[derive(Default)]
struct IdempotentHandler {
    handled: Mutex<HandledEvents>,
    deliveries: AtomicUsize,
    /// Duration of each call.
    duration: Duration,
    started: Notify,
}

#[derive(Default)]
struct HandledEvents {
    ids: HashSet<EventId>,
    order: Vec<EventId>,
}

impl IdempotentHandler {
    fn order(&self) -> Vec<EventId> {
        self.handled.lock().unwrap().order.clone()
    }

    fn deliveries(&self) -> usize {
        self.deliveries.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl EventHandler for IdempotentHandler {
    fn name(&self) -> &'static str {
        "inbox"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        self.deliveries.fetch_add(1, Ordering::SeqCst);
        self.started.notify_one();
        sleep(self.duration).await;
        let mut handled = self.handled.lock().unwrap();
        if handled.ids.insert(event.id) {
            handled.order.push(event.id);
        }
        Ok(())
    }
}

fn consume(bus: &Arc<JetStream>, handler: Arc<dyn EventHandler>) -> JoinHandle<()> {
    let bus = bus.clone();
    tokio::spawn(async move {
        bus.consume(vec![handler], Arc::new(RecordingDeadLetters::default()), std::future::pending()).await;
    })
}

async fn publish(bus: &JetStream, count: usize) -> Vec<EncodedEvent> {
    let mut sent = Vec::new();
    for _ in 0..count {
        let event = encoded_event();
        send(bus, &event).await;
        sent.push(event);
    }
    sent
}

fn ids(events: &[EncodedEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}

fn a_day_ago() -> Timestamp {
    SystemClock.now().before(Duration::from_hours(24))
}

#[test]
fn nodes_share_a_consumer_and_preserve_the_order() {
    block_on(async {
        let server = DedicatedServer::nats();
        let handler = Arc::new(IdempotentHandler::default());
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let bus = node(&server).await;
            consume(&bus, handler.clone());
            nodes.push(bus);
        }
        let sent = publish(&nodes[0], 300).await;
        eventually("all events are handled", || handler.order().len() == 300).await;
        assert_eq!(handler.order(), ids(&sent));
        assert_eq!(handler.deliveries(), 300);
    });
}

#[test]
fn the_progress_of_a_consumer_can_be_queried() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        assert_eq!(bus.last_sequence().await.unwrap(), 0);
        publish(&bus, 3).await;
        assert_eq!(bus.last_sequence().await.unwrap(), 3);
        assert!(!bus.is_acked_up_to("inbox", 3).await.unwrap(), "the consumer does not exist yet");
        let slow = Arc::new(IdempotentHandler { duration: Duration::from_secs(1000), ..IdempotentHandler::default() });
        let task = consume(&bus, slow.clone());
        slow.started.notified().await;
        assert!(!bus.is_acked_up_to("inbox", 1).await.unwrap(), "the current event is not acknowledged");
        task.abort();
        let handler =
            Arc::new(IdempotentHandler { duration: Duration::from_millis(200), ..IdempotentHandler::default() });
        consume(&node(&server).await, handler.clone());
        while !bus.is_acked_up_to("inbox", 3).await.unwrap() {
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(handler.order().len(), 3);
        server.kill();
        bus.is_acked_up_to("inbox", 3).await.unwrap_err();
    });
}

#[test]
fn an_event_of_a_dead_node_is_redelivered_to_another_within_seconds() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (dying, living) = (node(&server).await, node(&server).await);
        let stuck = Arc::new(IdempotentHandler { duration: Duration::from_secs(1000), ..IdempotentHandler::default() });
        let task = consume(&dying, stuck.clone());
        let sent = publish(&dying, 3).await;
        stuck.started.notified().await;
        let handler = Arc::new(IdempotentHandler::default());
        consume(&living, handler.clone());
        sleep(Duration::from_secs(7)).await;
        assert_eq!(handler.deliveries(), 0, "a live node keeps the event, however long it takes");
        task.abort();
        let died = Instant::now();
        eventually("the other node handles it", || handler.order().len() == 3).await;
        assert!(died.elapsed() < Duration::from_secs(8), "{:?}", died.elapsed());
        assert_eq!(handler.order(), ids(&sent));
    });
}

#[test]
fn a_killed_server_loses_nothing_and_delivery_resumes() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let handler = Arc::new(IdempotentHandler::default());
        consume(&bus, handler.clone());
        let mut sent = publish(&bus, 20).await;
        for _ in 0..3 {
            server.kill();
            let started = Instant::now();
            assert_eq!(bus.publish(&encoded_event()).await.unwrap_err().kind(), ErrorKind::Unavailable);
            bus.check_health().await.unwrap_err();
            assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
            server.restart();
            sent.extend(publish(&bus, 20).await);
        }
        eventually("all events are handled", || sent.iter().all(|event| handler.order().contains(&event.id))).await;
        let order: Vec<_> = handler.order().into_iter().filter(|id| ids(&sent).contains(id)).collect();
        assert_eq!(order, ids(&sent));
        bus.check_health().await.unwrap();
    });
}

#[test]
fn concurrent_publishers_and_consumers_lose_nothing_while_the_server_is_killed_repeatedly() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let handler = Arc::new(IdempotentHandler::default());
        for _ in 0..2 {
            consume(&node(&server).await, handler.clone());
        }
        let mut writers = Vec::new();
        for _ in 0..6 {
            let bus = node(&server).await;
            writers.push(tokio::spawn(async move { publish(&bus, 150).await }));
        }
        for _ in 0..4 {
            sleep(Duration::from_millis(30)).await;
            server.kill();
            server.restart();
        }
        let mut sent = Vec::new();
        for writer in writers {
            sent.push(ids(&writer.await.unwrap()));
        }
        eventually("all events are handled", || handler.order().len() == 6 * 150).await;
        let order = handler.order();
        for published in sent {
            let done: Vec<_> = order.iter().filter(|id| published.contains(id)).copied().collect();
            assert_eq!(done, published, "the order of each publisher is preserved");
        }
    });
}

#[test]
fn an_unresponsive_server_is_unavailable_in_time_and_delivery_resumes_when_it_recovers() {
    block_on(async {
        let server = DedicatedServer::nats();
        let bus = node(&server).await;
        let handler = Arc::new(IdempotentHandler::default());
        consume(&bus, handler.clone());
        publish(&bus, 5).await;
        server.pause();
        for _ in 0..3 {
            let started = Instant::now();
            assert_eq!(bus.publish(&encoded_event()).await.unwrap_err().kind(), ErrorKind::Unavailable);
            assert!(started.elapsed() < Duration::from_millis(2_700), "{:?}", started.elapsed());
            let started = Instant::now();
            bus.check_health().await.unwrap_err();
            assert!(started.elapsed() < Duration::from_millis(1_700), "{:?}", started.elapsed());
        }
        server.resume();
        let sent = publish(&bus, 5).await;
        eventually("all events are handled", || sent.iter().all(|event| handler.order().contains(&event.id))).await;
    });
}

#[test]
fn stopping_finishes_the_current_event_and_starts_no_other() {
    block_on(async {
        let server = DedicatedServer::nats();
        let bus = node(&server).await;
        let handler =
            Arc::new(IdempotentHandler { duration: Duration::from_millis(300), ..IdempotentHandler::default() });
        let (stop, stopped) = oneshot::channel::<()>();
        let (consumer_bus, handler_clone) = (bus.clone(), handler.clone());
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            consumer_bus.consume(vec![handler_clone], Arc::new(RecordingDeadLetters::default()), stopped).await;
        });
        let sent = publish(&bus, 3).await;
        handler.started.notified().await;
        stop.send(()).unwrap();
        timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
        assert_eq!(handler.order(), [sent[0].id]);
        let next = Arc::new(IdempotentHandler::default());
        consume(&bus, next.clone());
        eventually("the rest is handled", || next.order().len() == 2).await;
        assert_eq!(next.order(), ids(&sent[1..]), "the finished event was acknowledged");
    });
}

/// Republishes events that the bus has lost, as the reconciler does.
async fn reconcile(bus: &JetStream, events: &[EncodedEvent]) -> usize {
    let stored = bus.stored_event_ids(a_day_ago()).await.unwrap();
    let lost: Vec<_> = events.iter().filter(|event| !stored.contains(event.id)).collect();
    for event in &lost {
        send(bus, event).await;
    }
    lost.len()
}

#[test]
fn events_lost_by_a_rollback_are_republished_and_take_effect_once() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let (handler, late) = (Arc::new(IdempotentHandler::default()), RecordingHandler::new("late"));
        consume(&bus, handler.clone());
        let mut events = publish(&bus, 700).await;
        eventually("all events are handled", || handler.order().len() == 700).await;
        server.kill();
        let copy = StoreCopy::copy(&server);
        server.restart();
        events.extend(publish(&bus, 50).await);
        eventually("all events are handled", || handler.order().len() == 750).await;
        server.kill();
        copy.restore(&server);
        server.restart();
        // New events are published before the loss is detected.
        events.extend(publish(&bus, 20).await);
        assert_eq!(reconcile(&bus, &events).await, 50);
        assert_eq!(reconcile(&bus, &events).await, 0);
        let stored = bus.stored_event_ids(a_day_ago()).await.unwrap();
        assert!(events.iter().all(|event| stored.contains(event.id)));
        assert_eq!(stored.len(), 770);
        consume(&bus, late.clone());
        eventually("the new consumer has handled all events", || late.handled().len() == 770).await;
        eventually("the existing consumer has handled all events", || handler.order().len() == 770).await;
        eventually("lost events are redelivered", || handler.deliveries() >= 820).await;
        assert_eq!(handler.order().len(), 770, "redelivery has no effect");
    });
}

#[test]
fn a_consumer_ahead_of_the_stream_misses_nothing() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let handler = Arc::new(IdempotentHandler::default());
        consume(&bus, handler.clone());
        let mut events = publish(&bus, 10).await;
        eventually("all events are handled", || handler.order().len() == 10).await;
        server.kill();
        let copy = StoreCopy::copy(&server);
        server.restart();
        events.extend(publish(&bus, 30).await);
        eventually("all events are handled", || handler.order().len() == 40).await;
        // Long enough for the server to persist the position of the consumer.
        sleep(Duration::from_secs(1)).await;
        server.kill();
        copy.restore_messages(&server, "kith-events");
        server.restart();
        events.extend(publish(&bus, 60).await);
        reconcile(&bus, &events).await;
        eventually("all events are handled", || events.iter().all(|event| handler.order().contains(&event.id))).await;
        assert_eq!(handler.order().len(), events.len());
    });
}

#[test]
fn a_deleted_stream_is_recreated_and_consumers_follow_it() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let handler = Arc::new(IdempotentHandler::default());
        consume(&bus, handler.clone());
        let mut events = publish(&bus, 10).await;
        eventually("all events are handled", || handler.order().len() == 10).await;
        server.kill();
        StoreCopy::wipe(&server);
        server.restart();
        events.extend(publish(&bus, 10).await);
        assert_eq!(reconcile(&bus, &events).await, 10);
        eventually("all events are handled", || handler.order().len() == 20).await;
        eventually("lost events are redelivered", || handler.deliveries() == 30).await;
    });
}

#[test]
fn an_event_published_twice_within_the_deduplication_window_is_stored_once() {
    block_on(async {
        let server = DedicatedServer::nats();
        let bus = node(&server).await;
        let event = encoded_event();
        for _ in 0..3 {
            bus.publish(&event).await.unwrap();
        }
        let handler = Arc::new(IdempotentHandler::default());
        consume(&bus, handler.clone());
        publish(&bus, 1).await;
        eventually("both events are handled", || handler.order().len() == 2).await;
        assert_eq!(handler.deliveries(), 2);
    });
}

#[test]
fn a_full_bus_rejects_new_events_and_drops_none() {
    block_on(async {
        let server = DedicatedServer::nats();
        let settings = Settings { max_bytes: 16 << 10, ..settings() };
        let bus = Arc::new(JetStream::new(connection(&server).await, &settings, Arc::new(SystemClock)));
        let mut accepted = Vec::new();
        let error = loop {
            let event = encoded_event();
            match bus.publish(&event).await {
                Ok(()) => accepted.push(event),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Unavailable, "the event stays in the outbox");
        let handler = Arc::new(IdempotentHandler::default());
        consume(&bus, handler.clone());
        eventually("all events are handled", || handler.order().len() == accepted.len()).await;
        assert_eq!(handler.order(), ids(&accepted));
    });
}

#[test]
fn a_node_can_start_before_its_servers() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        server.kill();
        let bus = node(&server).await;
        let handler = Arc::new(IdempotentHandler::default());
        consume(&bus, handler.clone());
        let mut wakeups = bus.wakeups();
        let woken = tokio::spawn(async move { wakeups.wait().await });
        assert_eq!(bus.publish(&encoded_event()).await.unwrap_err().kind(), ErrorKind::Unavailable);
        server.restart();
        let sent = publish(&bus, 3).await;
        eventually("all events are handled", || handler.order().len() == 3).await;
        assert_eq!(handler.order(), ids(&sent));
        timeout(Duration::from_secs(5), woken).await.unwrap().unwrap();
    });
}

#[test]
fn a_write_on_any_node_wakes_the_relay() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (writes, drains) = (node(&server).await, node(&server).await);
        let mut wakeups = drains.wakeups();
        wakeups.wait().await;
        for _ in 0..3 {
            assert!(timeout(Duration::from_millis(100), wakeups.wait()).await.is_err(), "no node has written");
            // Several notifications are merged into one.
            for _ in 0..10 {
                writes.notify_peers().await;
            }
            timeout(Duration::from_secs(5), wakeups.wait()).await.expect("the wake-up arrives");
            sleep(Duration::from_millis(100)).await;
            let _ = timeout(Duration::from_millis(100), wakeups.wait()).await;
        }
    });
}
