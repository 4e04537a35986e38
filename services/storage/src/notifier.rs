//! Notification of the relay that an outbox has events.

use std::sync::Arc;

use tokio::sync::Notify;

/// Wakes the relay. Notifications without a waiter are coalesced into one that the next waiter receives.
#[derive(Debug, Clone, Default)]
pub struct OutboxNotifier(Arc<Notify>);

impl OutboxNotifier {
    /// Wakes the waiter, or the next one.
    pub fn notify(&self) {
        self.0.notify_one();
    }

    /// Waits for a notification since the last call.
    pub async fn notified(&self) {
        self.0.notified().await;
    }
}
