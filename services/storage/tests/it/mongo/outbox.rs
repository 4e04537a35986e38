//! The outbox inside a document, while everybody writes to that document at once.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use kith_kernel::{
    Clock as _, Event, EventId, Fact, PostId, SystemClock, SystemEntropy, Timestamp, event::AboutPost,
    ports::Sweep as _,
};
use kith_storage::{
    Outbox as _, Relay,
    mongo::{Database, MongoOutbox, alive, entries},
};
use kith_testkit::{HandClock, KeepingBus, block_on, happened};
use mongodb::bson::{Document, doc};

const WRITERS: usize = 8;
const WRITES: usize = 40;
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn something() -> Event {
    let post = PostId::new(SystemClock.now(), &SystemEntropy);
    happened(Fact::PostCreated(AboutPost { post, categories: Vec::new(), circle: None }))
}

/// A database with a collection that has no rules.
async fn things() -> kith_testkit::Mongo {
    let database = kith_testkit::mongo().await;
    database.raw().create_collection("things").await.unwrap();
    database
}

fn outbox(database: &Database) -> MongoOutbox {
    MongoOutbox::new(database.clone(), "things", Arc::new(HandClock::at(NOW)))
}

async fn record(database: &Database, thing: i32, events: &[Event]) {
    let push = doc! { "$push": { "outbox": { "$each": entries(events) } } };
    let things = database.collection::<Document>("things");
    things.update_one(alive(doc! { "_id": thing }), push).upsert(true).await.unwrap();
}

async fn sent(outbox: &MongoOutbox) -> Vec<EventId> {
    let mut all: Vec<EventId> = Vec::new();
    loop {
        let some = outbox.kept(all.last().copied()).await.unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some.into_iter().map(|parcel| parcel.id));
    }
}

#[test]
fn no_event_is_lost_while_writers_and_relay_race_on_one_document() {
    block_on(async {
        let database = things().await;
        record(&database, 1, &[]).await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let database = (*database).clone();
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    for _ in 0..WRITES {
                        let event = something();
                        record(&database, 1, std::slice::from_ref(&event)).await;
                        ids.push(event.id);
                    }
                    ids
                })
            })
            .collect();
        let (bus, outbox) = (Arc::new(KeepingBus::default()), Arc::new(outbox(&database)));
        let relay = Relay::new(vec![outbox.clone()], bus.clone(), Arc::new(SystemClock));
        while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
            relay.drain().await.unwrap();
        }
        relay.drain().await.unwrap();

        let told: Vec<_> = bus.events().into_iter().map(|event| event.id).collect();
        let once: BTreeSet<_> = told.iter().copied().collect();
        assert_eq!((told.len(), once.len()), (WRITERS * WRITES, WRITERS * WRITES));
        for writer in writers {
            let written = writer.await.unwrap();
            let mut in_order = told.iter().filter(|id| written.contains(id));
            assert!(in_order.by_ref().eq(&written), "each writer's events keep their order");
        }
        assert_eq!(sent(&outbox).await, told, "what was sent is kept in the order in which it was sent");
    });
}

#[test]
fn what_a_relay_left_between_its_two_writes_is_sent_again_and_kept_once() {
    block_on(async {
        let database = things().await;
        let (first, second) = (something(), something());
        record(&database, 1, &[first.clone(), second.clone()]).await;
        let outbox = outbox(&database);
        // It was copied, and not taken out.
        outbox.sent(&[first.id], NOW).await.unwrap();
        let entry = doc! { "$push": { "outbox": { "$each": entries(std::slice::from_ref(&first)), "$position": 0 } } };
        database.collection::<Document>("things").update_one(doc! {}, entry).await.unwrap();
        let waiting: Vec<_> = outbox.pending().await.unwrap().into_iter().map(|parcel| parcel.id).collect();
        assert_eq!(waiting, [first.id, second.id]);
        outbox.sent(&waiting, NOW).await.unwrap();
        assert_eq!(outbox.pending().await.unwrap(), []);
        assert_eq!(sent(&outbox).await, [first.id, second.id]);
        outbox.sent(&waiting, NOW).await.unwrap();
        assert_eq!(sent(&outbox).await.len(), 2);
    });
}

