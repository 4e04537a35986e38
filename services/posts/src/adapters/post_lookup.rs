//! Existence and visibility of posts, for other slices.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Clock, PortError, PostId, UserId,
    ports::{BlockList, Membership, PostLookup, PostSummary},
};

use crate::{
    policy::{self, Viewer},
    posting_context::circle_context,
    store::Store,
};

/// Implements [`PostLookup`].
///
/// Visibility depends on the store, the block list and the circle memberships. A port can depend on other ports as long
/// as none of them depends on it.
pub struct PostLookupAdapter {
    pub store: Arc<dyn Store>,
    pub blocks: Arc<dyn BlockList>,
    pub membership: Arc<dyn Membership>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PostLookup for PostLookupAdapter {
    async fn find_visible(&self, viewer: UserId, post: PostId) -> Result<Option<PostSummary>, PortError> {
        let Some(post) = self.store.get(post).await? else { return Ok(None) };
        let hidden = self.blocks.hidden_from(viewer).await?;
        let inside = circle_context(&*self.membership, viewer, &post).await?;
        let circle = inside.map(|inside| inside.circle);
        let viewer = Viewer { user: viewer, hidden, circle, now: self.clock.now() };
        let summary = PostSummary { id: post.id, author: post.author, circle: inside };
        Ok(policy::can_see(&viewer, &post).then_some(summary))
    }

    async fn is_visible_to_all_readers(&self, post: PostId) -> Result<bool, PortError> {
        let now = self.clock.now();
        Ok(self.store.get(post).await?.is_some_and(|post| policy::is_visible_to_all_readers(&post, now)))
    }
}
