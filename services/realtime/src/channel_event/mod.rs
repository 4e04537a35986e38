//! Mapping of domain events to the events that clients see on a channel. Pure: content is loaded elsewhere.

use std::collections::BTreeSet;

use kith_kernel::{
    CaseId, Channel, Event, EventId, EventPayload, ModerationEvent, PostEvent, PostId, ProgressEvent, ResponseEvent,
    ResponseId, Timestamp, UserId,
    event::{PostRef, ResponseRef, VisibilityChange},
    replay_log::{LogEntry, LogOffset},
};

use crate::wire::NoticeKind;

/// An event as it appears on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelEvent {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    /// The account to which block lists apply: viewers that it is hidden from do not receive the event.
    pub(crate) author: UserId,
    pub(crate) kind: ChannelEventKind,
}

/// Kind of a channel event, with the ids of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelEventKind {
    PostCreated(PostId),
    PostUpdated(PostId),
    PostRemoved(PostId),
    ResponseCreated(ResponseId),
    ResponseUpdated(ResponseId),
    /// A response to this post was removed.
    ResponseRemoved(ResponseId, PostId),
    /// Notice for one account about a response to one of its posts, or about its response.
    ResponseNotice(NoticeKind, ResponseId, PostId),
    /// Notice for one account without content.
    Notice(NoticeKind),
    /// A moderation case was opened or changed.
    CaseChanged(CaseId),
}

/// Key of content that is loaded before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ContentKey {
    Post(PostId),
    Response(ResponseId),
}

impl ChannelEvent {
    /// Returns the event of a log entry; `None` for entries that clients do not see, and for events that this build
    /// cannot decode.
    pub(crate) fn from_entry(channel: &Channel, entry: &LogEntry) -> Option<Self> {
        let event = Event::decode(&entry.event)
            .inspect_err(|error| tracing::warn!(event = %entry.event.id, %error, "failed to decode event, skipping"))
            .ok()?;
        Self::from_event(channel, &event)
    }

    fn from_event(channel: &Channel, event: &Event) -> Option<Self> {
        let is_user_channel = channel.owner().is_some();
        let (author, kind) = match &event.payload {
            EventPayload::Post(post) => (event.actor, post_kind(post)?),
            EventPayload::Response(response) => response_kind(event.actor, response, is_user_channel)?,
            EventPayload::Moderation(moderation) => (event.actor, moderation_kind(moderation)?),
            // Without the number of days: it may be outdated when the client receives it.
            EventPayload::Progress(ProgressEvent::MilestoneReached { .. }) => {
                (event.actor, ChannelEventKind::Notice(NoticeKind::MilestoneReached))
            }
            EventPayload::Account(_) | EventPayload::Circle(_) => return None,
        };
        // A user channel carries notices only, never content.
        let belongs =
            is_user_channel == matches!(kind, ChannelEventKind::ResponseNotice(..) | ChannelEventKind::Notice(_));
        belongs.then_some(Self { id: event.id, at: event.at, author, kind })
    }
}

const fn post_kind(event: &PostEvent) -> Option<ChannelEventKind> {
    match event {
        PostEvent::Created(PostRef { post, .. }) | PostEvent::Restored(PostRef { post, .. }) => {
            Some(ChannelEventKind::PostCreated(*post))
        }
        PostEvent::Updated(PostRef { post, .. }) | PostEvent::SosResolved(PostRef { post, .. }) => {
            Some(ChannelEventKind::PostUpdated(*post))
        }
        PostEvent::Deleted(PostRef { post, .. }) => Some(ChannelEventKind::PostRemoved(*post)),
        PostEvent::VisibilityChanged { post: PostRef { post, .. }, change } => match change {
            VisibilityChange::Released | VisibilityChange::Restored => Some(ChannelEventKind::PostCreated(*post)),
            VisibilityChange::Removed => Some(ChannelEventKind::PostRemoved(*post)),
            VisibilityChange::Held => None,
        },
    }
}

