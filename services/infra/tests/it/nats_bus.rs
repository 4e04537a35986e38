//! What can happen to a bus on NATS and to no other.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_infra::bus::{Nats, Settings};
use kith_kernel::{
    Delivery, Clock as _, EncodedEvent, ErrorKind, Event, EventId, PortError, SystemClock, Timestamp,
    ports::{EventBus as _, EventHandler},
};
use kith_testkit::{DedicatedServer, block_on};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    bus::{Graveyard, Listener, node, parcel, send, settings, soon},
    live::connection,
    rollback::Store,
};

/// Does everything once, as a reaction with an inbox does, and counts how often it was asked.
#[derive(Default)]
struct Inbox {
    done: Mutex<Done>,
    asked: AtomicUsize,
    /// How long each takes.
    takes: Duration,
    begun: Notify,
}

#[derive(Default)]
struct Done {
    ids: HashSet<EventId>,
    order: Vec<EventId>,
}

impl Inbox {
    fn order(&self) -> Vec<EventId> {
        self.done.lock().unwrap().order.clone()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl EventHandler for Inbox {
    fn name(&self) -> &'static str {
        "inbox"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.begun.notify_one();
        sleep(self.takes).await;
        let mut done = self.done.lock().unwrap();
        if done.ids.insert(event.id) {
            done.order.push(event.id);
        }
        Ok(())
    }
}

fn consume(bus: &Arc<Nats>, reaction: Arc<dyn EventHandler>) -> JoinHandle<()> {
    let bus = bus.clone();
    tokio::spawn(async move {
        bus.consume(vec![reaction], Arc::new(Graveyard::default()), std::future::pending()).await;
    })
}

async fn publish(bus: &Nats, count: usize) -> Vec<EncodedEvent> {
    let mut sent = Vec::new();
    for _ in 0..count {
        let parcel = parcel();
        send(bus, &parcel).await;
        sent.push(parcel);
    }
    sent
}

fn ids(parcels: &[EncodedEvent]) -> Vec<EventId> {
    parcels.iter().map(|parcel| parcel.id).collect()
}

fn a_day_ago() -> Timestamp {
    SystemClock.now().before(Duration::from_hours(24))
}

#[test]
fn nodes_share_a_reaction_and_the_order_is_kept_over_all_of_them() {
    block_on(async {
        let server = DedicatedServer::nats();
        let reaction = Arc::new(Inbox::default());
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let bus = node(&server).await;
            consume(&bus, reaction.clone());
            nodes.push(bus);
        }
        let sent = publish(&nodes[0], 300).await;
        soon("all is done", || reaction.order().len() == 300).await;
        assert_eq!(reaction.order(), ids(&sent));
        assert_eq!(reaction.asked(), 300);
    });
}

#[test]
fn it_is_known_how_far_a_reaction_has_come() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        assert_eq!(bus.newest().await.unwrap(), 0);
        publish(&bus, 3).await;
        assert_eq!(bus.newest().await.unwrap(), 3);
        assert!(!bus.has_digested("inbox", 3).await.unwrap(), "there is none yet");
        let slow = Arc::new(Inbox { takes: Duration::from_secs(1000), ..Inbox::default() });
        let task = consume(&bus, slow.clone());
        slow.begun.notified().await;
        assert!(!bus.has_digested("inbox", 1).await.unwrap(), "what is in hand is not done");
        task.abort();
        let reaction = Arc::new(Inbox { takes: Duration::from_millis(200), ..Inbox::default() });
        consume(&node(&server).await, reaction.clone());
        while !bus.has_digested("inbox", 3).await.unwrap() {
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(reaction.order().len(), 3);
        server.kill();
        bus.has_digested("inbox", 3).await.unwrap_err();
    });
}

#[test]
fn a_node_that_dies_over_an_event_is_replaced_within_seconds() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (dying, living) = (node(&server).await, node(&server).await);
        let stuck = Arc::new(Inbox { takes: Duration::from_secs(1000), ..Inbox::default() });
        let task = consume(&dying, stuck.clone());
        let sent = publish(&dying, 3).await;
        stuck.begun.notified().await;
        let reaction = Arc::new(Inbox::default());
        consume(&living, reaction.clone());
        sleep(Duration::from_secs(7)).await;
        assert_eq!(reaction.asked(), 0, "who is at it keeps it, however long it takes");
        task.abort();
        let died = Instant::now();
        soon("another does it", || reaction.order().len() == 3).await;
        assert!(died.elapsed() < Duration::from_secs(8), "{:?}", died.elapsed());
        assert_eq!(reaction.order(), ids(&sent));
    });
}

