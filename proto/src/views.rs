//! What the frames of the WebSocket show of a thing that an event names, read when it is told: the log carries ids, so
//! what was removed meanwhile is not shown; and what the methods of one slice show of another's. The owning slice answers,
//! in the messages that its own methods use.

use async_trait::async_trait;
use kith_kernel::{Actor, CircleId, Failure, PageSize, PostId, ResponseId};

use crate::{Refusal, posts::v1::Post, support::v1::Response};

/// Posts as everybody may see them who may see them at all. Answered by `posts`.
#[async_trait]
pub trait PostViews: Send + Sync {
    /// The post; `None` if it is deleted or past its end.
    async fn post(&self, post: PostId) -> Result<Option<PostView>, Failure>;
}

/// A post, and where it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct PostView {
    /// The post.
    pub post: Post,
    /// Where.
    pub place: Place,
}

/// Where a post may be shown to everybody who may see it at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Wherever it is told of.
    Everywhere,
    /// To who knows it, and in no feed: it has left those of all but its author.
    AtItself,
}

/// Responses as everybody may see them who may see them at all. Answered by `support`.
#[async_trait]
pub trait ResponseViews: Send + Sync {
    /// The response; `None` if it is deleted, or if the post is that it answers, or past its end.
    async fn response(&self, response: ResponseId) -> Result<Option<Response>, Failure>;
}

/// What was posted in a circle. Answered by `posts`.
#[async_trait]
pub trait CircleFeeds: Send + Sync {
    /// Posts of a circle as this member sees them, newest first, and the token of the next page.
    ///
    /// # Errors
    /// For whoever is no member, as if there were no such circle; for a token that was not handed out for this.
    async fn feed(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Post>, String), Refusal>;
}
