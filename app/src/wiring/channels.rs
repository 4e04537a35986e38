//! Who may listen to what, out of what the slices answer.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Actor, Category, Channel, CircleId, Failure, PostId,
    ports::{ChannelAccess, Membership, PostLookup},
};

/// The channels that there are.
pub(super) struct Channels {
    pub(super) posts: Arc<dyn PostLookup>,
    pub(super) membership: Arc<dyn Membership>,
}

#[async_trait]
impl ChannelAccess for Channels {
    async fn may_listen(&self, actor: &Actor, channel: &Channel) -> Result<bool, Failure> {
        // The gateway lets nobody in who is suspended, and sends them away at once when they are.
        if channel.name() == "feed" || *channel == Channel::of(actor.user) {
            return Ok(true);
        }
        if channel.name() == "staff:queue" {
            return Ok(actor.moderator().is_ok());
        }
        match channel.name().split_once(':') {
            Some(("category", slug)) => Ok(slug.parse::<Category>().is_ok()),
            Some(("circle", id)) => match id.parse::<CircleId>() {
                Ok(circle) => Ok(self.membership.member(actor.user, circle).await?.is_some()),
                Err(_) => Ok(false),
            },
            Some(("post", id)) => match id.parse::<PostId>() {
                Ok(post) => Ok(self.posts.brief(actor.user, post).await?.is_some()),
                Err(_) => Ok(false),
            },
            _ => Ok(false),
        }
    }
}
