//! How a document goes whose events still wait.

use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
};

use super::{Named, ids, uuid};
use crate::StoreResult;

/// The filter, without tombstones. Every read and every write of a store starts from it.
#[must_use]
pub fn alive(mut filter: Document) -> Document {
    filter.insert("gone", Bson::Null);
    filter
}

/// Removes up to `limit` documents that the filter finds, and says how many. One whose events wait leaves a tombstone:
/// nothing of it but its id and those events, until they are out.
///
/// # Errors
/// Only those of the database.
pub async fn purge<T: Send + Sync>(documents: &Collection<T>, filter: Document, limit: i64) -> StoreResult<u64> {
    // No document at all would be no limit at all.
    if limit < 1 {
        return Ok(0);
    }
    let named = documents.clone_with_type::<Named>();
    let found = named.find(alive(filter.clone())).projection(doc! { "_id": 1 }).limit(limit).await?;
    let found: Vec<Named> = found.try_collect().await?;
    if found.is_empty() {
        return Ok(0);
    }
    let these = doc! { "$in": ids(found.iter().map(|one| uuid(one.id))) };
    // The condition is asked again as each is written.
    let mut still = alive(filter);
    still.insert("_id", these.clone());
    let tombstone = doc! { "_id": "$_id", "gone": true, "outbox": { "$ifNull": ["$outbox", []] } };
    let buried = documents.update_many(still, vec![doc! { "$replaceWith": tombstone }]).await?;
    let mut empty = done();
    empty.insert("_id", these);
    documents.delete_many(empty).await?;
    Ok(buried.modified_count)
}

/// Tombstones whose events are all out.
pub(super) fn done() -> Document {
    doc! { "gone": true, "outbox.id": { "$exists": false } }
}
