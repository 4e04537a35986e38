//! Posts and counts of responses.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;

use crate::{CircleId, PortError, PostId, UserId, ports::Member};

/// Summaries of posts for other slices. Implemented by `posts`.
#[async_trait]
pub trait PostLookup: Send + Sync {
    /// Returns the post if it is visible to `viewer`. Returns `None` if it does not exist or is not visible.
    async fn find_visible(&self, viewer: UserId, post: PostId) -> Result<Option<PostSummary>, PortError>;

    /// Returns true if the post is visible to every user who can see its author where it was posted. For a post of a
    /// circle: to all members.
    async fn is_visible_to_all_readers(&self, post: PostId) -> Result<bool, PortError>;
}

/// Summary of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostSummary {
    pub id: PostId,
    pub author: UserId,
    /// The circle of the post and the membership of the viewer; `None` for a public post.
    pub circle: Option<CircleContext>,
}

/// A circle and the present membership of the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircleContext {
    pub circle: CircleId,
    pub member: Member,
}

/// Counts of responses. Implemented by `support`.
#[async_trait]
pub trait ResponseCounts: Send + Sync {
    /// Counts the visible responses of these authors to each of these posts. Posts without such responses are absent.
    async fn count_by_authors(
        &self,
        authors: &BTreeSet<UserId>,
        posts: &[PostId],
    ) -> Result<HashMap<PostId, ResponseTally>, PortError>;
}

/// Number of responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResponseTally {
    /// Responses with a text.
    pub texts: u64,
    /// Quick supports.
    pub quick: u64,
}
