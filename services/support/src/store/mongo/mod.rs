//! MongoDB adapter. Each response is one document, which contains its outbox.
//!
//! | file | contents |
//! | --- | --- |
//! | [`counts`] | counts of responses by author and post |
//! | [`document`] | a response as a document |
//! | [`stats`] | counts of given and received responses |
//!
//! Documents of responses that are not deleted have `active: true`, the condition of every partial index.

mod counts;
mod document;
mod stats;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{Event, ModerationState, PostId, ResponseId, Timestamp, UserId, ports::ResponseTally};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{Database, bson_date, id, ids, not_deleted, outbox_entries},
};
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    options::{Hint, ReturnDocument},
};

use self::{document::Row, stats::StatsRow};
use super::Store;
use crate::{Content, Response, Stats};

/// MongoDB adapter of [`Store`].
pub struct Mongo {
    database: Database,
    responses: Collection<Document>,
}

/// Attempts to insert a quick support while concurrent ones are inserted and deleted.
const MAX_RETRIES: usize = 8;

impl Mongo {
    /// Name of the collection, for its [`kith_storage::mongo::MongoOutbox`].
    pub const COLLECTION: &'static str = "responses";

    #[must_use]
    pub fn new(database: Database) -> Self {
        let responses = database.collection(Self::COLLECTION);
        Self { database, responses }
    }

    fn rows(&self) -> Collection<Row> {
        self.responses.clone_with_type()
    }

    async fn find(&self, filter: Document) -> StoreResult<Option<Response>> {
        self.rows()
            .find_one(not_deleted(filter))
            .projection(document::projection())
            .await?
            .map(Row::into_response)
            .transpose()
    }

    /// Returns the active quick support of the same author, post and kind.
    async fn existing_quick(&self, response: &Response) -> StoreResult<Option<Response>> {
        let Content::Quick(kind) = &response.content else { return Ok(None) };
        let (post, author) = (id(response.post.uuid()), id(response.author.uuid()));
        self.find(doc! { "post": post, "author": author, "quick_kind": kind.as_str(), "active": true }).await
    }

