//! What the bus promises, on every adapter: what is digested, asked for again, and given up.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_infra::bus::{Local, Nats, READER, Settings};
use kith_kernel::{
    Delivery, AccountEvent, EncodedEvent, ErrorKind, Event, EventId, EventPayload, PortError, SystemClock,
    ports::{DeadLetterStore, EventBus, EventHandler},
};
use kith_testkit::{DedicatedServer, block_on, event, user};
use tokio::time::sleep;

use crate::live::connection;

/// Fails in one way, so many times, and keeps what it digested.
pub(crate) struct Listener {
    name: &'static str,
    fails: Option<ErrorKind>,
    times: AtomicUsize,
    heard: AtomicUsize,
    digested: Mutex<Vec<EventId>>,
}

#[async_trait]
impl EventHandler for Listener {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        self.heard.fetch_add(1, Ordering::SeqCst);
        let failed = self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |times| times.checked_sub(1));
        if let Some(kind) = self.fails.filter(|_| failed.is_ok()) {
            return Err(PortError::new(kind, "not this one"));
        }
        self.digested.lock().unwrap().push(event.id);
        Ok(())
    }
}

impl Listener {
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        Self::failing(name, None, 0)
    }

    pub(crate) fn failing(name: &'static str, fails: Option<ErrorKind>, times: usize) -> Arc<Self> {
        let (heard, digested) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { name, fails, times: AtomicUsize::new(times), heard, digested })
    }

    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }

    pub(crate) fn digested(&self) -> Vec<EventId> {
        self.digested.lock().unwrap().clone()
    }
}

/// Keeps what is buried; closed for so many.
#[derive(Default)]
pub(crate) struct Graveyard {
    closed: AtomicUsize,
    buried: Mutex<Vec<(EventId, &'static str, String)>>,
}

impl Graveyard {
    pub(crate) fn buried(&self) -> Vec<(EventId, &'static str, String)> {
        self.buried.lock().unwrap().clone()
    }
}

#[async_trait]
impl DeadLetterStore for Graveyard {
    async fn add(&self, parcel: &EncodedEvent, consumer: &'static str, why: &str) -> Result<(), PortError> {
        if self.closed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |closed| closed.checked_sub(1)).is_ok() {
            return Err(PortError::new(ErrorKind::Unavailable, "closed"));
        }
        let mut buried = self.buried.lock().unwrap();
        if !buried.iter().any(|(id, by, _)| (*id, *by) == (parcel.id, consumer)) {
            buried.push((parcel.id, consumer, why.to_owned()));
        }
        Ok(())
    }
}

pub(crate) fn parcel() -> EncodedEvent {
    event(EventPayload::Account(AccountEvent::Blocked { blocked: user() })).encode()
}

