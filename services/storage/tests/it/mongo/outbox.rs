//! Outbox inside documents.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use kith_kernel::{
    Clock as _, Event, EventId, EventPayload, PostEvent, PostId, PostKind, SystemClock, SystemEntropy, Timestamp,
    event::PostRef, ports::PeriodicJob as _,
};
use kith_storage::{
    Outbox as _, Relay,
    mongo::{Database, MongoOutbox, not_deleted, outbox_entries},
};
use kith_testkit::{ManualClock, RecordingBus, block_on, event};
use mongodb::bson::{Document, doc};

const WRITERS: usize = 8;
const WRITES: usize = 40;
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn new_event() -> Event {
    let post = PostId::new(SystemClock.now(), &SystemEntropy);
    event(EventPayload::Post(PostEvent::Created(PostRef {
        post,
        kind: PostKind::Question,
        categories: Vec::new(),
        circle: None,
    })))
}

/// A database with a collection without validator.
async fn database_with_things() -> kith_testkit::MongoDatabase {
    let database = kith_testkit::mongo_database().await;
    database.raw().create_collection("things").await.unwrap();
    database
}

fn outbox(database: &Database) -> MongoOutbox {
    MongoOutbox::new(database.clone(), "things", Arc::new(ManualClock::at(NOW)))
}

async fn append(database: &Database, thing: i32, events: &[Event]) {
    let push = doc! { "$push": { "outbox": { "$each": outbox_entries(events) } } };
    let things = database.collection::<Document>("things");
    things.update_one(not_deleted(doc! { "_id": thing }), push).upsert(true).await.unwrap();
}

async fn retained(outbox: &MongoOutbox) -> Vec<EventId> {
    let mut all: Vec<EventId> = Vec::new();
    loop {
        let page = outbox.retained(all.last().copied()).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page.into_iter().map(|event| event.id));
    }
}

#[test]
fn no_event_is_lost_with_concurrent_writers_and_relay_on_one_document() {
    block_on(async {
        let database = database_with_things().await;
        append(&database, 1, &[]).await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let database = (*database).clone();
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    for _ in 0..WRITES {
                        let event = new_event();
                        append(&database, 1, std::slice::from_ref(&event)).await;
                        ids.push(event.id);
                    }
                    ids
                })
            })
            .collect();
        let (bus, outbox) = (Arc::new(RecordingBus::default()), Arc::new(outbox(&database)));
        let relay = Relay::new(vec![outbox.clone()], bus.clone(), Arc::new(SystemClock));
        while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
            relay.drain().await.unwrap();
        }
        relay.drain().await.unwrap();

        let published: Vec<_> = bus.events().into_iter().map(|event| event.id).collect();
        let unique: BTreeSet<_> = published.iter().copied().collect();
        assert_eq!((published.len(), unique.len()), (WRITERS * WRITES, WRITERS * WRITES));
        for writer in writers {
            let written = writer.await.unwrap();
            let mut in_order = published.iter().filter(|id| written.contains(id));
            assert!(in_order.by_ref().eq(&written), "events of a writer were reordered");
        }
        assert_eq!(retained(&outbox).await, published, "sent events are retained in the order of publication");
    });
}

#[test]
fn events_of_a_relay_that_crashed_while_marking_are_sent_again_and_archived_once() {
    block_on(async {
        let database = database_with_things().await;
        let (first, second) = (new_event(), new_event());
        append(&database, 1, &[first.clone(), second.clone()]).await;
        let outbox = outbox(&database);
        // Restores the state after the event was archived and before it was removed.
        outbox.mark_sent(&[first.id], NOW).await.unwrap();
        let entry =
            doc! { "$push": { "outbox": { "$each": outbox_entries(std::slice::from_ref(&first)), "$position": 0 } } };
        database.collection::<Document>("things").update_one(doc! {}, entry).await.unwrap();
        let pending: Vec<_> = outbox.pending().await.unwrap().into_iter().map(|event| event.id).collect();
        assert_eq!(pending, [first.id, second.id]);
        outbox.mark_sent(&pending, NOW).await.unwrap();
        assert_eq!(outbox.pending().await.unwrap(), []);
        assert_eq!(retained(&outbox).await, [first.id, second.id]);
        outbox.mark_sent(&pending, NOW).await.unwrap();
        assert_eq!(retained(&outbox).await.len(), 2);
    });
}

