//! Contract of the event bus, for every adapter.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_infra::bus::{DECODE_CONSUMER, InProcess, JetStream, Settings};
use kith_kernel::{
    AccountEvent, Delivery, EncodedEvent, ErrorKind, EventId, EventPayload, PortError, SystemClock,
    ports::{DeadLetterStore, EventBus, EventHandler},
};
use kith_testkit::{DedicatedServer, block_on, event, user};
use tokio::time::sleep;

use crate::replay_log::connection;

/// Handler that fails a given number of times and records the events it has handled.
pub(crate) struct RecordingHandler {
    name: &'static str,
    error_kind: Option<ErrorKind>,
    failures: AtomicUsize,
    deliveries: AtomicUsize,
    handled: Mutex<Vec<EventId>>,
}

#[async_trait]
impl EventHandler for RecordingHandler {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        self.deliveries.fetch_add(1, Ordering::SeqCst);
        let failed = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |times| times.checked_sub(1));
        if let Some(kind) = self.error_kind.filter(|_| failed.is_ok()) {
            return Err(PortError::new(kind, "handler failed"));
        }
        self.handled.lock().unwrap().push(event.id);
        Ok(())
    }
}

impl RecordingHandler {
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        Self::failing(name, None, 0)
    }

    pub(crate) fn failing(name: &'static str, error_kind: Option<ErrorKind>, failures: usize) -> Arc<Self> {
        let (deliveries, handled) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { name, error_kind, failures: AtomicUsize::new(failures), deliveries, handled })
    }

    pub(crate) fn deliveries(&self) -> usize {
        self.deliveries.load(Ordering::SeqCst)
    }

    pub(crate) fn handled(&self) -> Vec<EventId> {
        self.handled.lock().unwrap().clone()
    }
}

/// Store that rejects a given number of events and records the others.
#[derive(Default)]
pub(crate) struct RecordingDeadLetters {
    rejections: AtomicUsize,
    entries: Mutex<Vec<(EventId, &'static str, String)>>,
}

impl RecordingDeadLetters {
    pub(crate) fn entries(&self) -> Vec<(EventId, &'static str, String)> {
        self.entries.lock().unwrap().clone()
    }
}

#[async_trait]
impl DeadLetterStore for RecordingDeadLetters {
    async fn add(&self, event: &EncodedEvent, consumer: &'static str, error: &str) -> Result<(), PortError> {
        if self
            .rejections
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |rejections| rejections.checked_sub(1))
            .is_ok()
        {
            return Err(PortError::new(ErrorKind::Unavailable, "unavailable"));
        }
        let mut entries = self.entries.lock().unwrap();
        if !entries.iter().any(|(id, by, _)| (*id, *by) == (event.id, consumer)) {
            entries.push((event.id, consumer, error.to_owned()));
        }
        Ok(())
    }
}

pub(crate) fn encoded_event() -> EncodedEvent {
    event(EventPayload::Account(AccountEvent::Blocked { blocked: user() })).encode()
}