/// Sends as a relay does: again, until it is taken.
pub(crate) async fn send(bus: &dyn EventBus, parcel: &EncodedEvent) {
    for _ in 0..400 {
        if bus.publish(parcel).await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the bus takes nothing");
}

/// Waits until it is so. The servers have a clock of their own.
pub(crate) async fn soon(what: &str, is: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if is() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("in time: {what}");
}

pub(crate) fn settings() -> Settings {
    Settings { namespace: "kith".to_owned(), age: Duration::from_hours(72), bytes: 1 << 26, replicas: 1 }
}

/// One node's end of a cluster's bus.
pub(crate) async fn node(server: &DedicatedServer) -> Arc<Nats> {
    Arc::new(Nats::new(connection(server).await, &settings(), Arc::new(SystemClock)))
}

struct Harness {
    server: Option<DedicatedServer>,
}

impl Harness {
    /// A bus to these.
    async fn bus(
        &self,
        reactions: Vec<Arc<dyn EventHandler>>,
        dead_letters: Arc<dyn DeadLetterStore>,
    ) -> Arc<dyn EventBus> {
        let Some(server) = &self.server else { return Arc::new(Local::new(reactions, dead_letters)) };
        let bus = node(server).await;
        let consuming = bus.clone();
        // It ends with the runtime of the test.
        tokio::spawn(async move { consuming.consume(reactions, dead_letters, std::future::pending()).await });
        bus
    }
}

async fn local() -> Harness {
    Harness { server: None }
}

async fn nats() -> Harness {
    Harness { server: Some(DedicatedServer::nats()) }
}

#[kith_testkit::contract(local, nats)]
mod contract {
    use super::*;

    async fn everybody_digests_everything_in_order(harness: &Harness) {
        let (one, other) = (Listener::new("one"), Listener::new("other"));
        let bus = harness.bus(vec![one.clone(), other.clone()], Arc::new(Graveyard::default())).await;
        let mut sent = Vec::new();
        for _ in 0..100 {
            let parcel = parcel();
            send(&*bus, &parcel).await;
            sent.push(parcel.id);
        }
        soon("all is digested", || one.digested().len() == 100 && other.digested().len() == 100).await;
        assert_eq!((one.digested(), other.digested()), (sent.clone(), sent));
    }

    async fn what_one_gives_up_is_buried_and_heard_by_the_others(harness: &Harness) {
        let (poisoned, other) = (Listener::failing("poisoned", Some(ErrorKind::Internal), 1), Listener::new("other"));
        let graveyard = Arc::new(Graveyard::default());
        let bus = harness.bus(vec![poisoned.clone(), other.clone()], graveyard.clone()).await;
        let (bad, good) = (parcel(), parcel());
        send(&*bus, &bad).await;
        send(&*bus, &good).await;
        soon("both are heard", || other.digested().len() == 2 && poisoned.digested().len() == 1).await;
        assert_eq!(graveyard.buried(), [(bad.id, "poisoned", "a port failed: not this one".to_owned())]);
        assert_eq!(other.digested(), [bad.id, good.id]);
    }

    async fn what_one_asks_for_again_comes_again_before_all_else_and_is_not_buried(harness: &Harness) {
        let (busy, graveyard) =
            (Listener::failing("busy", Some(ErrorKind::Unavailable), 4), Arc::new(Graveyard::default()));
        let bus = harness.bus(vec![busy.clone()], graveyard.clone()).await;
        let parcels = [parcel(), parcel(), parcel()];
        for parcel in &parcels {
            send(&*bus, parcel).await;
        }
        soon("all is digested", || busy.digested().len() == 3).await;
        assert_eq!(busy.digested(), parcels.map(|parcel| parcel.id));
        assert_eq!(busy.heard(), 7);
        assert!(graveyard.buried().is_empty());
    }

    async fn what_nobody_can_open_is_buried_once_for_all(harness: &Harness) {
        let (one, other, graveyard) = (Listener::new("one"), Listener::new("other"), Arc::new(Graveyard::default()));
        let bus = harness.bus(vec![one.clone(), other.clone()], graveyard.clone()).await;
        let (newer, after) = (EncodedEvent { bytes: b"of a newer build".to_vec(), ..parcel() }, parcel());
        send(&*bus, &newer).await;
        send(&*bus, &after).await;
        soon("the next is heard", || one.digested().len() == 1 && other.digested().len() == 1).await;
        let buried = graveyard.buried();
        assert_eq!((buried.len(), buried[0].0, buried[0].1), (1, newer.id, READER));
        assert_eq!(one.digested(), [after.id]);
    }

    async fn what_cannot_be_buried_comes_again(harness: &Harness) {
        let graveyard = Arc::new(Graveyard { closed: AtomicUsize::new(2), ..Graveyard::default() });
        let poisoned = Listener::failing("poisoned", Some(ErrorKind::Internal), 3);
        let bus = harness.bus(vec![poisoned.clone()], graveyard.clone()).await;
        let (bad, good) = (parcel(), parcel());
        send(&*bus, &bad).await;
        send(&*bus, &good).await;
        soon("the next is heard", || poisoned.digested().len() == 1).await;
        assert_eq!(graveyard.buried().len(), 1);
        assert_eq!(poisoned.heard(), 4);
    }
}

#[test]
fn a_parcel_is_not_safe_with_a_local_bus_until_everybody_has_digested_it() {
    block_on(async {
        let (busy, other) = (Listener::failing("busy", Some(ErrorKind::Unavailable), 1), Listener::new("other"));
        let graveyard = Arc::new(Graveyard { closed: AtomicUsize::new(1), ..Graveyard::default() });
        let bus = Local::new(vec![busy, other.clone()], graveyard.clone());
        let parcel = parcel();
        bus.publish(&parcel).await.unwrap_err();
        assert_eq!(other.heard(), 0, "it hears in order, once all before it have");
        bus.publish(&parcel).await.unwrap();
        let bus = Local::new(vec![Listener::failing("poisoned", Some(ErrorKind::Internal), 2)], graveyard);
        bus.publish(&parcel).await.unwrap_err();
        bus.publish(&parcel).await.unwrap();
    });
}
