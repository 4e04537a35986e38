//! Ports through which one slice shows content of another, as the messages that the owning slice's own methods return.
//!
//! The gateway loads the content of a WebSocket frame through them when it sends the frame. The event log holds ids only,
//! so content that was removed in the meantime is not sent.

use async_trait::async_trait;
use kith_kernel::{Actor, CircleId, PageSize, PortError, PostId, ResponseId};

use crate::{ErrorResponse, posts::v1::Post, support::v1::Response};

/// Presents posts as every permitted viewer sees them. Implemented by `posts`.
#[async_trait]
pub trait PostPresenter: Send + Sync {
    /// Returns the post; `None` if it is deleted, expired or hidden by moderation.
    async fn present_post(&self, post: PostId) -> Result<Option<PostView>, PortError>;
}

/// A post and its placement in feeds.
#[derive(Debug, Clone, PartialEq)]
pub struct PostView {
    pub post: Post,
    pub placement: FeedPlacement,
}

/// Channels on which a post can be shown to its permitted viewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedPlacement {
    /// The feeds and the post's own channel.
    Feeds,
    /// The post's own channel only: the post has left every feed except its author's.
    OwnChannelOnly,
}

/// Presents responses as every permitted viewer sees them. Implemented by `support`.
#[async_trait]
pub trait ResponsePresenter: Send + Sync {
    /// Returns the response; `None` if it or its post is deleted, expired or hidden by moderation.
    async fn present_response(&self, response: ResponseId) -> Result<Option<Response>, PortError>;
}

/// Lists the posts of a circle. Implemented by `posts`.
#[async_trait]
pub trait CircleFeed: Send + Sync {
    /// Returns one page of the circle's posts as this member sees them, newest first, and the token of the next page.
    ///
    /// # Errors
    /// Not found if the actor is not a member, as for a missing circle; invalid argument if the token was not issued for
    /// this list.
    async fn list_posts(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Post>, String), ErrorResponse>;
}
