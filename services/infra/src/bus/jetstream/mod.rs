//! Event bus of a cluster: one durable `JetStream` stream with one durable consumer per handler.
//!
//! | file | content |
//! | --- | --- |
//! | `consumer` | delivery of events to one handler |
//! | `stored_event_ids` | ids of the events in the stream, for reconciliation |
//! | `wakeup` | wake-up of the relay when any node has written to an outbox |

mod consumer;
mod stored_event_ids;
mod wakeup;

use std::{pin::pin, sync::Arc, time::Duration};

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_trait::async_trait;
use futures_util::future::join_all;
use kith_kernel::{
    Clock, EncodedEvent, PortError, Timestamp,
    ports::{DeadLetterStore, EventBus, EventHandler},
};
use tokio::sync::watch;

use self::consumer::Consumer;
pub use self::{stored_event_ids::StoredEventIds, wakeup::WakeupSubscriber};
use crate::nats::{Connection, REQUEST_TIMEOUT, Stream, with_timeout};

/// Settings of the event stream.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Prefix of the names of the stream, its subjects and its consumers.
    pub namespace: String,
    /// Retention of events. Must exceed [`kith_kernel::event::MAX_REDELIVERY_AGE`], so that a consumer that was stopped
    /// for that long still recognizes events that are too old.
    pub max_age: Duration,
    /// Maximum size of the stream. A full stream rejects new events, which then wait in the outboxes.
    pub max_bytes: u64,
    /// Number of servers that store the stream.
    pub replicas: usize,
}

/// Time for which the stream deduplicates published ids. Events that are published again later are stored twice and
/// deduplicated by the inboxes.
const DEDUPLICATION_WINDOW: Duration = Duration::from_mins(10);

/// Delivers each event to every handler at least once, on any node.
///
/// An event is durable when the stream has stored it. All nodes share one consumer per handler, which delivers one
/// event at a time, in order. If a node dies while it handles an event, another node receives it within seconds. A
/// retryable failure is redelivered before any other event, with exponential backoff. Any other failure moves the event
/// to the dead letters.
pub struct JetStream {
    stream: Stream,
    namespace: String,
    clock: Arc<dyn Clock>,
}

impl JetStream {
    /// Creates a bus over a connection. The stream is created on first use.
    #[must_use]
    pub fn new(connection: Connection, settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        let stream = Stream::new(connection, stream_config(settings));
        Self { stream, namespace: settings.namespace.clone(), clock }
    }

    /// Delivers events to the handlers until `stop` completes, and finishes the current events. If the future is
    /// dropped, the current events are redelivered, on this node or another.
    ///
    /// Consumption resumes automatically after an outage, at the position that all nodes share. A new consumer starts
    /// with the oldest event that its inbox can deduplicate.
    pub async fn consume(
        &self,
        handlers: Vec<Arc<dyn EventHandler>>,
        dead_letters: Arc<dyn DeadLetterStore>,
        stop: impl Future<Output = ()> + Send,
    ) {
        let (stopping, stopped) = watch::channel(false);
        let consumers = handlers.into_iter().map(|handler| {
            let consumer = Consumer::new(self, handler, dead_letters.clone());
            consumer.run(stopped.clone())
        });
        let (mut consumers, mut stop) = (pin!(join_all(consumers)), pin!(stop));
        tokio::select! {
            () = &mut stop => {
                stopping.send_replace(true);
                consumers.await;
            }
            // Completes only if there are no handlers.
            _ = &mut consumers => stop.await,
        }
    }

    /// Returns the ids of the events published since `since` that the stream has.
    ///
    /// Servers that were rolled back have lost events that they had acknowledged. A reconciler republishes sent events
    /// that are not in the result.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::ErrorKind::Unavailable) if the stream does not respond.
    pub async fn stored_event_ids(&self, since: Timestamp) -> Result<StoredEventIds, PortError> {
        StoredEventIds::fetch(&self.stream, &self.event_subject(), since).await
    }

    /// Returns the sequence of the newest event in the stream.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::ErrorKind::Unavailable) if the stream does not respond.
    pub async fn last_sequence(&self) -> Result<u64, PortError> {
        let fetch = async {
            self.stream.current_epoch().await?;
            Ok(self.stream.bounds().await?.last.sequence)
        };
        with_timeout(REQUEST_TIMEOUT, fetch).await
    }

    /// Returns true if a consumer has acknowledged all events up to `sequence`. False if the consumer does not exist.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::ErrorKind::Unavailable) if the stream does not respond.
    pub async fn is_acked_up_to(&self, consumer: &str, sequence: u64) -> Result<bool, PortError> {
        with_timeout(REQUEST_TIMEOUT, consumer::is_acked_up_to(self, consumer, sequence)).await
    }

    /// Changes whenever the connection is lost or restored. The servers may have lost events in the meantime.
    #[must_use]
    pub fn connection_changes(&self) -> watch::Receiver<u64> {
        self.stream.connection.connection_changes()
    }

    /// Notifies all nodes that an outbox has events. Best effort: the relay also polls.
    pub async fn notify_peers(&self) {
        if let Err(error) = self.stream.connection.publish(self.wakeup_subject(), None, "".into()).await {
            tracing::debug!(%error, "failed to notify other nodes");
        }
    }

    /// Subscribes to notifications of all nodes, including this one.
    #[must_use]
    pub fn wakeups(&self) -> WakeupSubscriber {
        WakeupSubscriber::new(self.stream.connection.clone(), self.wakeup_subject())
    }

    /// Checks that the bus responds within one second.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::ErrorKind::Unavailable) if it does not.
    pub async fn check_health(&self) -> Result<(), PortError> {
        self.stream.check_health().await
    }

    fn event_subject(&self) -> String {
        format!("{}.events", self.namespace)
    }

    fn wakeup_subject(&self) -> String {
        format!("{}.outbox-wakeup", self.namespace)
    }
}

#[async_trait]
impl EventBus for JetStream {
    async fn publish(&self, event: &EncodedEvent) -> Result<(), PortError> {
        let published = self.stream.publish(self.event_subject(), event.id.to_string(), event.bytes.clone().into());
        with_timeout(REQUEST_TIMEOUT, published).await
    }
}

fn stream_config(settings: &Settings) -> Config {
    Config {
        name: format!("{}-events", settings.namespace),
        subjects: vec![format!("{}.events", settings.namespace)],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        // Rejecting a new event is safe. Discarding one that a consumer has not handled is not.
        discard: DiscardPolicy::New,
        max_age: settings.max_age,
        max_bytes: i64::try_from(settings.max_bytes).unwrap_or(i64::MAX),
        max_messages: -1,
        max_messages_per_subject: -1,
        num_replicas: settings.replicas,
        duplicate_window: DEDUPLICATION_WINDOW.min(settings.max_age),
        deny_delete: true,
        allow_direct: true,
        ..Config::default()
    }
}
