//! Responses in MongoDB: one document a response, with its outbox in it.
//!
//! | file | holds |
//! | --- | --- |
//! | [`counts`] | what some people gave to some posts |
//! | [`document`] | a response as a document |
//! | [`figures`] | what somebody has given and got |
//!
//! What was not deleted is `active`, which every partial index asks for: they hold nothing else.

mod counts;
mod document;
mod figures;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{Event, PostId, ResponseId, Timestamp, UserId, ModerationState, ports::ResponseTally};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{Database, not_deleted, bson_date, outbox_entries, id, ids},
};
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    options::{Hint, ReturnDocument},
};

use self::{document::Row, figures::Figures};
use super::Store;
use crate::{Content, Response, Stats};

/// Responses in MongoDB.
pub struct Mongo {
    database: Database,
    responses: Collection<Document>,
}

/// How often a quick support is tried that meets another, which is gone when it is looked at.
const TRIES: usize = 8;

impl Mongo {
    /// The collection, for the [`kith_storage::mongo::MongoOutbox`] that drains it.
    pub const COLLECTION: &'static str = "responses";

    /// The responses of this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let responses = database.collection(Self::COLLECTION);
        Self { database, responses }
    }

    fn rows(&self) -> Collection<Row> {
        self.responses.clone_with_type()
    }

    async fn find(&self, filter: Document) -> StoreResult<Option<Response>> {
        self.rows().find_one(not_deleted(filter)).projection(document::shown()).await?.map(Row::into_response).transpose()
    }

    /// The living quick support that stands where this response would.
    async fn kept_quick(&self, response: &Response) -> StoreResult<Option<Response>> {
        let Content::Quick(kind) = &response.content else { return Ok(None) };
        let (post, author) = (id(response.post.uuid()), id(response.author.uuid()));
        self.find(doc! { "post": post, "author": author, "quick_kind": kind.word(), "active": true }).await
    }

    async fn add(&self, response: &Response, events: &[Event]) -> StoreResult<Response> {
        let mut document = document::of(response);
        document.insert("outbox", outbox_entries(events));
        let mut refusal = None;
        for _ in 0..TRIES {
            // Who taps again and again writes nothing.
            if let Some(kept) = self.kept_quick(response).await? {
                return Ok(kept);
            }
            match self.responses.insert_one(&document).await.map_err(StoreError::from) {
                Ok(_) => return Ok(response.clone()),
                // Somebody was faster: theirs stands, unless it is taken back already.
                Err(StoreError::UniqueViolation(key)) if key == "quick_kind" => refusal = Some(StoreError::UniqueViolation(key)),
                Err(failure) => return Err(failure),
            }
        }
        Err(refusal.map_or_else(|| StoreError::corrupt("a response was neither added nor there"), unsettled))
    }
}