    async fn add(&self, response: &Response, events: &[Event]) -> StoreResult<Response> {
        let mut document = document::from_response(response);
        document.insert("outbox", outbox_entries(events));
        let mut conflict = None;
        for _ in 0..MAX_RETRIES {
            // A repeated tap must not cost a write.
            if let Some(existing) = self.existing_quick(response).await? {
                return Ok(existing);
            }
            match self.responses.insert_one(&document).await.map_err(StoreError::from) {
                Ok(_) => return Ok(response.clone()),
                // A concurrent insert succeeded. It is returned unless it has already been deleted.
                Err(StoreError::UniqueViolation(key)) if key == "quick_kind" => {
                    conflict = Some(StoreError::UniqueViolation(key));
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(conflict.map_or_else(|| StoreError::corrupt("response was neither inserted nor found"), conflicting))
    }
}

fn conflicting(conflict: StoreError) -> StoreError {
    StoreError::Unavailable(conflict.into())
}

#[async_trait]
impl Store for Mongo {
    async fn insert(&self, response: &Response, events: &[Event]) -> StoreResult<Response> {
        self.database.write_with_events(events, self.add(response, events)).await
    }

    async fn get(&self, response: ResponseId) -> StoreResult<Option<Response>> {
        self.database.with_timeout(self.find(doc! { "_id": id(response.uuid()) })).await
    }

    async fn list(
        &self,
        post: PostId,
        after: Option<ResponseId>,
        viewer: UserId,
        hidden: &BTreeSet<UserId>,
        limit: i64,
    ) -> StoreResult<Vec<Response>> {
        // A limit of 0 means no limit in MongoDB.
        if limit < 1 {
            return Ok(Vec::new());
        }
        self.database
            .with_timeout(async {
                let rows = self.rows();
                let found = rows.find(listed(post, after, viewer, hidden)).sort(doc! { "_id": 1 }).limit(limit);
                let found = found.hint(Hint::Name(LIST.to_owned())).projection(document::projection()).await?;
                let rows: Vec<Row> = found.try_collect().await?;
                rows.into_iter().map(Row::into_response).collect()
            })
            .await
    }

    async fn delete(&self, read: &Response, at: Timestamp, events: &[Event]) -> StoreResult<bool> {
        let mut living = unchanged(read);
        living.insert("active", true);
        let deleted = doc! {
            "$set": { "deleted_at": bson_date(at) },
            "$unset": { "active": "" },
            "$push": { "outbox": { "$each": outbox_entries(events) } },
        };
        self.database
            .write_with_events(events, async {
                Ok(self.responses.update_one(living, deleted).await?.matched_count == 1)
            })
            .await
    }

    async fn moderate(
        &self,
        read: &Response,
        moderation: Option<ModerationState>,
        events: &[Event],
    ) -> StoreResult<bool> {
        let (mut set, mut unset) = (Document::new(), Document::new());
        for (field, moment) in stored_times(moderation) {
            match moment {
                Some(moment) => set.insert(field, bson_date(moment)),
                None => unset.insert(field, ""),
            };
        }
        let mut update = doc! { "$unset": unset, "$push": { "outbox": { "$each": outbox_entries(events) } } };
        if !set.is_empty() {
            update.insert("$set", set);
        }
        self.database
            .write_with_events(events, async {
                Ok(self.responses.update_one(unchanged(read), update).await?.matched_count == 1)
            })
            .await
    }

    async fn latest(&self, post: Option<PostId>, before: Option<ResponseId>, limit: i64) -> StoreResult<Vec<Response>> {
        // A limit of 0 means no limit in MongoDB.
        if limit < 1 {
            return Ok(Vec::new());
        }
        let mut open =
            not_deleted(doc! { "active": true, "held_at": null, "removed_at": null, "text": { "$exists": true } });
        match post {
            Some(post) => open.insert("post", id(post.uuid())),
            None => open.insert("circle", Bson::Null),
        };
        if let Some(before) = before {
            open.insert("_id", doc! { "$lt": id(before.uuid()) });
        }
        let index = if post.is_some() { LIST } else { "_id_" };
        self.database
            .with_timeout(async {
                let rows = self.rows();
                let found = rows.find(open).sort(doc! { "_id": -1 }).limit(limit);
                let found = found.hint(Hint::Name(index.to_owned())).projection(document::projection()).await?;
                let rows: Vec<Row> = found.try_collect().await?;
                rows.into_iter().map(Row::into_response).collect()
            })
            .await
    }

    async fn mark_helpful(
        &self,
        response: ResponseId,
        at: Timestamp,
        events: &[Event],
    ) -> StoreResult<Option<Response>> {
        let living = doc! { "_id": id(response.uuid()), "active": true, "held_at": null, "removed_at": null };
        let mut unmarked = not_deleted(living.clone());
        unmarked.insert("helpful_at", Bson::Null);
        let marked = doc! {
            "$set": { "helpful_at": bson_date(at) },
            "$push": { "outbox": { "$each": outbox_entries(events) } },
        };
        self.database
            .write_with_events(events, async {
                let rows = self.rows();
                let now = rows.find_one_and_update(unmarked, marked).projection(document::projection());
                match now.return_document(ReturnDocument::After).await? {
                    Some(now) => now.into_response().map(Some),
                    None => self.find(living).await,
                }
            })
            .await
    }

    async fn stats(&self, user: UserId, hidden: &BTreeSet<UserId>) -> StoreResult<Stats> {
        self.database
            .with_timeout(async {
                let counted = self.responses.aggregate(stats::pipeline(user, hidden)).with_type::<StatsRow>().await?;
                let counted: Vec<StatsRow> = counted.try_collect().await?;
                counted.first().map_or_else(|| Ok(Stats::default()), StatsRow::stats)
            })
            .await
    }

    async fn count_by_authors(
        &self,
        authors: &BTreeSet<UserId>,
        posts: &[PostId],
    ) -> StoreResult<HashMap<PostId, ResponseTally>> {
        self.database
            .with_timeout(async {
                let pipeline = counts::pipeline(authors, posts);
                let counted = self.responses.aggregate(pipeline).hint(Hint::Name(LIST.to_owned()));
                let counted: Vec<counts::CountRow> = counted.with_type().await?.try_collect().await?;
                counted.into_iter().map(counts::CountRow::tallies).collect()
            })
            .await
    }

    async fn purge(&self, until: Timestamp, limit: i64) -> StoreResult<u64> {
        let deleted = doc! { "deleted_at": { "$lte": bson_date(until) } };
        self.database.with_timeout(kith_storage::mongo::purge(&self.responses, deleted, limit)).await
    }
}

/// Index of the list.
const LIST: &str = "responses_post";

/// Filter for the response in the state in which it was read.
fn unchanged(read: &Response) -> Document {
    let mut same = not_deleted(doc! { "_id": id(read.id.uuid()) });
    same.insert("deleted_at", read.deleted_at.map_or(Bson::Null, |moment| bson_date(moment).into()));
    for (field, moment) in stored_times(read.moderation) {
        same.insert(field, moment.map_or(Bson::Null, |moment| bson_date(moment).into()));
    }
    same
}

fn stored_times(moderation: Option<ModerationState>) -> [(&'static str, Option<Timestamp>); 2] {
    [
        ("held_at", moderation.and_then(ModerationState::held_at)),
        ("removed_at", moderation.and_then(ModerationState::removed_at)),
    ]
}

fn listed(post: PostId, after: Option<ResponseId>, viewer: UserId, hidden: &BTreeSet<UserId>) -> Document {
    let seen = vec![doc! { "held_at": null, "removed_at": null }, doc! { "author": id(viewer.uuid()) }];
    let mut listed = not_deleted(doc! { "post": id(post.uuid()), "active": true, "$or": seen });
    if let Some(after) = after {
        listed.insert("_id", doc! { "$gt": id(after.uuid()) });
    }
    if !hidden.is_empty() {
        listed.insert("author", excluding_authors(hidden));
    }
    listed
}

fn excluding_authors(hidden: &BTreeSet<UserId>) -> Document {
    doc! { "$nin": ids(hidden.iter().map(|user| user.uuid())) }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{Clock as _, SystemClock, SystemEntropy};
    use kith_testkit::user;

    use super::*;

    /// Returns the query plan as text.
    async fn plan(database: &Database, pipeline: Document) -> String {
        let explained = doc! { "explain": pipeline, "verbosity": "queryPlanner" };
        database.raw().run_command(explained).await.unwrap().to_string()
    }

    #[test]
    fn a_list_is_read_from_its_index_after_the_cursor() {
        kith_testkit::block_on(async {
            let database = kith_testkit::mongo_database().await;
            let now = SystemClock.now();
            let (post, after) = (PostId::new(now, &SystemEntropy), ResponseId::new(now, &SystemEntropy));
            let filter = listed(post, Some(after), user(), &BTreeSet::from([user()]));
            let find = doc! { "find": Mongo::COLLECTION, "filter": filter, "sort": { "_id": 1 }, "hint": LIST };
            let plan = plan(&database, find).await;
            assert!(!plan.contains("COLLSCAN") && !plan.contains("\"SORT\""), "{plan}");
            let bounds = plan.split("\"indexBounds\"").nth(1).unwrap();
            assert!(bounds.contains(&post.to_string()) && bounds.contains(&after.to_string()), "{plan}");
        });
    }
}
