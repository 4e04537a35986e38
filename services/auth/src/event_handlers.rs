//! Reactions to events of other slices. Every reaction is idempotent.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{AccountEvent, Delivery, EventPayload, PortError};

use crate::AuthCache;

/// Evicts accounts whose role or status changed from the cache.
///
/// In a cluster each event reaches one node. The other nodes see the change when their cache entries expire, after at
/// most one second.
pub struct EventHandler {
    /// The same cache as that of the verifier.
    pub cache: Arc<AuthCache>,
}

#[async_trait]
impl kith_kernel::ports::EventHandler for EventHandler {
    fn name(&self) -> &'static str {
        "auth"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        match &delivery.event.payload {
            EventPayload::Account(account_event) => self.invalidate(account_event),
            EventPayload::Post(_)
            | EventPayload::Response(_)
            | EventPayload::Circle(_)
            | EventPayload::Moderation(_)
            | EventPayload::Progress(_) => {}
        }
        Ok(())
    }
}

impl EventHandler {
    fn invalidate(&self, event: &AccountEvent) {
        match event {
            AccountEvent::RoleChanged { user }
            | AccountEvent::Suspended { user }
            | AccountEvent::Reinstated { user } => self.cache.invalidate_account(*user),
            // Blocks are not part of the cached state. A mute takes effect when the cache entry expires.
            AccountEvent::Blocked { .. }
            | AccountEvent::Unblocked { .. }
            | AccountEvent::Muted { .. }
            | AccountEvent::Unmuted { .. }
            // The service that ended the session has already updated the cache.
            | AccountEvent::SessionRevoked { .. } => {}
        }
    }
}
