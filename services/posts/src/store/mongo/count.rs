//! Every event counted once, exactly, on a post that a thousand people answer in an hour.
//!
//! **One write asks and answers.** The filter of an update says "this event is not in `counted`", and the update adds one
//! and puts the event there: one document, so both or neither, and of many tellings at once the first.
//!
//! **The list stays short.** What no event can ask about any more is dropped as the next one is counted. When more than
//! [`MOST`] are left, the older half moves to the collection `posts_counted`: first it is written there, then it is taken
//! out of the document, and the same update adds one to `moved`. Who dies in between leaves events in both places, which
//! says the same as either.
//!
//! **Nothing slips through between the two places.** Who counts on a post from which something has moved reads `moved`,
//! *then* looks for the event in `posts_counted`, *then* updates where `moved` is still the same. Say the event was
//! counted before. If it is still in the list, the filter refuses it. If it left the list before `moved` was read, it was in
//! `posts_counted` before that, and is found there. If it left the list after that, `moved` is another, the filter refuses,
//! and all is asked again. So it is never counted twice; and as the event that was not counted is in neither place,
//! nothing refuses it for ever. On a post from which nothing has moved there is nothing to look for: one write is all.

use std::time::Duration;

use kith_kernel::{EventId, PostId, Timestamp, event::REDELIVERY};
use kith_storage::{
    StoreResult,
    mongo::{Database, alive, date, id, insert_missing, uuid},
};
use mongodb::{
    Collection,
    bson::{self, Bson, Document, doc},
    options::ReturnDocument,
};

use super::Mongo;
use crate::store::{Step, Tally};

/// How many events a document remembers before it moves some: half a page of memory, and a hundred comparisons a write.
const MOST: usize = 100;

/// How much nodes' clocks may disagree.
const SKEW: Duration = Duration::from_hours(1);

/// Counts on posts.
pub(super) struct Counter {
    posts: Collection<Remembered>,
    counted: Collection<Moved>,
}

impl Counter {
    pub(super) fn new(database: &Database) -> Self {
        Self { posts: database.collection(Mongo::COLLECTION), counted: database.collection("posts_counted") }
    }

    pub(super) async fn count(&self, post: PostId, event: EventId, tally: Tally, step: Step) -> StoreResult<bool> {
        let mut moved = Bson::Null;
        loop {
            if let Some(remembered) = self.add(post, event, (tally, step), moved).await? {
                self.shorten(post, event, remembered).await;
                return Ok(true);
            }
            let Some(remembered) = self.posts.find_one(one(post)).projection(memory()).await? else { return Ok(false) };
            if remembered.counted.contains(&id(event.uuid())) || self.has_moved(event).await? {
                return Ok(false);
            }
            moved = remembered.moved.map_or(Bson::Null, Bson::Int64);
        }
    }

    /// Counts, if the list does not hold the event and nothing has left it since `moved` was this. What the document
    /// remembers then; `None` if it was not so.
    async fn add(
        &self,
        post: PostId,
        event: EventId,
        (tally, step): (Tally, Step),
        moved: Bson,
    ) -> StoreResult<Option<Remembered>> {
        let (count, step) = match (tally, step) {
            (Tally::Responses, Step::Up) => ("responses", 1_i64),
            (Tally::Responses, Step::Down) => ("responses", -1),
            (Tally::Supports, Step::Up) => ("supports", 1),
            (Tally::Supports, Step::Down) => ("supports", -1),
        };
        let event_id = id(event.uuid());
        let mut filter = one(post);
        filter.insert("counted", doc! { "$ne": event_id });
        filter.insert("moved", moved);
        let list = doc! { "$ifNull": ["$counted", []] };
        let recent = doc! { "$filter": { "input": list, "cond": { "$gte": ["$$this", id(oldest(event).uuid())] } } };
        // Below zero as well: who is told of the one less before the one more is right again after both.
        let update = doc! { "$set": {
            count: { "$add": [format!("${count}"), step] },
            "counted": { "$concatArrays": [recent, [event_id]] },
        } };
        let counted = self.posts.find_one_and_update(filter, vec![update]).projection(memory());
        Ok(counted.return_document(ReturnDocument::After).await?)
    }

    async fn has_moved(&self, event: EventId) -> StoreResult<bool> {
        Ok(self.counted.find_one(doc! { "_id": id(event.uuid()) }).await?.is_some())
    }

    /// Moves the older half of a long list. If that fails the next one does it: what was counted is counted.
    async fn shorten(&self, post: PostId, event: EventId, remembered: Remembered) {
        let mut older = remembered.counted;
        if older.len() <= MOST {
            return;
        }
        older.truncate(MOST / 2);
        if let Err(failure) = self.shift(post, event, older).await {
            tracing::warn!(error = %failure, "the events that a post has counted could not be moved");
        }
    }

    async fn shift(&self, post: PostId, event: EventId, older: Vec<bson::Uuid>) -> StoreResult<()> {
        let moved = older.iter().map(|id| Moved { id: *id, at: date(made_at(EventId::from_uuid(uuid(*id)))) });
        insert_missing(&self.counted, moved.collect()).await?;
        let taken_out = doc! { "$pull": { "counted": { "$in": older } }, "$inc": { "moved": 1_i64 } };
        self.posts.update_one(one(post), taken_out).await?;
        self.counted.delete_many(doc! { "_id": { "$lt": id(oldest(event).uuid()) } }).await?;
        Ok(())
    }
}

fn one(post: PostId) -> Document {
    alive(doc! { "_id": id(post.uuid()) })
}

fn memory() -> Document {
    doc! { "_id": 0, "counted": 1, "moved": 1 }
}

/// The oldest event that may still be told when this one is: ids hold their time.
fn oldest(event: EventId) -> EventId {
    EventId::earliest(made_at(event).before(REDELIVERY).before(SKEW))
}

fn made_at(event: EventId) -> Timestamp {
    let (seconds, nanos) = event.uuid().get_timestamp().map_or((0, 0), |stamp| stamp.to_unix());
    let made_at = Duration::new(seconds, nanos);
    Timestamp::from_millis(i64::try_from(made_at.as_millis()).unwrap_or(0))
}

/// What a document remembers of the events that it has counted.
#[derive(serde::Deserialize)]
struct Remembered {
    #[serde(default)]
    counted: Vec<bson::Uuid>,
    /// How often some of them have moved; `None` if never.
    moved: Option<i64>,
}

/// A document of `posts_counted`.
#[derive(serde::Serialize, serde::Deserialize)]
struct Moved {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    at: bson::DateTime,
}
