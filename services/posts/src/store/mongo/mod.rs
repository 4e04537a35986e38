//! Posts in MongoDB: one document per post, which contains its outbox.
//!
//! | file | contents |
//! | --- | --- |
//! | [`document`] | conversion between posts and documents |
//! | [`event_counter`] | exactly-once counters |
//! | [`pages`] | pages of feeds and searches |
//! | [`revisions`] | earlier texts |
//! | [`tokenizer`] | search terms of a text |

mod document;
mod event_counter;
mod pages;
mod revisions;
mod tokenizer;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{Event, EventId, PostId, Timestamp, ports::Revision};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{Database, bson_date, id, not_deleted, outbox_entries},
};
use mongodb::{
    Collection,
    bson::{self, Document, doc},
};

use self::{document::PostDocument, event_counter::EventCounter};
use super::{Counter, Delta, PageQuery, Positioned, Store};
use crate::{Post, domain::SearchQuery, policy::Viewer};

/// Posts in MongoDB.
pub struct Mongo {
    database: Database,
    posts: Collection<Document>,
    counter: EventCounter,
}

impl Mongo {
    /// Name of the collection, for its [`kith_storage::mongo::MongoOutbox`].
    pub const COLLECTION: &'static str = "posts";

    #[must_use]
    pub fn new(database: Database) -> Self {
        let posts = database.collection(Self::COLLECTION);
        let counter = EventCounter::new(&database);
        Self { database, posts, counter }
    }

    fn documents(&self) -> Collection<PostDocument> {
        self.posts.clone_with_type()
    }

    async fn write(&self, post: &Post, previous: Option<&Revision>, events: &[Event]) -> StoreResult<bool> {
        let previous_version =
            not_deleted(doc! { "_id": id(post.id.uuid()), "version": post.version.saturating_sub(1) });
        let changes = document::versioned_fields(post);
        let mut push = doc! { "outbox": { "$each": outbox_entries(events) } };
        if let Some(previous) = previous {
            push.insert("revisions", revisions::push(previous));
        }
        let mut update = doc! { "$set": changes.set, "$push": push };
        if !changes.unset.is_empty() {
            update.insert("$unset", changes.unset);
        }
        self.database
            .write_with_events(events, async {
                Ok(self.posts.update_one(previous_version, update).await?.matched_count == 1)
            })
            .await
    }
}

#[async_trait]
impl Store for Mongo {
    async fn insert(&self, post: &Post, events: &[Event]) -> StoreResult<()> {
        let mut document = document::immutable_fields(post);
        document.extend(document::versioned_fields(post).set);
        document.insert("outbox", outbox_entries(events));
        self.database.write_with_events(events, async { Ok(self.posts.insert_one(document).await.map(drop)?) }).await
    }

    async fn get(&self, post: PostId) -> StoreResult<Option<Post>> {
        self.database
            .with_timeout(async {
                let documents = self.documents();
                let found =
                    documents.find_one(not_deleted(doc! { "_id": id(post.uuid()) })).projection(document::projection());
                found.await?.map(PostDocument::into_post).transpose()
            })
            .await
    }

    async fn replace(&self, post: &Post, events: &[Event]) -> StoreResult<bool> {
        self.write(post, None, events).await
    }

    async fn edit(&self, post: &Post, previous: &Revision, events: &[Event]) -> StoreResult<bool> {
        self.write(post, Some(previous), events).await
    }

    async fn revisions(&self, post: PostId) -> StoreResult<Vec<Revision>> {
        self.database.with_timeout(revisions::load(&self.posts.clone_with_type(), post)).await
    }

    async fn list(&self, viewer: &Viewer, page_query: &PageQuery<'_>) -> StoreResult<Vec<Positioned>> {
        self.database.with_timeout(pages::list(&self.documents(), viewer, page_query)).await
    }

    async fn search(
        &self,
        viewer: &Viewer,
        query: &SearchQuery,
        page_query: &PageQuery<'_>,
    ) -> StoreResult<Vec<Positioned>> {
        self.database.with_timeout(pages::search(&self.documents(), viewer, query, page_query)).await
    }

    async fn count(&self, post: PostId, event: EventId, counter: Counter, delta: Delta) -> StoreResult<bool> {
        self.database.with_timeout(self.counter.count(post, event, counter, delta)).await
    }

    async fn purge(&self, deleted_by: Timestamp, limit: i64) -> StoreResult<u64> {
        let deleted = doc! { "deleted_at": { "$lte": bson_date(deleted_by) } };
        self.database.with_timeout(kith_storage::mongo::purge(&self.posts, deleted, limit)).await
    }

    async fn demote_expired_sos(&self, now: Timestamp, limit: i64) -> StoreResult<u64> {
        if limit < 1 {
            return Ok(0);
        }
        // Only an open SOS has a rank above 5. A resolved one has rank 1.
        let mut expired =
            not_deleted(doc! { "urgency_rank": { "$gt": 5_i64 }, "feed_expires_at": { "$lte": bson_date(now) } });
        self.database
            .with_timeout(async {
                let found = self.posts.find(expired.clone()).projection(doc! { "_id": 1 }).limit(limit).await?;
                let found: Vec<Document> = found.try_collect().await?;
                let ids: Vec<bson::Bson> =
                    found.into_iter().filter_map(|mut document| document.remove("_id")).collect();
                expired.insert("_id", doc! { "$in": ids });
                let demoted = self.posts.update_many(expired, doc! { "$set": { "urgency_rank": 1_i64 } }).await?;
                Ok::<_, StoreError>(demoted.modified_count)
            })
            .await
    }
}
