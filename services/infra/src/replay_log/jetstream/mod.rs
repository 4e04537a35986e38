//! Replay log of a cluster: one `JetStream` stream, which the server republishes to live subscribers.
//!
//! | file | content |
//! | --- | --- |
//! | `subscriber` | live subscription with gap detection and repair |
//! | `stream_reader` | reads of the stream: end of a channel, entries after an offset |
//!
//! Tested with nats-server 2.15. It needs no consumer and no counter: each republished message carries its sequence and
//! the previous sequence of its subject.

mod stream_reader;
mod subscriber;

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType};
use async_trait::async_trait;
use kith_kernel::{
    Channel, EncodedEvent, PortError, Position,
    ports::{LogSubscriber, ReplayLog},
    replay_log::ReplayResult,
};

use self::{stream_reader::StreamReader, subscriber::JetStreamSubscriber};
use crate::nats::{Connection, REQUEST_TIMEOUT, Stream, with_timeout};

/// Settings of the log stream.
#[derive(Clone)]
pub struct Settings {
    /// Prefix of the names of the stream and its subjects.
    pub namespace: String,
    /// Key that encrypts positions. Equal on all nodes.
    pub key: [u8; 16],
    pub max_age: Duration,
    /// Maximum number of entries per channel. Must exceed every limit that is passed to [`ReplayLog::replay`].
    pub max_entries: usize,
    /// Maximum size of all channels together. The oldest entries are removed first.
    pub max_bytes: u64,
    /// Number of servers that store the stream.
    pub replicas: usize,
}

/// Time for which the stream deduplicates published ids.
const DEDUPLICATION_WINDOW: Duration = Duration::from_mins(2);

/// Replay log on NATS, shared by all nodes.
///
/// A subscriber reads entries that it missed from the stream, because it was slow or disconnected. If the stream is
/// recreated or rolled back, every subscriber receives a gap and all lost positions become invalid.
///
/// A position is valid while the log retains its entry. A position of a channel without appends for longer than
/// `max_age` expires, and its client must fetch the state again. A gateway avoids that while it is subscribed to the
/// channel, because it knows the current position.
pub struct JetStream {
    reader: std::sync::Arc<StreamReader>,
}

impl JetStream {
    /// Creates a log over a connection. The stream is created on first use.
    #[must_use]
    pub fn new(connection: Connection, settings: &Settings) -> Self {
        let stream = Stream::new(connection, stream_config(settings));
        Self { reader: StreamReader::new(stream, settings).into() }
    }

    /// Checks that the log responds within one second.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::ErrorKind::Unavailable) if it does not.
    pub async fn check_health(&self) -> Result<(), PortError> {
        self.reader.stream.check_health().await
    }
}

fn stream_config(settings: &Settings) -> Config {
    let Settings { namespace, .. } = settings;
    Config {
        name: format!("{namespace}-log"),
        subjects: vec![format!("{namespace}.log.>")],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::Old,
        max_age: settings.max_age,
        max_bytes: i64::try_from(settings.max_bytes).unwrap_or(i64::MAX),
        max_messages: -1,
        max_messages_per_subject: i64::try_from(settings.max_entries).unwrap_or(i64::MAX),
        num_replicas: settings.replicas,
        duplicate_window: DEDUPLICATION_WINDOW.min(settings.max_age),
        allow_direct: true,
        republish: Some(Republish {
            source: format!("{namespace}.log.>"),
            destination: format!("{namespace}.live.>"),
            headers_only: false,
        }),
        ..Config::default()
    }
}

#[async_trait]
impl ReplayLog for JetStream {
    async fn append(&self, channel: &Channel, event: &EncodedEvent) -> Result<(), PortError> {
        let subject = self.reader.log_subject(channel);
        // Message ids are unique across all subjects, and one event can be appended to several channels.
        let id = format!("{}@{subject}", event.id);
        with_timeout(REQUEST_TIMEOUT, self.reader.stream.publish(subject, id, event.bytes.clone().into())).await
    }

    async fn subscribe(&self, channel: &Channel) -> Result<Box<dyn LogSubscriber>, PortError> {
        let subscriber = with_timeout(REQUEST_TIMEOUT, async {
            // Subscribe before reading the end of the channel, so that no entry is missed in between.
            let subscriber = self.reader.stream.connection.subscribe(self.reader.live_subject(channel)).await?;
            let head = self.reader.head(channel).await?;
            Ok(JetStreamSubscriber::new(self.reader.clone(), *channel, subscriber, head))
        });
        Ok(Box::new(subscriber.await?))
    }

    async fn replay(&self, channel: &Channel, since: Position, limit: usize) -> Result<ReplayResult, PortError> {
        with_timeout(REQUEST_TIMEOUT, self.reader.replay(channel, since, limit)).await
    }
}
