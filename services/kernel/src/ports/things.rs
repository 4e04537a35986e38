//! What people wrote.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;

use crate::{CircleId, Failure, PostId, UserId, ports::Member};

/// What other slices may know of a post. Answered by `posts`.
#[async_trait]
pub trait PostLookup: Send + Sync {
    /// The post as `viewer` may know it: `None` if there is none, or none for them.
    async fn brief(&self, viewer: UserId, post: PostId) -> Result<Option<PostBrief>, Failure>;

    /// Whether the post is there for everybody who may see its author, and is where it was posted: of a post of a circle,
    /// that it is there for the members.
    async fn is_public(&self, post: PostId) -> Result<bool, Failure>;
}

/// A post, in the few words that others need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostBrief {
    /// Which.
    pub id: PostId,
    /// Whose.
    pub author: UserId,
    /// The circle that it belongs to, and how the viewer stands in it; `None` for a public post.
    pub inside: Option<Inside>,
}

/// A circle, as one of its members is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inside {
    /// Which.
    pub circle: CircleId,
    /// How the viewer stands in it, now.
    pub member: Member,
}

/// How many answers some people gave. Answered by `support`.
#[async_trait]
pub trait ResponseCounts: Send + Sync {
    /// What these people gave to each of these posts that others could see, and that is still there. A post to which they
    /// gave nothing is left out.
    async fn given_by(&self, people: &BTreeSet<UserId>, posts: &[PostId]) -> Result<HashMap<PostId, Tallies>, Failure>;
}

/// How many answers there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tallies {
    /// In words.
    pub texts: u64,
    /// Quick supports.
    pub quick: u64,
}
