//! What posts said before they were changed: a list in each document, of bounded length.

use kith_kernel::{PostId, ports::Edit as Past};
use kith_storage::{
    StoreResult,
    mongo::{alive, at, date, id},
};
use mongodb::{
    Collection,
    bson::{DateTime, Document, doc},
};

use crate::store::EDITS;

/// What to push, so that it is kept what was said, and forgotten what is too long ago.
pub(super) fn pushed(said: &Past) -> Document {
    let latest = i64::try_from(EDITS).unwrap_or(i64::MAX).saturating_neg();
    doc! { "$each": [{ "at": date(said.at), "text": &said.text }], "$slice": latest }
}

pub(super) async fn of(posts: &Collection<Kept>, post: PostId) -> StoreResult<Vec<Past>> {
    let found =
        posts.find_one(alive(doc! { "_id": id(post.uuid()) })).projection(doc! { "_id": 0, "edits": 1 }).await?;
    let edits = found.map(|kept| kept.edits).unwrap_or_default();
    Ok(edits.into_iter().map(|edit| Past { at: at(edit.at), text: edit.text }).collect())
}

/// What a document keeps of it.
#[derive(serde::Deserialize)]
pub(super) struct Kept {
    #[serde(default)]
    edits: Vec<Edit>,
}

#[derive(serde::Deserialize)]
struct Edit {
    at: DateTime,
    text: String,
}