#[test]
fn a_killed_server_loses_nothing_and_all_goes_on_by_itself() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let reaction = Arc::new(Inbox::default());
        consume(&bus, reaction.clone());
        let mut sent = publish(&bus, 20).await;
        for _ in 0..3 {
            server.kill();
            let begun = Instant::now();
            assert_eq!(bus.publish(&parcel()).await.unwrap_err().kind(), ErrorKind::Unavailable);
            bus.check_health().await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
            server.restart();
            sent.extend(publish(&bus, 20).await);
        }
        soon("all is done", || sent.iter().all(|parcel| reaction.order().contains(&parcel.id))).await;
        let order: Vec<_> = reaction.order().into_iter().filter(|id| ids(&sent).contains(id)).collect();
        assert_eq!(order, ids(&sent));
        bus.check_health().await.unwrap();
    });
}

#[test]
fn several_writers_and_readers_lose_nothing_while_the_server_is_killed_again_and_again() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let reaction = Arc::new(Inbox::default());
        for _ in 0..2 {
            consume(&node(&server).await, reaction.clone());
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
        soon("all is done", || reaction.order().len() == 6 * 150).await;
        let order = reaction.order();
        for own in sent {
            let done: Vec<_> = order.iter().filter(|id| own.contains(id)).copied().collect();
            assert_eq!(done, own, "each writer's own order is kept");
        }
    });
}

#[test]
fn a_server_that_does_not_answer_is_unavailable_in_time_and_all_goes_on_when_it_does() {
    block_on(async {
        let server = DedicatedServer::nats();
        let bus = node(&server).await;
        let reaction = Arc::new(Inbox::default());
        consume(&bus, reaction.clone());
        publish(&bus, 5).await;
        server.pause();
        for _ in 0..3 {
            let begun = Instant::now();
            assert_eq!(bus.publish(&parcel()).await.unwrap_err().kind(), ErrorKind::Unavailable);
            assert!(begun.elapsed() < Duration::from_millis(2_700), "{:?}", begun.elapsed());
            let begun = Instant::now();
            bus.check_health().await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_millis(1_700), "{:?}", begun.elapsed());
        }
        server.resume();
        let sent = publish(&bus, 5).await;
        soon("all is done", || sent.iter().all(|parcel| reaction.order().contains(&parcel.id))).await;
    });
}

#[test]
fn who_is_told_to_stop_finishes_what_is_in_hand_and_begins_nothing() {
    block_on(async {
        let server = DedicatedServer::nats();
        let bus = node(&server).await;
        let reaction = Arc::new(Inbox { takes: Duration::from_millis(300), ..Inbox::default() });
        let (stop, stopped) = oneshot::channel::<()>();
        let (consuming, hands) = (bus.clone(), reaction.clone());
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            consuming.consume(vec![hands], Arc::new(Graveyard::default()), stopped).await;
        });
        let sent = publish(&bus, 3).await;
        reaction.begun.notified().await;
        stop.send(()).unwrap();
        timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
        assert_eq!(reaction.order(), [sent[0].id]);
        let next = Arc::new(Inbox::default());
        consume(&bus, next.clone());
        soon("the rest is done", || next.order().len() == 2).await;
        assert_eq!(next.order(), ids(&sent[1..]), "what was finished was acknowledged");
    });
}

/// Publishes again what the bus has lost, as the reconciler of a node does.
async fn reconcile(bus: &Nats, kept: &[EncodedEvent]) -> usize {
    let held = bus.held(a_day_ago()).await.unwrap();
    let lost: Vec<_> = kept.iter().filter(|parcel| !held.has(parcel.id)).collect();
    for parcel in &lost {
        send(bus, parcel).await;
    }
    lost.len()
}

#[test]
fn what_servers_lost_by_coming_back_with_an_older_store_is_published_again_and_done_once() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let (reaction, late) = (Arc::new(Inbox::default()), Listener::new("late"));
        consume(&bus, reaction.clone());
        let mut kept = publish(&bus, 700).await;
        soon("all is done", || reaction.order().len() == 700).await;
        server.kill();
        let store = Store::copy(&server);
        server.restart();
        kept.extend(publish(&bus, 50).await);
        soon("all is done", || reaction.order().len() == 750).await;
        server.kill();
        store.put_back(&server);
        server.restart();
        // Life goes on before anybody has noticed.
        kept.extend(publish(&bus, 20).await);
        assert_eq!(reconcile(&bus, &kept).await, 50);
        assert_eq!(reconcile(&bus, &kept).await, 0);
        let held = bus.held(a_day_ago()).await.unwrap();
        assert!(kept.iter().all(|parcel| held.has(parcel.id)));
        assert_eq!(held.count(), 770);
        consume(&bus, late.clone());
        soon("all is done by who had not begun", || late.digested().len() == 770).await;
        soon("all is done by who was at it", || reaction.order().len() == 770).await;
        soon("what was lost is heard again", || reaction.asked() >= 820).await;
        assert_eq!(reaction.order().len(), 770, "and has no effect again");
    });
}

