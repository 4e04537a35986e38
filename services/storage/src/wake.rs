//! How whoever sends events on hears that there are some.

use std::sync::Arc;

use tokio::sync::Notify;

/// A bell. Ringing it while nobody waits is remembered once.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the one who waits, or the next who does.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until it rings, or has rung since the last wait.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
