//! Storage of responses.
//!
//! Each promise below has a contract case in `tests/it/store.rs`, which runs on every adapter.

mod mongo;
mod sqlite;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use kith_kernel::{Event, ModerationState, PostId, ResponseId, Timestamp, UserId, ports::ResponseTally};
use kith_storage::{StoreError, StoreResult};

pub use self::{mongo::Mongo, sqlite::Sqlite};
use crate::{Content, QuickKind, Response, Stats, Text};

/// Store of responses.
#[async_trait]
pub trait Store: Send + Sync {
    /// Inserts a response with its events, atomically, and returns it. An id in use is a
    /// [`UniqueViolation`](kith_storage::StoreError::UniqueViolation) of `id`.
    ///
    /// If the author already has an active quick support of this kind to this post, it is returned instead and nothing is
    /// inserted. Of several concurrent inserts exactly one succeeds.
    async fn insert(&self, response: &Response, events: &[Event]) -> StoreResult<Response>;

    /// Returns a response, also a deleted one until it is purged.
    async fn get(&self, id: ResponseId) -> StoreResult<Option<Response>>;

    /// Returns up to `limit` active responses to `post` after `after`, oldest first. Excludes responses of `hidden` accounts,
    /// and held and removed responses of accounts other than `viewer`.
    ///
    /// Consecutive pages contain each response that exists during all of them exactly once, also if the last response of a
    /// page is deleted in between.
    async fn list(
        &self,
        post: PostId,
        after: Option<ResponseId>,
        viewer: UserId,
        hidden: &BTreeSet<UserId>,
        limit: i64,
    ) -> StoreResult<Vec<Response>>;

    /// Deletes a response with its events, atomically. Returns false, without events, if it is not active or its moderation
    /// state differs from `read`. Exactly one of several concurrent callers gets true.
    async fn delete(&self, read: &Response, at: Timestamp, events: &[Event]) -> StoreResult<bool>;

    /// Sets the moderation state with the events, atomically. Returns false, without events, if the response does not exist
    /// or its deletion or moderation state differs from `read`.
    async fn moderate(
        &self,
        read: &Response,
        moderation: Option<ModerationState>,
        events: &[Event],
    ) -> StoreResult<bool>;

    /// Returns up to `limit` visible text responses, newest first: to `post` if given, else to public posts; created before
    /// the response `before` if given.
    async fn latest(&self, post: Option<PostId>, before: Option<ResponseId>, limit: i64) -> StoreResult<Vec<Response>>;

    /// Marks a response as helpful with its events, atomically, and returns it. If it is already marked, the first time is
    /// kept and no event is stored. Returns `None` if the response is not active and visible.
    async fn mark_helpful(&self, id: ResponseId, at: Timestamp, events: &[Event]) -> StoreResult<Option<Response>>;

    /// Counts the responses that `user` has given and received. Excludes responses of `hidden` accounts, and held and removed
    /// ones.
    async fn stats(&self, user: UserId, hidden: &BTreeSet<UserId>) -> StoreResult<Stats>;

    /// Counts the visible responses of `authors` to each of `posts`. Posts without such responses are absent.
    async fn count_by_authors(
        &self,
        authors: &BTreeSet<UserId>,
        posts: &[PostId],
    ) -> StoreResult<HashMap<PostId, ResponseTally>>;

    /// Removes up to `limit` responses that were deleted at or before `until`, and returns their number. Unpublished events
    /// are kept.
    async fn purge(&self, until: Timestamp, limit: i64) -> StoreResult<u64>;
}

impl QuickKind {
    /// Stored form, also shown to staff. Stable.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::YouGotThis => "you_got_this",
            Self::StayStrong => "stay_strong",
            Self::HereForYou => "here_for_you",
            Self::ProudOfYou => "proud_of_you",
            Self::Hug => "hug",
        }
    }
}

/// Validates stored content.
fn content(text: Option<&str>, quick: Option<&str>) -> StoreResult<Content> {
    match (text, quick) {
        (Some(text), None) => Text::new(text).map(Content::Text).map_err(StoreError::corrupt),
        (None, Some(stored)) => {
            let kind = QuickKind::ALL.into_iter().find(|kind| kind.as_str() == stored);
            kind.map(Content::Quick).ok_or_else(|| StoreError::corrupt("unknown quick support kind"))
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(StoreError::corrupt("response must have exactly one of text and quick"))
        }
    }
}
