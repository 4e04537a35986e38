//! Deletion of documents whose events are not published yet.

use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
};

use super::{
    convert::{ids, uuid},
    documents::IdOnly,
};
use crate::StoreResult;

/// Adds the condition that the document is not a tombstone. Every read and write of a store must use it.
#[must_use]
pub fn not_deleted(mut filter: Document) -> Document {
    filter.insert("deleted", Bson::Null);
    filter
}

/// Deletes up to `limit` documents that match the filter, and returns their number.
///
/// A document with pending events is replaced by a tombstone, which contains only its id and those events, until they
/// are published.
///
/// # Errors
/// Database errors only.
pub async fn purge<T: Send + Sync>(documents: &Collection<T>, filter: Document, limit: i64) -> StoreResult<u64> {
    // MongoDB treats 0 as no limit.
    if limit < 1 {
        return Ok(0);
    }
    let ids_of = documents.clone_with_type::<IdOnly>();
    let found = ids_of.find(not_deleted(filter.clone())).projection(doc! { "_id": 1 }).limit(limit).await?;
    let found: Vec<IdOnly> = found.try_collect().await?;
    if found.is_empty() {
        return Ok(0);
    }
    let in_batch = doc! { "$in": ids(found.iter().map(|document| uuid(document.id))) };
    // The filter is repeated, because a document may have changed since the read.
    let mut still_matching = not_deleted(filter);
    still_matching.insert("_id", in_batch.clone());
    let tombstone = doc! { "_id": "$_id", "deleted": true, "outbox": { "$ifNull": ["$outbox", []] } };
    let replaced = documents.update_many(still_matching, vec![doc! { "$replaceWith": tombstone }]).await?;
    let mut empty = without_events();
    empty.insert("_id", in_batch);
    documents.delete_many(empty).await?;
    Ok(replaced.modified_count)
}

/// Filter of tombstones whose events are all published.
pub(super) fn without_events() -> Document {
    doc! { "deleted": true, "outbox.id": { "$exists": false } }
}