#[test]
fn a_reaction_that_is_ahead_of_the_stream_misses_nothing() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let reaction = Arc::new(Inbox::default());
        consume(&bus, reaction.clone());
        let mut kept = publish(&bus, 10).await;
        soon("all is done", || reaction.order().len() == 10).await;
        server.kill();
        let store = Store::copy(&server);
        server.restart();
        kept.extend(publish(&bus, 30).await);
        soon("all is done", || reaction.order().len() == 40).await;
        // Long enough for the server to write down where the reaction has got to.
        sleep(Duration::from_secs(1)).await;
        server.kill();
        store.put_back_messages(&server, "kith-events");
        server.restart();
        kept.extend(publish(&bus, 60).await);
        reconcile(&bus, &kept).await;
        soon("all is done", || kept.iter().all(|parcel| reaction.order().contains(&parcel.id))).await;
        assert_eq!(reaction.order().len(), kept.len());
    });
}

#[test]
fn a_stream_that_is_gone_is_made_anew_and_everybody_follows_it() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        let bus = node(&server).await;
        let reaction = Arc::new(Inbox::default());
        consume(&bus, reaction.clone());
        let mut kept = publish(&bus, 10).await;
        soon("all is done", || reaction.order().len() == 10).await;
        server.kill();
        Store::wipe(&server);
        server.restart();
        kept.extend(publish(&bus, 10).await);
        assert_eq!(reconcile(&bus, &kept).await, 10);
        soon("all is done", || reaction.order().len() == 20).await;
        soon("what was lost is heard again", || reaction.asked() == 30).await;
    });
}

#[test]
fn what_is_published_twice_within_the_window_is_there_once() {
    block_on(async {
        let server = DedicatedServer::nats();
        let bus = node(&server).await;
        let parcel = parcel();
        for _ in 0..3 {
            bus.publish(&parcel).await.unwrap();
        }
        let reaction = Arc::new(Inbox::default());
        consume(&bus, reaction.clone());
        publish(&bus, 1).await;
        soon("both are done", || reaction.order().len() == 2).await;
        assert_eq!(reaction.asked(), 2);
    });
}

#[test]
fn a_full_bus_takes_no_more_and_drops_nothing() {
    block_on(async {
        let server = DedicatedServer::nats();
        let settings = Settings { bytes: 16 << 10, ..settings() };
        let bus = Arc::new(Nats::new(connection(&server).await, &settings, Arc::new(SystemClock)));
        let mut taken = Vec::new();
        let refusal = loop {
            let parcel = parcel();
            match bus.publish(&parcel).await {
                Ok(()) => taken.push(parcel),
                Err(failure) => break failure,
            }
        };
        assert_eq!(refusal.kind(), ErrorKind::Unavailable, "it waits where it is");
        let reaction = Arc::new(Inbox::default());
        consume(&bus, reaction.clone());
        soon("all is done", || reaction.order().len() == taken.len()).await;
        assert_eq!(reaction.order(), ids(&taken));
    });
}

#[test]
fn a_node_can_begin_before_its_servers() {
    block_on(async {
        let mut server = DedicatedServer::nats();
        server.kill();
        let bus = node(&server).await;
        let reaction = Arc::new(Inbox::default());
        consume(&bus, reaction.clone());
        let mut rings = bus.rings();
        let rung = tokio::spawn(async move { rings.rung().await });
        assert_eq!(bus.publish(&parcel()).await.unwrap_err().kind(), ErrorKind::Unavailable);
        server.restart();
        let sent = publish(&bus, 3).await;
        soon("all is done", || reaction.order().len() == 3).await;
        assert_eq!(reaction.order(), ids(&sent));
        timeout(Duration::from_secs(5), rung).await.unwrap().unwrap();
    });
}

#[test]
fn a_write_on_any_node_wakes_the_one_that_drains() {
    block_on(async {
        let server = DedicatedServer::nats();
        let (writes, drains) = (node(&server).await, node(&server).await);
        let mut rings = drains.rings();
        rings.rung().await;
        for _ in 0..3 {
            assert!(timeout(Duration::from_millis(100), rings.rung()).await.is_err(), "nobody has rung");
            // Many rings are one.
            for _ in 0..10 {
                writes.ring().await;
            }
            timeout(Duration::from_secs(5), rings.rung()).await.expect("it is heard");
            sleep(Duration::from_millis(100)).await;
            let _ = timeout(Duration::from_millis(100), rings.rung()).await;
        }
    });
}
