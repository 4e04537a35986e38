//! Wakes the node that drains the outboxes.

use async_nats::Subscriber;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;

use crate::nats::Connection;

/// Hears the bell of a cluster.
pub struct Rings {
    connection: Connection,
    subject: String,
    shaken: watch::Receiver<u64>,
    subscriber: Option<Subscriber>,
}

impl Rings {
    pub(super) fn new(connection: Connection, subject: String) -> Self {
        Self { shaken: connection.shaken(), connection, subject, subscriber: None }
    }

    /// Returns when some node has rung since this returned last, or when it may have and was not heard: at first, and
    /// when the connection was lost. Many rings are one. Giving up while it waits loses none.
    pub async fn rung(&mut self) {
        loop {
            let Some(subscriber) = &mut self.subscriber else {
                if let Ok(subscriber) = self.connection.hear(self.subject.clone()).await {
                    self.subscriber = Some(subscriber);
                    return;
                }
                // The connection outlives us, so its bell cannot be gone.
                let _ = self.shaken.changed().await;
                continue;
            };
            tokio::select! {
                ring = subscriber.next() => {
                    if ring.is_none() {
                        self.subscriber = None;
                        continue;
                    }
                    while subscriber.next().now_or_never().flatten().is_some() {}
                }
                _ = self.shaken.changed() => {}
            }
            return;
        }
    }
}