fn unsettled(refusal: StoreError) -> StoreError {
    StoreError::Unavailable(refusal.into())
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
        // No document at all would be no limit at all.
        if limit < 1 {
            return Ok(Vec::new());
        }
        self.database
            .with_timeout(async {
                let rows = self.rows();
                let found = rows.find(listed(post, after, viewer, hidden)).sort(doc! { "_id": 1 }).limit(limit);
                let found = found.hint(Hint::Name(LIST.to_owned())).projection(document::shown()).await?;
                let rows: Vec<Row> = found.try_collect().await?;
                rows.into_iter().map(Row::into_response).collect()
            })
            .await
    }

    async fn delete(&self, read: &Response, at: Timestamp, events: &[Event]) -> StoreResult<bool> {
        let mut living = as_read(read);
        living.insert("active", true);
        let deleted = doc! {
            "$set": { "deleted_at": bson_date(at) },
            "$unset": { "active": "" },
            "$push": { "outbox": { "$each": outbox_entries(events) } },
        };
        self.database
            .write_with_events(events, async { Ok(self.responses.update_one(living, deleted).await?.matched_count == 1) })
            .await
    }

    async fn moderate(&self, read: &Response, veil: Option<ModerationState>, events: &[Event]) -> StoreResult<bool> {
        let (mut set, mut unset) = (Document::new(), Document::new());
        for (field, moment) in moments(veil) {
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
            .write_with_events(events, async { Ok(self.responses.update_one(as_read(read), update).await?.matched_count == 1) })
            .await
    }

    async fn newest(&self, post: Option<PostId>, before: Option<ResponseId>, limit: i64) -> StoreResult<Vec<Response>> {
        // No document at all would be no limit at all.
        if limit < 1 {
            return Ok(Vec::new());
        }
        let mut open = not_deleted(doc! { "active": true, "held_at": null, "removed_at": null, "text": { "$exists": true } });
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
                let found = found.hint(Hint::Name(index.to_owned())).projection(document::shown()).await?;
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
                let now = rows.find_one_and_update(unmarked, marked).projection(document::shown());
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
                let counted = self.responses.aggregate(figures::question(user, hidden)).with_type::<Figures>().await?;
                let counted: Vec<Figures> = counted.try_collect().await?;
                counted.first().map_or_else(|| Ok(Stats::default()), Figures::stats)
            })
            .await
    }

    async fn given_by(&self, people: &BTreeSet<UserId>, posts: &[PostId]) -> StoreResult<HashMap<PostId, ResponseTally>> {
        self.database
            .with_timeout(async {
                let question = counts::question(people, posts);
                let counted = self.responses.aggregate(question).hint(Hint::Name(LIST.to_owned()));
                let counted: Vec<counts::Counted> = counted.with_type().await?.try_collect().await?;
                counted.into_iter().map(counts::Counted::tallies).collect()
            })
            .await
    }

    async fn purge(&self, until: Timestamp, limit: i64) -> StoreResult<u64> {
        let deleted = doc! { "deleted_at": { "$lte": bson_date(until) } };
        self.database.with_timeout(kith_storage::mongo::purge(&self.responses, deleted, limit)).await
    }
}

/// What a list is read along.
const LIST: &str = "responses_post";

/// The response, if it is still as it was read.
fn as_read(read: &Response) -> Document {
    let mut same = not_deleted(doc! { "_id": id(read.id.uuid()) });
    same.insert("deleted_at", read.deleted_at.map_or(Bson::Null, |moment| bson_date(moment).into()));
    for (field, moment) in moments(read.veil) {
        same.insert(field, moment.map_or(Bson::Null, |moment| bson_date(moment).into()));
    }
    same
}

fn moments(veil: Option<ModerationState>) -> [(&'static str, Option<Timestamp>); 2] {
    [("held_at", veil.and_then(ModerationState::held_at)), ("removed_at", veil.and_then(ModerationState::removed_at))]
}

fn listed(post: PostId, after: Option<ResponseId>, viewer: UserId, hidden: &BTreeSet<UserId>) -> Document {
    let seen = vec![doc! { "held_at": null, "removed_at": null }, doc! { "author": id(viewer.uuid()) }];
    let mut listed = not_deleted(doc! { "post": id(post.uuid()), "active": true, "$or": seen });
    if let Some(after) = after {
        listed.insert("_id", doc! { "$gt": id(after.uuid()) });
    }
    if !hidden.is_empty() {
        listed.insert("author", not_by(hidden));
    }
    listed
}

fn not_by(hidden: &BTreeSet<UserId>) -> Document {
    doc! { "$nin": ids(hidden.iter().map(|user| user.uuid())) }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{Clock as _, SystemClock, SystemEntropy};
    use kith_testkit::user;

    use super::*;

    /// How MongoDB goes about it, in its own words.
    async fn plan(database: &Database, question: Document) -> String {
        let explained = doc! { "explain": question, "verbosity": "queryPlanner" };
        database.raw().run_command(explained).await.unwrap().to_string()
    }

    #[test]
    fn a_list_is_read_along_its_index_from_where_the_last_page_ended() {
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
