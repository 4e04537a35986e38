//! Event handler that publishes events to channel logs.

use std::{iter, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    AccountEvent, Channel, Delivery, Event, EventPayload, ModerationEvent, PortError, PostEvent, ProgressEvent,
    ResponseEvent,
    event::{CircleChange, PostRef, VisibilityChange},
    ports::{EventHandler, ReplayLog},
};

/// Appends each event to the logs of its channels.
///
/// One node at a time does this, in the order of the bus. It makes no other calls: every event behind one that waits for
/// an answer waits too, and one of them may be a block.
pub struct ChannelPublisher {
    pub replay_log: Arc<dyn ReplayLog>,
}

impl ChannelPublisher {
    /// Name of the consumer on the bus.
    pub const NAME: &str = "realtime";
}

#[async_trait]
impl EventHandler for ChannelPublisher {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        for channel in channels_for(&delivery.event) {
            self.replay_log.append(&channel, &delivery.encoded).await?;
        }
        Ok(())
    }
}

fn channels_for(event: &Event) -> Vec<Channel> {
    match &event.payload {
        EventPayload::Post(event) => channels_for_post(event),
        EventPayload::Response(event) => channels_for_response(event),
        EventPayload::Account(event) => channels_for_account(event),
        EventPayload::Circle(circle) => {
            let changes_access = circle.member.is_some() || circle.change == CircleChange::ClosedByStaff;
            if changes_access { vec![Channel::PermissionChanges] } else { Vec::new() }
        }
        EventPayload::Moderation(event) => channels_for_moderation(event),
        // Only the owner may see it.
        EventPayload::Progress(ProgressEvent::MilestoneReached { .. }) => vec![Channel::User(event.actor)],
    }
}

fn channels_for_post(event: &PostEvent) -> Vec<Channel> {
    match event {
        // No connection can be subscribed to a post that did not exist.
        PostEvent::Created(post) => feeds(post),
        PostEvent::Updated(post)
        | PostEvent::SosResolved(post)
        | PostEvent::Deleted(post)
        | PostEvent::Restored(post)
        | PostEvent::VisibilityChanged {
            post,
            change: VisibilityChange::Released | VisibilityChange::Removed | VisibilityChange::Restored,
        } => {
            let mut channels = feeds(post);
            channels.push(Channel::Post(post.post));
            channels
        }
        // A held post was not visible yet, or its update was published just before and finds it hidden.
        PostEvent::VisibilityChanged { change: VisibilityChange::Held, .. } => Vec::new(),
    }
}

fn channels_for_response(event: &ResponseEvent) -> Vec<Channel> {
    match event {
        ResponseEvent::Created { response, .. }
        | ResponseEvent::VisibilityChanged { response, change: VisibilityChange::Released, .. } => {
            let mut channels = vec![Channel::Post(response.post)];
            if response.author != response.post_author {
                channels.push(Channel::User(response.post_author));
            }
            channels
        }
        ResponseEvent::Deleted { response, .. }
        | ResponseEvent::VisibilityChanged {
            response,
            change: VisibilityChange::Removed | VisibilityChange::Restored,
            ..
        } => vec![Channel::Post(response.post)],
        ResponseEvent::MarkedHelpful(response) => vec![Channel::Post(response.post), Channel::User(response.author)],
        ResponseEvent::VisibilityChanged { change: VisibilityChange::Held, .. } => Vec::new(),
    }
}

fn channels_for_account(event: &AccountEvent) -> Vec<Channel> {
    match event {
        AccountEvent::Blocked { .. }
        | AccountEvent::Unblocked { .. }
        | AccountEvent::Suspended { .. }
        | AccountEvent::Reinstated { .. }
        | AccountEvent::SessionRevoked { .. }
        | AccountEvent::RoleChanged { .. } => vec![Channel::PermissionChanges],
        // A muted account sees the same channels.
        AccountEvent::Muted { .. } | AccountEvent::Unmuted { .. } => Vec::new(),
    }
}

fn channels_for_moderation(event: &ModerationEvent) -> Vec<Channel> {
    match event {
        ModerationEvent::CaseChanged { .. } => vec![Channel::StaffQueue],
        ModerationEvent::StatementIssued { user, .. } | ModerationEvent::ReportResolved { user, .. } => {
            vec![Channel::User(*user)]
        }
        ModerationEvent::CrisisDetected { .. } => Vec::new(),
    }
}

/// Feeds that list a post. A post of a circle appears in no other feed.
fn feeds(post: &PostRef) -> Vec<Channel> {
    match post.circle {
        Some(circle) => vec![Channel::Circle(circle)],
        None => iter::once(Channel::Feed).chain(post.categories.iter().copied().map(Channel::Category)).collect(),
    }
}