/// Publishes an event with retries, as the relay does.
pub(crate) async fn send(bus: &dyn EventBus, event: &EncodedEvent) {
    for _ in 0..400 {
        if bus.publish(event).await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the bus accepts nothing");
}

/// Waits until the condition holds. The servers have their own clock, so a manual one has no effect.
pub(crate) async fn eventually(condition_name: &str, condition: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("not in time: {condition_name}");
}

pub(crate) fn settings() -> Settings {
    Settings { namespace: "kith".to_owned(), max_age: Duration::from_hours(72), max_bytes: 1 << 26, replicas: 1 }
}

/// The bus of one node of a cluster.
pub(crate) async fn node(server: &DedicatedServer) -> Arc<JetStream> {
    Arc::new(JetStream::new(connection(server).await, &settings(), Arc::new(SystemClock)))
}

struct Harness {
    server: Option<DedicatedServer>,
}

impl Harness {
    /// Starts a bus with these handlers.
    async fn bus(
        &self,
        handlers: Vec<Arc<dyn EventHandler>>,
        dead_letters: Arc<dyn DeadLetterStore>,
    ) -> Arc<dyn EventBus> {
        let Some(server) = &self.server else { return Arc::new(InProcess::new(handlers, dead_letters)) };
        let bus = node(server).await;
        let consumer_bus = bus.clone();
        // The task ends with the runtime of the test.
        tokio::spawn(async move { consumer_bus.consume(handlers, dead_letters, std::future::pending()).await });
        bus
    }
}

async fn in_process() -> Harness {
    Harness { server: None }
}

async fn jetstream() -> Harness {
    Harness { server: Some(DedicatedServer::nats()) }
}

#[kith_testkit::contract(in_process, jetstream)]
mod contract {
    use super::*;

    async fn every_handler_handles_all_events_in_order(harness: &Harness) {
        let (one, other) = (RecordingHandler::new("one"), RecordingHandler::new("other"));
        let bus = harness.bus(vec![one.clone(), other.clone()], Arc::new(RecordingDeadLetters::default())).await;
        let mut sent = Vec::new();
        for _ in 0..100 {
            let event = encoded_event();
            send(&*bus, &event).await;
            sent.push(event.id);
        }
        eventually("all events are handled", || one.handled().len() == 100 && other.handled().len() == 100).await;
        assert_eq!((one.handled(), other.handled()), (sent.clone(), sent));
    }

    async fn a_failed_event_is_dead_lettered_and_handled_by_the_other_handlers(harness: &Harness) {
        let (poisoned, other) =
            (RecordingHandler::failing("poisoned", Some(ErrorKind::Internal), 1), RecordingHandler::new("other"));
        let dead_letters = Arc::new(RecordingDeadLetters::default());
        let bus = harness.bus(vec![poisoned.clone(), other.clone()], dead_letters.clone()).await;
        let (bad, good) = (encoded_event(), encoded_event());
        send(&*bus, &bad).await;
        send(&*bus, &good).await;
        eventually("both events are handled", || other.handled().len() == 2 && poisoned.handled().len() == 1).await;
        assert_eq!(dead_letters.entries(), [(bad.id, "poisoned", "port failed: handler failed".to_owned())]);
        assert_eq!(other.handled(), [bad.id, good.id]);
    }

    async fn a_retryable_failure_is_redelivered_first_and_not_dead_lettered(harness: &Harness) {
        let (busy, dead_letters) = (
            RecordingHandler::failing("busy", Some(ErrorKind::Unavailable), 4),
            Arc::new(RecordingDeadLetters::default()),
        );
        let bus = harness.bus(vec![busy.clone()], dead_letters.clone()).await;
        let events = [encoded_event(), encoded_event(), encoded_event()];
        for event in &events {
            send(&*bus, event).await;
        }
        eventually("all events are handled", || busy.handled().len() == 3).await;
        assert_eq!(busy.handled(), events.map(|event| event.id));
        assert_eq!(busy.deliveries(), 7);
        assert!(dead_letters.entries().is_empty());
    }

    async fn an_undecodable_event_is_dead_lettered_once(harness: &Harness) {
        let (one, other, dead_letters) =
            (RecordingHandler::new("one"), RecordingHandler::new("other"), Arc::new(RecordingDeadLetters::default()));
        let bus = harness.bus(vec![one.clone(), other.clone()], dead_letters.clone()).await;
        let (newer, after) = (EncodedEvent { bytes: b"of a newer build".to_vec(), ..encoded_event() }, encoded_event());
        send(&*bus, &newer).await;
        send(&*bus, &after).await;
        eventually("the next event is handled", || one.handled().len() == 1 && other.handled().len() == 1).await;
        let entries = dead_letters.entries();
        assert_eq!((entries.len(), entries[0].0, entries[0].1), (1, newer.id, DECODE_CONSUMER));
        assert_eq!(one.handled(), [after.id]);
    }

    async fn an_event_that_cannot_be_dead_lettered_is_redelivered(harness: &Harness) {
        let dead_letters =
            Arc::new(RecordingDeadLetters { rejections: AtomicUsize::new(2), ..RecordingDeadLetters::default() });
        let poisoned = RecordingHandler::failing("poisoned", Some(ErrorKind::Internal), 3);
        let bus = harness.bus(vec![poisoned.clone()], dead_letters.clone()).await;
        let (bad, good) = (encoded_event(), encoded_event());
        send(&*bus, &bad).await;
        send(&*bus, &good).await;
        eventually("the next event is handled", || poisoned.handled().len() == 1).await;
        assert_eq!(dead_letters.entries().len(), 1);
        assert_eq!(poisoned.deliveries(), 4);
    }
}

#[test]
fn publishing_in_process_fails_until_every_handler_has_handled_the_event() {
    block_on(async {
        let (busy, other) =
            (RecordingHandler::failing("busy", Some(ErrorKind::Unavailable), 1), RecordingHandler::new("other"));
        let dead_letters =
            Arc::new(RecordingDeadLetters { rejections: AtomicUsize::new(1), ..RecordingDeadLetters::default() });
        let bus = InProcess::new(vec![busy, other.clone()], dead_letters.clone());
        let event = encoded_event();
        bus.publish(&event).await.unwrap_err();
        assert_eq!(other.deliveries(), 0, "handlers run in order");
        bus.publish(&event).await.unwrap();
        let bus =
            InProcess::new(vec![RecordingHandler::failing("poisoned", Some(ErrorKind::Internal), 2)], dead_letters);
        bus.publish(&event).await.unwrap_err();
        bus.publish(&event).await.unwrap();
    });
}
