//! Revalidation after permission changes. Affected connections check their permissions before they send anything more.

use std::{sync::Arc, time::Duration};

use kith_kernel::{
    AccountEvent, Event, EventPayload, SessionId, UserId,
    event::{CircleChange, CircleEvent},
    ports::LogSubscriber,
    replay_log::LogItem,
};

use crate::{
    close::{CloseFrame, CloseReason},
    connections::ConnectionRegistry,
};

/// Effect of an event on permissions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PermissionChange {
    None,
    /// The permissions of these accounts changed.
    Users(Vec<UserId>),
    /// The permissions of any account may have changed.
    All,
    SessionRevoked(UserId, SessionId),
    Suspended(UserId),
}

/// Returns the effect of an event on permissions.
pub(crate) fn permission_change(event: &Event) -> PermissionChange {
    match &event.payload {
        EventPayload::Account(account) => account_change(event.actor, account),
        EventPayload::Circle(circle) => circle_change(circle),
        EventPayload::Post(_) | EventPayload::Response(_) | EventPayload::Moderation(_) | EventPayload::Progress(_) => {
            PermissionChange::None
        }
    }
}

fn account_change(actor: UserId, event: &AccountEvent) -> PermissionChange {
    match event {
        AccountEvent::Blocked { blocked: other } | AccountEvent::Unblocked { unblocked: other } => {
            PermissionChange::Users(vec![actor, *other])
        }
        AccountEvent::Suspended { user } => PermissionChange::Suspended(*user),
        AccountEvent::Reinstated { user } | AccountEvent::RoleChanged { user } => PermissionChange::Users(vec![*user]),
        AccountEvent::SessionRevoked { user, session } => PermissionChange::SessionRevoked(*user, *session),
        AccountEvent::Muted { .. } | AccountEvent::Unmuted { .. } => PermissionChange::None,
    }
}

fn circle_change(event: &CircleEvent) -> PermissionChange {
    // The event does not list the members. Closures are rare enough to revalidate all connections.
    if event.change == CircleChange::ClosedByStaff {
        return PermissionChange::All;
    }
    PermissionChange::Users(event.member.into_iter().collect())
}

/// Applies permission changes to the connections until the gateway aborts the task.
pub(crate) async fn watch_permission_changes(
    mut subscriber: Box<dyn LogSubscriber>,
    connections: Arc<ConnectionRegistry>,
) {
    loop {
        match subscriber.next().await {
            LogItem::Entry(entry) => match Event::decode(&entry.event) {
                Ok(event) => apply(permission_change(&event), &connections),
                Err(error) => {
                    tracing::error!(%error, "failed to read permission change, revalidating all connections");
                    apply(PermissionChange::All, &connections);
                }
            },
            // A missed event may have revoked a session, which revalidation does not check. A new connection needs a
            // ticket, and only valid sessions get tickets.
            LogItem::Gap(_) => {
                let frame = CloseFrame { reason: CloseReason::Expired, retry_after: Duration::from_secs(1) };
                connections.all().iter().for_each(|queue| queue.close(frame));
            }
        }
    }
}

fn apply(change: PermissionChange, connections: &ConnectionRegistry) {
    match change {
        PermissionChange::None => {}
        PermissionChange::Users(users) => {
            users.into_iter().flat_map(|user| connections.of_user(user)).for_each(|queue| queue.revalidate());
        }
        PermissionChange::All => connections.all().iter().for_each(|queue| queue.revalidate()),
        PermissionChange::SessionRevoked(user, session) => {
            let queues = connections.of_user(user).into_iter().filter(|queue| queue.session == session);
            queues.for_each(|queue| queue.close(CloseReason::SessionRevoked.into()));
        }
        PermissionChange::Suspended(user) => {
            connections.of_user(user).into_iter().for_each(|queue| queue.close(CloseReason::Suspended.into()));
        }
    }
}