#[test]
fn retained_events_are_paged_in_order_from_any_event() {
    block_on(async {
        let database = database_with_things().await;
        let outbox = outbox(&database);
        let mut expected = Vec::new();
        for thing in 0..3 {
            let events: Vec<Event> = (0..150).map(|_| new_event()).collect();
            append(&database, thing, &events).await;
            let ids: Vec<EventId> = events.into_iter().map(|event| event.id).collect();
            outbox.mark_sent(&ids, NOW).await.unwrap();
            expected.extend(ids);
        }
        assert_eq!(retained(&outbox).await, expected);
        let unknown = outbox.retained(Some(new_event().id)).await.unwrap();
        assert_eq!(unknown.first().map(|event| event.id), expected.first().copied(), "starts at the oldest event");
        let other = MongoOutbox::new((*database).clone(), "posts", Arc::new(SystemClock));
        assert_eq!(other.retained(expected.first().copied()).await.unwrap(), [], "outboxes are separate");
    });
}

#[test]
fn cleanup_deletes_sent_events_after_a_day_and_empty_tombstones_immediately() {
    block_on(async {
        let database = database_with_things().await;
        let clock = Arc::new(ManualClock::at(NOW));
        let outbox = MongoOutbox::new((*database).clone(), "things", clock.clone());
        let (old, new) = (new_event(), new_event());
        append(&database, 1, &[old.clone(), new.clone()]).await;
        let day = Duration::from_hours(24);
        outbox.mark_sent(&[old.id], NOW).await.unwrap();
        outbox.mark_sent(&[new.id], NOW.after(Duration::from_millis(1))).await.unwrap();
        clock.advance(day);
        assert_eq!(outbox.run().await.unwrap(), 0);
        clock.advance(Duration::from_millis(1));
        assert_eq!(outbox.run().await.unwrap(), 1);
        assert_eq!(retained(&outbox).await, [new.id]);
        let after_deleted = outbox.retained(Some(old.id)).await.unwrap();
        assert_eq!(after_deleted[0].id, new.id, "starts at the oldest retained event");
        let tombstones = database.collection::<Document>("things");
        let with_event = doc! { "_id": 3, "deleted": true, "outbox": outbox_entries(&[new_event()]) };
        tombstones.insert_many([doc! { "_id": 2, "deleted": true, "outbox": [] }, with_event]).await.unwrap();
        outbox.run().await.unwrap();
        let remaining = tombstones.count_documents(doc! { "deleted": true }).await.unwrap();
        assert_eq!(remaining, 1, "a tombstone with a pending event stays");
    });
}

#[test]
fn the_collection_of_sent_events_expires_after_a_day() {
    block_on(async {
        let database = kith_testkit::mongo_database().await;
        let indexes = database.raw().run_command(doc! { "listIndexes": "outbox_sent" }).await.unwrap().to_string();
        assert!(indexes.contains("\"expireAfterSeconds\": 86400"), "{indexes}");
    });
}

#[test]
fn only_a_write_with_events_notifies_the_relay() {
    block_on(async {
        let database = kith_testkit::mongo_database().await;
        let notified = async || {
            let notifier = database.notifier();
            tokio::time::timeout(Duration::from_millis(20), notifier.notified()).await.is_ok()
        };
        database.write_with_events(&[], async { Ok(()) }).await.unwrap();
        assert!(!notified().await);
        database.write_with_events(&[new_event()], async { Ok(()) }).await.unwrap();
        assert!(notified().await);
        let error = kith_storage::StoreError::Unavailable("scripted failure".into());
        database.write_with_events::<()>(&[new_event()], async { Err(error) }).await.unwrap_err();
        assert!(notified().await, "an unacknowledged write may have been applied");
    });
}
