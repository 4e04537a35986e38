//! Earlier texts of posts: a list of bounded length in each document.

use kith_kernel::{PostId, ports::Revision};
use kith_storage::{
    StoreResult,
    mongo::{bson_date, id, not_deleted, timestamp},
};
use mongodb::{
    Collection,
    bson::{DateTime, Document, doc},
};

use crate::store::MAX_REVISIONS;

/// Argument of `$push` that appends a revision and drops the oldest ones.
pub(super) fn push(previous: &Revision) -> Document {
    let latest = i64::try_from(MAX_REVISIONS).unwrap_or(i64::MAX).saturating_neg();
    doc! { "$each": [{ "replaced_at": bson_date(previous.at), "text": &previous.text }], "$slice": latest }
}

pub(super) async fn load(posts: &Collection<RevisionList>, post: PostId) -> StoreResult<Vec<Revision>> {
    let found = posts
        .find_one(not_deleted(doc! { "_id": id(post.uuid()) }))
        .projection(doc! { "_id": 0, "revisions": 1 })
        .await?;
    let revisions = found.map(|document| document.revisions).unwrap_or_default();
    Ok(revisions.into_iter().map(|stored| Revision { at: timestamp(stored.replaced_at), text: stored.text }).collect())
}

/// Revisions of a document.
#[derive(serde::Deserialize)]
pub(super) struct RevisionList {
    #[serde(default)]
    revisions: Vec<StoredRevision>,
}

#[derive(serde::Deserialize)]
struct StoredRevision {
    replaced_at: DateTime,
    text: String,
}
