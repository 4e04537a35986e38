//! Counts of responses by author and post.

use std::collections::BTreeSet;

use kith_kernel::{PostId, UserId, ports::ResponseTally};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{ids, uuid},
};
use mongodb::bson::{self, Bson, Document, doc};

/// Counts texts and quick supports separately.
pub(super) fn pipeline(authors: &BTreeSet<UserId>, posts: &[PostId]) -> Vec<Document> {
    let open = doc! {
        "post": { "$in": ids(posts.iter().map(|post| post.uuid())) },
        "author": { "$in": ids(authors.iter().map(|user| user.uuid())) },
        "active": true,
        "held_at": null,
        "removed_at": null,
    };
    let has = |field: &str| doc! { "$sum": { "$cond": [{ "$gt": [format!("${field}"), Bson::Null] }, 1_i64, 0_i64] } };
    vec![
        doc! { "$match": open },
        doc! { "$group": { "_id": "$post", "texts": has("text"), "quick": has("quick_kind") } },
    ]
}

/// Result row of the pipeline.
#[derive(serde::Deserialize)]
pub(super) struct CountRow {
    #[serde(rename = "_id")]
    post: bson::Uuid,
    texts: i64,
    quick: i64,
}

impl CountRow {
    pub(super) fn tallies(self) -> StoreResult<(PostId, ResponseTally)> {
        let count = |count: i64| u64::try_from(count).map_err(StoreError::corrupt);
        Ok((PostId::from_uuid(uuid(self.post)), ResponseTally { texts: count(self.texts)?, quick: count(self.quick)? }))
    }
}
