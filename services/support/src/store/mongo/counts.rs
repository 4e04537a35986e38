//! What some people gave to some posts.

use std::collections::BTreeSet;

use kith_kernel::{PostId, UserId, ports::ResponseTally};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{ids, uuid},
};
use mongodb::bson::{self, Bson, Document, doc};

/// Text and quick are kept apart: each answer has one of them.
pub(super) fn question(people: &BTreeSet<UserId>, posts: &[PostId]) -> Vec<Document> {
    let open = doc! {
        "post": { "$in": ids(posts.iter().map(|post| post.uuid())) },
        "author": { "$in": ids(people.iter().map(|user| user.uuid())) },
        "active": true,
        "held_at": null,
        "removed_at": null,
    };
    let has = |field: &str| doc! { "$sum": { "$cond": [{ "$gt": [format!("${field}"), Bson::Null] }, 1_i64, 0_i64] } };
    vec![doc! { "$match": open }, doc! { "$group": { "_id": "$post", "texts": has("text"), "quick": has("quick_kind") } }]
}

/// What comes of it.
#[derive(serde::Deserialize)]
pub(super) struct Counted {
    #[serde(rename = "_id")]
    post: bson::Uuid,
    texts: i64,
    quick: i64,
}

impl Counted {
    pub(super) fn tallies(self) -> StoreResult<(PostId, ResponseTally)> {
        let count = |count: i64| u64::try_from(count).map_err(StoreError::corrupt);
        Ok((PostId::from_uuid(uuid(self.post)), ResponseTally { texts: count(self.texts)?, quick: count(self.quick)? }))
    }
}
