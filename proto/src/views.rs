//! What the frames of the WebSocket show of a thing that an event names, read when it is told: the log carries ids, so
//! what was removed meanwhile is not shown. The owning slice answers, in the messages that its own methods use.

use async_trait::async_trait;
use kernel::{Failure, PostId, ResponseId};

use crate::{posts::v1::Post, support::v1::Response};

/// Posts as everybody may see them who may see them at all. Answered by `posts`.
#[async_trait]
pub trait PostViews: Send + Sync {
    /// The post; `None` if it is deleted or past its end.
    async fn post(&self, post: PostId) -> Result<Option<Post>, Failure>;
}

/// Responses as everybody may see them who may see them at all. Answered by `support`.
#[async_trait]
pub trait ResponseViews: Send + Sync {
    /// The response; `None` if it is deleted.
    async fn response(&self, response: ResponseId) -> Result<Option<Response>, Failure>;
}
