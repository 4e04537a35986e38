//! Wake-up of the node that relays the outboxes.

use async_nats::Subscriber;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;

use crate::nats::Connection;

/// Receives the outbox notifications of all nodes.
pub struct WakeupSubscriber {
    connection: Connection,
    subject: String,
    connection_changes: watch::Receiver<u64>,
    subscriber: Option<Subscriber>,
}

impl WakeupSubscriber {
    pub(super) fn new(connection: Connection, subject: String) -> Self {
        Self { connection_changes: connection.connection_changes(), connection, subject, subscriber: None }
    }

    /// Returns when a node has sent a notification since the last return, or when one may have been missed: on the
    /// first call, and after a lost connection. Several notifications are merged into one. Cancel-safe.
    pub async fn wait(&mut self) {
        loop {
            let Some(subscriber) = &mut self.subscriber else {
                if let Ok(subscriber) = self.connection.subscribe(self.subject.clone()).await {
                    self.subscriber = Some(subscriber);
                    return;
                }
                // `self.connection` keeps the sender alive.
                let _ = self.connection_changes.changed().await;
                continue;
            };
            tokio::select! {
                message = subscriber.next() => {
                    if message.is_none() {
                        self.subscriber = None;
                        continue;
                    }
                    while subscriber.next().now_or_never().flatten().is_some() {}
                }
                _ = self.connection_changes.changed() => {}
            }
            return;
        }
    }
}
