//! Where responses are kept.
//!
//! Every promise below has a case in `tests/it/store.rs`, and every case runs on every adapter.

mod mongo;
mod sqlite;

use std::collections::BTreeSet;

use async_trait::async_trait;
use kernel::{Event, PostId, ResponseId, Timestamp, UserId};
use storage::{StoreError, StoreResult};

pub use self::{mongo::Mongo, sqlite::Sqlite};
use crate::{Content, QuickKind, Response, Stats, Text};

/// What a store of responses promises.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a response and its events, both or neither, and gives the response. An id in use is
    /// [`Taken`](storage::StoreError::Taken) as `id`.
    ///
    /// If it is a quick support, and its author has a living one of this kind under this post, then that one is given
    /// instead, and nothing is added: of any number that are given at once, one is kept.
    async fn insert(&self, response: &Response, events: &[Event]) -> StoreResult<Response>;

    /// The response, equal to what was inserted, but for what has become of it: deleted ones too, until they are
    /// purged.
    async fn get(&self, id: ResponseId) -> StoreResult<Option<Response>>;

    /// Up to `limit` living responses to `post` that come after `after`, oldest first, none of them by somebody
    /// `hidden`, however many are.
    ///
    /// Pages that follow each other show every response that was there from the first to the last page exactly once,
    /// whatever is inserted or deleted in between, even the response at which a page ended.
    async fn list(
        &self,
        post: PostId,
        after: Option<ResponseId>,
        hidden: &BTreeSet<UserId>,
        limit: i64,
    ) -> StoreResult<Vec<Response>>;

    /// Deletes a response and adds its events, both or neither. `false`, and no event, if there is no living one: of
    /// any number of callers at once, one is told `true`.
    async fn delete(&self, id: ResponseId, at: Timestamp, events: &[Event]) -> StoreResult<bool>;

    /// Marks a response helpful and adds its events, both or neither, and gives the response. If it is marked already,
    /// the first moment stands and there is no event. `None`, and no event, if there is no living one.
    async fn mark_helpful(&self, id: ResponseId, at: Timestamp, events: &[Event]) -> StoreResult<Option<Response>>;

    /// What `user` has given and got, counted now. What they got from somebody `hidden` does not count.
    async fn stats(&self, user: UserId, hidden: &BTreeSet<UserId>) -> StoreResult<Stats>;

    /// Removes for good up to `limit` responses that were deleted at `until` or before, and says how many. Living ones
    /// stay, and so do events that wait.
    async fn purge(&self, until: Timestamp, limit: i64) -> StoreResult<u64>;
}

impl QuickKind {
    /// The word for it in every database. A word that was ever stored keeps its meaning.
    const fn word(self) -> &'static str {
        match self {
            Self::YouGotThis => "you_got_this",
            Self::StayStrong => "stay_strong",
            Self::HereForYou => "here_for_you",
            Self::ProudOfYou => "proud_of_you",
            Self::Hug => "hug",
        }
    }
}

/// What a database holds of a content, checked on the way out as it was on the way in.
fn content(text: Option<&str>, quick: Option<&str>) -> StoreResult<Content> {
    match (text, quick) {
        (Some(text), None) => Text::new(text).map(Content::Text).map_err(StoreError::corrupt),
        (None, Some(word)) => {
            let kind = QuickKind::ALL.into_iter().find(|kind| kind.word() == word);
            kind.map(Content::Quick).ok_or_else(|| StoreError::corrupt("no quick support has this word"))
        }
        (Some(_), Some(_)) | (None, None) => Err(StoreError::corrupt("a response says one thing")),
    }
}