/// Returns the author to which blocks apply, and the kind.
const fn response_kind(
    actor: UserId,
    event: &ResponseEvent,
    is_user_channel: bool,
) -> Option<(UserId, ChannelEventKind)> {
    match event {
        ResponseEvent::Created { response: ResponseRef { response, author, post, .. }, .. }
        | ResponseEvent::VisibilityChanged {
            response: ResponseRef { response, author, post, .. },
            change: VisibilityChange::Released,
            ..
        } => {
            let notice = ChannelEventKind::ResponseNotice(NoticeKind::ResponseReceived, *response, *post);
            Some((*author, if is_user_channel { notice } else { ChannelEventKind::ResponseCreated(*response) }))
        }
        ResponseEvent::VisibilityChanged {
            response: ResponseRef { response, author, .. },
            change: VisibilityChange::Restored,
            ..
        } => Some((*author, ChannelEventKind::ResponseCreated(*response))),
        ResponseEvent::Deleted { response: ResponseRef { response, author, post, .. }, .. }
        | ResponseEvent::VisibilityChanged {
            response: ResponseRef { response, author, post, .. },
            change: VisibilityChange::Removed,
            ..
        } => Some((*author, ChannelEventKind::ResponseRemoved(*response, *post))),
        // The author of the response is notified by the author of the post; readers of the post see the response.
        ResponseEvent::MarkedHelpful(ResponseRef { response, author, post, .. }) => {
            let notice = ChannelEventKind::ResponseNotice(NoticeKind::MarkedHelpful, *response, *post);
            let updated = (*author, ChannelEventKind::ResponseUpdated(*response));
            Some(if is_user_channel { (actor, notice) } else { updated })
        }
        ResponseEvent::VisibilityChanged { change: VisibilityChange::Held, .. } => None,
    }
}

const fn moderation_kind(event: &ModerationEvent) -> Option<ChannelEventKind> {
    match event {
        ModerationEvent::CaseChanged { case, .. } => Some(ChannelEventKind::CaseChanged(*case)),
        ModerationEvent::StatementIssued { .. } => Some(ChannelEventKind::Notice(NoticeKind::StatementIssued)),
        ModerationEvent::ReportResolved { .. } => Some(ChannelEventKind::Notice(NoticeKind::ReportResolved)),
        ModerationEvent::CrisisDetected { .. } => None,
    }
}

impl ChannelEventKind {
    /// Returns the content that the event shows and that has to be loaded.
    pub(crate) const fn content(self) -> Option<ContentKey> {
        match self {
            Self::PostCreated(post) | Self::PostUpdated(post) => Some(ContentKey::Post(post)),
            Self::ResponseCreated(response) | Self::ResponseUpdated(response) => Some(ContentKey::Response(response)),
            Self::PostRemoved(_)
            | Self::ResponseRemoved(..)
            | Self::ResponseNotice(..)
            | Self::Notice(_)
            | Self::CaseChanged(_) => None,
        }
    }

    /// Returns the content that the event removes.
    pub(crate) const fn removed_content(self) -> Option<ContentKey> {
        match self {
            Self::PostRemoved(post) => Some(ContentKey::Post(post)),
            Self::ResponseRemoved(response, _) => Some(ContentKey::Response(response)),
            Self::PostCreated(_)
            | Self::PostUpdated(_)
            | Self::ResponseCreated(_)
            | Self::ResponseUpdated(_)
            | Self::ResponseNotice(..)
            | Self::Notice(_)
            | Self::CaseChanged(_) => None,
        }
    }
}

/// Collapses a replay: drops events whose content is removed later in the same replay.
pub(crate) fn collapse_replay(channel: &Channel, entries: &[LogEntry]) -> Vec<(LogOffset, ChannelEvent)> {
    let mut removed = BTreeSet::new();
    let mut events = Vec::with_capacity(entries.len());
    for entry in entries.iter().rev() {
        let Some(event) = ChannelEvent::from_entry(channel, entry) else { continue };
        removed.extend(event.kind.removed_content());
        if event.kind.content().is_none_or(|content| !removed.contains(&content)) {
            events.push((entry.offset, event));
        }
    }
    events.reverse();
    events
}

#[cfg(test)]
mod tests;