#[test]
fn many_are_kept_in_order_from_wherever_somebody_asks() {
    block_on(async {
        let database = things().await;
        let outbox = outbox(&database);
        let mut told = Vec::new();
        for thing in 0..3 {
            let events: Vec<Event> = (0..150).map(|_| something()).collect();
            record(&database, thing, &events).await;
            let ids: Vec<EventId> = events.into_iter().map(|event| event.id).collect();
            outbox.sent(&ids, NOW).await.unwrap();
            told.extend(ids);
        }
        assert_eq!(sent(&outbox).await, told);
        let unknown = outbox.kept(Some(something().id)).await.unwrap();
        assert_eq!(unknown.first().map(|parcel| parcel.id), told.first().copied(), "the oldest again");
        let other = MongoOutbox::new((*database).clone(), "posts", Arc::new(SystemClock));
        assert_eq!(other.kept(told.first().copied()).await.unwrap(), [], "each outbox has its own");
    });
}

#[test]
fn what_was_sent_is_forgotten_after_a_day_and_an_empty_tombstone_at_once() {
    block_on(async {
        let database = things().await;
        let clock = Arc::new(HandClock::at(NOW));
        let outbox = MongoOutbox::new((*database).clone(), "things", clock.clone());
        let (old, new) = (something(), something());
        record(&database, 1, &[old.clone(), new.clone()]).await;
        let day = Duration::from_hours(24);
        outbox.sent(&[old.id], NOW).await.unwrap();
        outbox.sent(&[new.id], NOW.after(Duration::from_millis(1))).await.unwrap();
        clock.pass(day);
        assert_eq!(outbox.sweep().await.unwrap(), 0);
        clock.pass(Duration::from_millis(1));
        assert_eq!(outbox.sweep().await.unwrap(), 1);
        assert_eq!(sent(&outbox).await, [new.id]);
        let from_the_forgotten = outbox.kept(Some(old.id)).await.unwrap();
        assert_eq!(from_the_forgotten[0].id, new.id, "from the oldest on");
        let tombstones = database.collection::<Document>("things");
        let waiting = doc! { "_id": 3, "gone": true, "outbox": entries(&[something()]) };
        tombstones.insert_many([doc! { "_id": 2, "gone": true, "outbox": [] }, waiting]).await.unwrap();
        outbox.sweep().await.unwrap();
        let left = tombstones.count_documents(doc! { "gone": true }).await.unwrap();
        assert_eq!(left, 1, "one that waits stays");
    });
}

#[test]
fn the_copy_that_lapses_by_itself_does_so_after_a_day() {
    block_on(async {
        let database = kith_testkit::mongo().await;
        let indexes = database.raw().run_command(doc! { "listIndexes": "sent" }).await.unwrap().to_string();
        assert!(indexes.contains("\"expireAfterSeconds\": 86400"), "{indexes}");
    });
}

#[test]
fn an_event_rings_the_bell_and_nothing_else_does() {
    block_on(async {
        let database = kith_testkit::mongo().await;
        let rung = async || {
            let wake = database.wake();
            tokio::time::timeout(Duration::from_millis(20), wake.rung()).await.is_ok()
        };
        database.recording(&[], async { Ok(()) }).await.unwrap();
        assert!(!rung().await);
        database.recording(&[something()], async { Ok(()) }).await.unwrap();
        assert!(rung().await);
        let failure = kith_storage::StoreError::Unavailable("no answer".into());
        database.recording::<()>(&[something()], async { Err(failure) }).await.unwrap_err();
        assert!(rung().await, "it may have been written");
    });
}
