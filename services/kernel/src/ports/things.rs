//! What people wrote.

use async_trait::async_trait;

use crate::{Failure, PostId, UserId};

/// What other slices may know of a post. Answered by `posts`.
#[async_trait]
pub trait PostLookup: Send + Sync {
    /// The post as `viewer` may know it: `None` if there is none, or none for them.
    async fn brief(&self, viewer: UserId, post: PostId) -> Result<Option<PostBrief>, Failure>;

    /// Whether the post is there for everybody who may see its author.
    async fn is_public(&self, post: PostId) -> Result<bool, Failure>;
}

/// A post, in the few words that others need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostBrief {
    /// Which.
    pub id: PostId,
    /// Whose.
    pub author: UserId,
}
