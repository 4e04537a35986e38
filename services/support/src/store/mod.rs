//! Where responses are kept.
//!
//! Every promise below has a case in `tests/it/store.rs`, and every case runs on every adapter.

mod mongo;
mod sqlite;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use kith_kernel::{Event, PostId, ResponseId, Timestamp, UserId, ModerationState, ports::ResponseTally};
use kith_storage::{StoreError, StoreResult};

pub use self::{mongo::Mongo, sqlite::Sqlite};
use crate::{Content, QuickKind, Response, Stats, Text};

/// What a store of responses promises.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a response and its events, both or neither, and gives the response. An id in use is
    /// [`Taken`](kith_storage::StoreError::UniqueViolation) as `id`.
    ///
    /// If it is a quick support, and its author has a living one of this kind under this post, then that one is given
    /// instead, and nothing is added: of any number that are given at once, one is kept.
    async fn insert(&self, response: &Response, events: &[Event]) -> StoreResult<Response>;

    /// The response, equal to what was inserted, but for what has become of it: deleted ones too, until they are
    /// purged.
    async fn get(&self, id: ResponseId) -> StoreResult<Option<Response>>;

    /// Up to `limit` living responses to `post` that come after `after`, oldest first, none of them by somebody
    /// `hidden`, however many are; and none that is held or removed, but those of the `viewer`.
    ///
    /// Pages that follow each other show every response that was there from the first to the last page exactly once,
    /// whatever is inserted or deleted in between, even the response at which a page ended.
    async fn list(
        &self,
        post: PostId,
        after: Option<ResponseId>,
        viewer: UserId,
        hidden: &BTreeSet<UserId>,
        limit: i64,
    ) -> StoreResult<Vec<Response>>;

    /// Deletes a response and adds its events, both or neither. `false`, and no event, if there is no living one, or it is
    /// held or removed otherwise than when it was read: of any number of callers at once, one is told `true`.
    async fn delete(&self, read: &Response, at: Timestamp, events: &[Event]) -> StoreResult<bool>;

    /// Keeps a response from others for this, or for nothing, and adds its events, both or neither. `false`, and no event,
    /// if there is none, or it is deleted, held or removed otherwise than when it was read.
    async fn moderate(&self, read: &Response, veil: Option<ModerationState>, events: &[Event]) -> StoreResult<bool>;

    /// Up to `limit` responses in words that everybody can see who sees their post and their author, newest first: to this
    /// post, if one is named, and else to public posts; and given before this one, if one is.
    async fn newest(&self, post: Option<PostId>, before: Option<ResponseId>, limit: i64) -> StoreResult<Vec<Response>>;

    /// Marks a response helpful and adds its events, both or neither, and gives the response. If it is marked already,
    /// the first moment stands and there is no event. `None`, and no event, if there is no living one, or it is held or
    /// removed.
    async fn mark_helpful(&self, id: ResponseId, at: Timestamp, events: &[Event]) -> StoreResult<Option<Response>>;

    /// What `user` has given and got, counted now. What they got from somebody `hidden` does not count, nor does what is
    /// held or removed.
    async fn stats(&self, user: UserId, hidden: &BTreeSet<UserId>) -> StoreResult<Stats>;

    /// What these people gave to each of these posts that others can see, counted now. A post to which they gave nothing is
    /// left out.
    async fn given_by(&self, people: &BTreeSet<UserId>, posts: &[PostId]) -> StoreResult<HashMap<PostId, ResponseTally>>;

    /// Forgets for good up to `limit` responses that were deleted at `until` or before, and says how many. Living ones
    /// stay, and so do events that wait.
    async fn purge(&self, until: Timestamp, limit: i64) -> StoreResult<u64>;
}

impl QuickKind {
    /// The word for it in every database, and for staff. A word that was ever stored keeps its meaning.
    pub(crate) const fn word(self) -> &'static str {
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
