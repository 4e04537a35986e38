//! Access to the channels of the gateway.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Actor, Channel, PortError,
    ports::{ChannelAccess, Membership, PostLookup},
};

/// Decides with the ports of the slices which channels an actor can subscribe to.
pub(super) struct ChannelAccessAdapter {
    pub(super) posts: Arc<dyn PostLookup>,
    pub(super) membership: Arc<dyn Membership>,
}

#[async_trait]
impl ChannelAccess for ChannelAccessAdapter {
    async fn can_subscribe(&self, actor: &Actor, channel: &Channel) -> Result<bool, PortError> {
        // Suspended accounts are not handled here: the gateway rejects their tickets and closes their connections.
        match *channel {
            Channel::Feed | Channel::Category(_) => Ok(true),
            Channel::User(user) => Ok(user == actor.user),
            Channel::StaffQueue => Ok(actor.moderator().is_ok()),
            Channel::Circle(circle) => Ok(self.membership.find(actor.user, circle).await?.is_some()),
            Channel::Post(post) => Ok(self.posts.find_visible(actor.user, post).await?.is_some()),
            Channel::PermissionChanges => Ok(false),
        }
    }
}
