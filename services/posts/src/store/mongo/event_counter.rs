//! Exactly-once counters, also for a post with a thousand responses in an hour.
//!
//! **Check and count are one write.** The filter of an update requires that the event is not in `counted_events`; the
//! update increments the counter and appends the event. Both are in one document, so the write is atomic, and of
//! several concurrent deliveries of an event the first one counts.
//!
//! **The list is bounded.** Events that are too old to be delivered again are dropped when the next one is counted.
//! When more than [`MAX_INLINE`] events are left, the older half is archived in the collection `post_event_counts`: it
//! is inserted there, then removed from the document by an update that also increments `archived_batches`. A crash
//! between the two leaves events in both places, which means the same as in either one.
//!
//! **No event is missed between the two places.** A counter of a post with archived events reads `archived_batches`,
//! *then* looks for the event in `post_event_counts`, *then* updates the post if `archived_batches` is unchanged.
//! Consider an event that was counted before:
//!
//! - If it is still in the list, the filter rejects the update.
//! - If it left the list before `archived_batches` was read, it was archived before that and is found there.
//! - If it left the list after that, `archived_batches` has changed, the filter rejects the update and the check is
//!   repeated.
//!
//! So no event is counted twice. An event that was not counted is in neither place, so it is not rejected forever. A
//! post without archived events needs no lookup: one write is enough.

use std::time::Duration;

use kith_kernel::{EventId, PostId, Timestamp, event::MAX_REDELIVERY_AGE};
use kith_storage::{
    StoreResult,
    mongo::{Database, bson_date, id, insert_ignoring_duplicates, not_deleted, uuid},
};
use mongodb::{
    Collection,
    bson::{self, Bson, Document, doc},
    options::ReturnDocument,
};

use super::Mongo;
use crate::store::{Counter, Delta};

/// Number of events in a document above which the older half is archived. 100 ids take half a memory page and cost a
/// hundred comparisons per write.
const MAX_INLINE: usize = 100;

/// Largest tolerated difference between the clocks of nodes.
const MAX_CLOCK_SKEW: Duration = Duration::from_hours(1);

/// Counters of posts.
pub(super) struct EventCounter {
    posts: Collection<CountedEvents>,
    archive: Collection<ArchivedEvent>,
}

impl EventCounter {
    pub(super) fn new(database: &Database) -> Self {
        Self { posts: database.collection(Mongo::COLLECTION), archive: database.collection("post_event_counts") }
    }

    pub(super) async fn count(
        &self,
        post: PostId,
        event: EventId,
        counter: Counter,
        delta: Delta,
    ) -> StoreResult<bool> {
        let mut archived_batches = Bson::Null;
        loop {
            if let Some(events) = self.try_count(post, event, (counter, delta), archived_batches).await? {
                self.archive_oldest(post, event, events).await;
                return Ok(true);
            }
            let Some(events) = self.posts.find_one(by_id(post)).projection(projection()).await? else {
                return Ok(false);
            };
            if events.counted_events.contains(&id(event.uuid())) || self.is_archived(event).await? {
                return Ok(false);
            }
            archived_batches = events.archived_batches.map_or(Bson::Null, Bson::Int64);
        }
    }

    /// Counts the event if the list does not contain it and `archived_batches` is unchanged. Returns the counted events
    /// after the write, or `None` if nothing was written.
    async fn try_count(
        &self,
        post: PostId,
        event: EventId,
        (counter, delta): (Counter, Delta),
        archived_batches: Bson,
    ) -> StoreResult<Option<CountedEvents>> {
        let (field, increment) = match (counter, delta) {
            (Counter::Responses, Delta::Increment) => ("response_count", 1_i64),
            (Counter::Responses, Delta::Decrement) => ("response_count", -1),
            (Counter::Supports, Delta::Increment) => ("support_count", 1),
            (Counter::Supports, Delta::Decrement) => ("support_count", -1),
        };
        let event_id = id(event.uuid());
        let mut filter = by_id(post);
        filter.insert("counted_events", doc! { "$ne": event_id });
        filter.insert("archived_batches", archived_batches);
        let list = doc! { "$ifNull": ["$counted_events", []] };
        let recent =
            doc! { "$filter": { "input": list, "cond": { "$gte": ["$$this", id(oldest_deliverable(event).uuid())] } } };
        // The stored value can be below zero: a decrement can be processed before its increment.
        let update = doc! { "$set": {
            field: { "$add": [format!("${field}"), increment] },
            "counted_events": { "$concatArrays": [recent, [event_id]] },
        } };
        let updated = self.posts.find_one_and_update(filter, vec![update]).projection(projection());
        Ok(updated.return_document(ReturnDocument::After).await?)
    }

    async fn is_archived(&self, event: EventId) -> StoreResult<bool> {
        Ok(self.archive.find_one(doc! { "_id": id(event.uuid()) }).await?.is_some())
    }

    /// Archives the older half of a long list. A failure is logged only: the event is counted, and the next one
    /// archives.
    async fn archive_oldest(&self, post: PostId, event: EventId, counted: CountedEvents) {
        let mut older = counted.counted_events;
        if older.len() <= MAX_INLINE {
            return;
        }
        older.truncate(MAX_INLINE / 2);
        if let Err(error) = self.move_batch(post, event, older).await {
            tracing::warn!(%error, "failed to archive counted event ids");
        }
    }

    async fn move_batch(&self, post: PostId, event: EventId, older: Vec<bson::Uuid>) -> StoreResult<()> {
        let archived = older
            .iter()
            .map(|id| ArchivedEvent { id: *id, created_at: bson_date(created_at(EventId::from_uuid(uuid(*id)))) });
        insert_ignoring_duplicates(&self.archive, archived.collect()).await?;
        let removal = doc! { "$pull": { "counted_events": { "$in": older } }, "$inc": { "archived_batches": 1_i64 } };
        self.posts.update_one(by_id(post), removal).await?;
        self.archive.delete_many(doc! { "_id": { "$lt": id(oldest_deliverable(event).uuid()) } }).await?;
        Ok(())
    }
}

fn by_id(post: PostId) -> Document {
    not_deleted(doc! { "_id": id(post.uuid()) })
}

fn projection() -> Document {
    doc! { "_id": 0, "counted_events": 1, "archived_batches": 1 }
}

/// Lowest id of an event that can still be delivered when this one is. Ids contain their time.
fn oldest_deliverable(event: EventId) -> EventId {
    EventId::earliest(created_at(event).before(MAX_REDELIVERY_AGE).before(MAX_CLOCK_SKEW))
}

fn created_at(event: EventId) -> Timestamp {
    let (seconds, nanos) = event.uuid().get_timestamp().map_or((0, 0), |stamp| stamp.to_unix());
    let since_epoch = Duration::new(seconds, nanos);
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(0))
}

/// Counted events of a document.
#[derive(serde::Deserialize)]
struct CountedEvents {
    #[serde(default)]
    counted_events: Vec<bson::Uuid>,
    /// Number of archived batches; `None` before the first one.
    archived_batches: Option<i64>,
}

/// Document of `post_event_counts`.
#[derive(serde::Serialize, serde::Deserialize)]
struct ArchivedEvent {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    created_at: bson::DateTime,
}
