//! Posts in MongoDB: one document a post, with its outbox in it.
//!
//! | file | holds |
//! | --- | --- |
//! | [`count`] | every event counted once, however many there are |
//! | [`document`] | a post as a document |
//! | [`edits`] | what posts said before they were changed |
//! | [`pages`] | the pages of feeds and searches |
//! | [`words`] | the words of a text, as they are looked for |

mod count;
mod document;
mod edits;
mod pages;
mod words;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{Event, EventId, PostId, Timestamp, ports::Edit as Past};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{Database, alive, date, entries, id},
};
use mongodb::{
    Collection,
    bson::{self, Document, doc},
};

use self::{count::Counter, document::Row};
use super::{Placed, Question, Step, Store, Tally};
use crate::{Post, domain::Words, policy::Viewer};

/// Posts in MongoDB.
pub struct Mongo {
    database: Database,
    posts: Collection<Document>,
    counter: Counter,
}

impl Mongo {
    /// The collection, for the [`kith_storage::mongo::MongoOutbox`] that drains it.
    pub const COLLECTION: &'static str = "posts";

    /// The posts of this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let posts = database.collection(Self::COLLECTION);
        let counter = Counter::new(&database);
        Self { database, posts, counter }
    }

    fn rows(&self) -> Collection<Row> {
        self.posts.clone_with_type()
    }

    async fn write(&self, post: &Post, said: Option<&Past>, events: &[Event]) -> StoreResult<bool> {
        let before = alive(doc! { "_id": id(post.id.uuid()), "version": post.version.saturating_sub(1) });
        let changes = document::changes(post);
        let mut push = doc! { "outbox": { "$each": entries(events) } };
        if let Some(said) = said {
            push.insert("edits", edits::pushed(said));
        }
        let mut update = doc! { "$set": changes.set, "$push": push };
        if !changes.unset.is_empty() {
            update.insert("$unset", changes.unset);
        }
        self.database
            .recording(events, async { Ok(self.posts.update_one(before, update).await?.matched_count == 1) })
            .await
    }
}

#[async_trait]
impl Store for Mongo {
    async fn insert(&self, post: &Post, events: &[Event]) -> StoreResult<()> {
        let mut document = document::fixed(post);
        document.extend(document::changes(post).set);
        document.insert("outbox", entries(events));
        self.database.recording(events, async { Ok(self.posts.insert_one(document).await.map(drop)?) }).await
    }

    async fn get(&self, post: PostId) -> StoreResult<Option<Post>> {
        self.database
            .within(async {
                let rows = self.rows();
                let found = rows.find_one(alive(doc! { "_id": id(post.uuid()) })).projection(document::shown());
                found.await?.map(Row::into_post).transpose()
            })
            .await
    }

    async fn replace(&self, post: &Post, events: &[Event]) -> StoreResult<bool> {
        self.write(post, None, events).await
    }

    async fn edit(&self, post: &Post, said: &Past, events: &[Event]) -> StoreResult<bool> {
        self.write(post, Some(said), events).await
    }

    async fn edits(&self, post: PostId) -> StoreResult<Vec<Past>> {
        self.database.within(edits::of(&self.posts.clone_with_type(), post)).await
    }

    async fn list(&self, viewer: &Viewer, question: &Question<'_>) -> StoreResult<Vec<Placed>> {
        self.database.within(pages::list(&self.rows(), viewer, question)).await
    }

    async fn search(&self, viewer: &Viewer, words: &Words, question: &Question<'_>) -> StoreResult<Vec<Placed>> {
        self.database.within(pages::search(&self.rows(), viewer, words, question)).await
    }

    async fn count(&self, post: PostId, event: EventId, tally: Tally, step: Step) -> StoreResult<bool> {
        self.database.within(self.counter.count(post, event, tally, step)).await
    }

    async fn purge(&self, deleted_by: Timestamp, limit: i64) -> StoreResult<u64> {
        let deleted = doc! { "deleted_at": { "$lte": date(deleted_by) } };
        self.database.within(kith_storage::mongo::purge(&self.posts, deleted, limit)).await
    }

    async fn sink(&self, now: Timestamp, limit: i64) -> StoreResult<u64> {
        if limit < 1 {
            return Ok(0);
        }
        // What is above 5 is an open SOS, and 1 is what a resolved one has.
        let mut left = alive(doc! { "rank": { "$gt": 5_i64 }, "leaves_at": { "$lte": date(now) } });
        self.database
            .within(async {
                let found = self.posts.find(left.clone()).projection(doc! { "_id": 1 }).limit(limit).await?;
                let found: Vec<Document> = found.try_collect().await?;
                let ids: Vec<bson::Bson> = found.into_iter().filter_map(|mut one| one.remove("_id")).collect();
                left.insert("_id", doc! { "$in": ids });
                let sunk = self.posts.update_many(left, doc! { "$set": { "rank": 1_i64 } }).await?;
                Ok::<_, StoreError>(sunk.modified_count)
            })
            .await
    }
}
