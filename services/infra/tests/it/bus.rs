//! The bus of one process: what is digested, asked for again, and given up.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use infra::bus::{Local, READER};
use kernel::{
    Event, EventId, Fact, Failure, Fault, Parcel,
    ports::{Bus as _, DeadLetters, Reaction},
};
use testkit::{block_on, happened, user};

/// Fails in one way, or not at all, and counts what it heard.
#[derive(Default)]
struct Listener {
    fails: Option<Fault>,
    heard: AtomicUsize,
}

#[async_trait]
impl Reaction for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    async fn on(&self, _: &Event) -> Result<(), Failure> {
        self.heard.fetch_add(1, Ordering::SeqCst);
        self.fails.map_or(Ok(()), |kind| Err(Failure::new(kind, "not this one")))
    }
}

/// Keeps what is buried, while it is open.
#[derive(Default)]
struct Graveyard {
    closed: bool,
    buried: Mutex<Vec<(EventId, &'static str, String)>>,
}

#[async_trait]
impl DeadLetters for Graveyard {
    async fn bury(&self, parcel: &Parcel, consumer: &'static str, why: &str) -> Result<(), Failure> {
        if self.closed {
            return Err(Failure::new(Fault::Unavailable, "closed"));
        }
        self.buried.lock().unwrap().push((parcel.id, consumer, why.to_owned()));
        Ok(())
    }
}

fn parcel() -> Parcel {
    happened(Fact::UserBlocked { blocked: user() }).parcel()
}

fn listener(fails: Option<Fault>) -> Arc<Listener> {
    Arc::new(Listener { fails, ..Listener::default() })
}

#[test]
fn what_one_gives_up_is_buried_and_heard_by_the_others() {
    block_on(async {
        let (poisoned, other) = (listener(Some(Fault::Internal)), listener(None));
        let graveyard = Arc::new(Graveyard::default());
        let (bus, parcel) = (Local::new(vec![poisoned, other.clone()], graveyard.clone()), parcel());
        bus.publish(&parcel).await.unwrap();
        let expected = (parcel.id, "listener", "a port failed: not this one".to_owned());
        assert_eq!(*graveyard.buried.lock().unwrap(), [expected]);
        assert_eq!(other.heard.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn what_one_asks_for_again_is_neither_buried_nor_safe() {
    block_on(async {
        let (busy, other) = (listener(Some(Fault::Unavailable)), listener(None));
        let graveyard = Arc::new(Graveyard::default());
        let bus = Local::new(vec![busy, other.clone()], graveyard.clone());
        bus.publish(&parcel()).await.unwrap_err();
        assert!(graveyard.buried.lock().unwrap().is_empty());
        assert_eq!(other.heard.load(Ordering::SeqCst), 0, "it hears in order, once all before it have");
    });
}

#[test]
fn what_nobody_can_open_is_buried_once_for_all() {
    block_on(async {
        let (one, graveyard) = (listener(None), Arc::new(Graveyard::default()));
        let parcel = Parcel { bytes: b"of a newer build".to_vec(), ..parcel() };
        Local::new(vec![one.clone()], graveyard.clone()).publish(&parcel).await.unwrap();
        let buried = graveyard.buried.lock().unwrap().clone();
        assert_eq!((buried.len(), buried[0].0, buried[0].1), (1, parcel.id, READER));
        assert_eq!(one.heard.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn what_cannot_be_buried_is_not_safe() {
    block_on(async {
        let graveyard = Arc::new(Graveyard { closed: true, ..Graveyard::default() });
        let bus = Local::new(vec![listener(Some(Fault::Internal))], graveyard);
        bus.publish(&parcel()).await.unwrap_err();
    });
}
