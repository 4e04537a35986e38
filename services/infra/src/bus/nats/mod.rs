//! The bus of a cluster: one durable `JetStream` stream, which every reaction follows at its own pace.
//!
//! | file | holds |
//! | --- | --- |
//! | `follower` | one reaction: from its place in the stream to its effects |
//! | `held` | which events the stream has, for a reconciler |
//! | `bell` | wakes the node that drains the outboxes when any node has written |

mod bell;
mod follower;
mod held;

use std::{pin::pin, sync::Arc, time::Duration};

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_trait::async_trait;
use futures_util::future::join_all;
use kith_kernel::{
    Clock, PortError, EncodedEvent, Timestamp,
    ports::{EventBus, DeadLetterStore, EventHandler},
};
use tokio::sync::watch;

use self::follower::Follower;
pub use self::{bell::Rings, held::Held};
use crate::nats::{ANSWER, Connection, Stream, within};

/// How events are kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the names of the stream, its subjects and its consumers begin with.
    pub namespace: String,
    /// How long an event is kept. Longer than [`kith_kernel::event::MAX_REDELIVERY_AGE`], so that a reaction that was away for so
    /// long can still tell which events it is too late for.
    pub age: Duration,
    /// How many bytes they may take. A full bus takes no more, and what it does not take waits in the outboxes.
    pub bytes: u64,
    /// On how many servers.
    pub replicas: usize,
}

/// How long the stream knows the id of what was published. What comes later is there twice, and done once.
const DUPLICATES: Duration = Duration::from_mins(10);

/// Hands each event to all reactions, of whichever node, until each has digested it.
///
/// A parcel is safe when the stream has it. Each reaction has one place in the stream, which all nodes share: one event
/// at a time, in order; a node that dies over it is replaced by another within seconds. What a reaction asks for again
/// comes again before anything else, after a wait that grows. What it gives up goes to the dead letters.
pub struct Nats {
    stream: Stream,
    namespace: String,
    clock: Arc<dyn Clock>,
}

impl Nats {
    /// A bus over this connection. Its stream is made when it is first needed.
    #[must_use]
    pub fn new(connection: Connection, settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        let stream = Stream::new(connection, stream(settings));
        Self { stream, namespace: settings.namespace.clone(), clock }
    }

    /// Hands events to these, until `stop` is there; the events in hand are finished then. To drop the future stops it
    /// too: what was in hand comes again, here or elsewhere.
    ///
    /// It goes on by itself when servers were away, and begins where all nodes together had got to. A reaction that is
    /// new begins with what it can still tell from a repetition.
    pub async fn consume(
        &self,
        reactions: Vec<Arc<dyn EventHandler>>,
        dead_letters: Arc<dyn DeadLetterStore>,
        stop: impl Future<Output = ()> + Send,
    ) {
        let (stopping, stopped) = watch::channel(false);
        let followers = reactions.into_iter().map(|reaction| {
            let follower = Follower::new(self, reaction, dead_letters.clone());
            follower.run(stopped.clone())
        });
        let (mut followers, mut stop) = (pin!(join_all(followers)), pin!(stop));
        tokio::select! {
            () = &mut stop => {
                stopping.send_replace(true);
                followers.await;
            }
            // Only if there are none.
            _ = &mut followers => stop.await,
        }
    }

    /// Which of the events that were published since then the stream has.
    ///
    /// Servers that come back with an older store have lost events that they had acknowledged. Whoever keeps what was
    /// sent publishes again what is not in here; the rest would do no harm but work.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::Fault::Unavailable) if the stream does not answer.
    pub async fn held(&self, since: Timestamp) -> Result<Held, PortError> {
        Held::since(&self.stream, &self.subject(), since).await
    }

    /// The number of the newest event that the stream has.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::Fault::Unavailable) if the stream does not answer.
    pub async fn newest(&self) -> Result<u64, PortError> {
        let asked = async {
            self.stream.life().await?;
            Ok(self.stream.reach().await?.last.sequence)
        };
        within(ANSWER, asked).await
    }

    /// Whether a reaction has done all events up to this number. One that is not there has not.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::Fault::Unavailable) if the stream does not answer.
    pub async fn has_digested(&self, reaction: &str, number: u64) -> Result<bool, PortError> {
        within(ANSWER, follower::has_digested(self, reaction, number)).await
    }

    /// Rings whenever the connection is lost or back: the servers may have lost something meanwhile.
    #[must_use]
    pub fn shaken(&self) -> watch::Receiver<u64> {
        self.stream.connection.shaken()
    }

    /// Tells all nodes that something waits in an outbox. Nothing is lost if they do not hear it.
    pub async fn ring(&self) {
        if let Err(failure) = self.stream.connection.say(self.wake(), None, "".into()).await {
            tracing::debug!(error = %failure, "other nodes are not woken");
        }
    }

    /// Hears when some node rings, this one too.
    #[must_use]
    pub fn rings(&self) -> Rings {
        Rings::new(self.stream.connection.clone(), self.wake())
    }

    /// Whether the bus answers, within a second.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](kith_kernel::Fault::Unavailable) if it does not.
    pub async fn check_health(&self) -> Result<(), PortError> {
        self.stream.check_health().await
    }

    fn subject(&self) -> String {
        format!("{}.events", self.namespace)
    }

    fn wake(&self) -> String {
        format!("{}.wake", self.namespace)
    }
}

#[async_trait]
impl EventBus for Nats {
    async fn publish(&self, parcel: &EncodedEvent) -> Result<(), PortError> {
        let published = self.stream.publish(self.subject(), parcel.id.to_string(), parcel.bytes.clone().into());
        within(ANSWER, published).await
    }
}

fn stream(settings: &Settings) -> Config {
    Config {
        name: format!("{}-events", settings.namespace),
        subjects: vec![format!("{}.events", settings.namespace)],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        // To refuse an event is safe; to drop one that somebody has not heard is not.
        discard: DiscardPolicy::New,
        max_age: settings.age,
        max_bytes: i64::try_from(settings.bytes).unwrap_or(i64::MAX),
        max_messages: -1,
        max_messages_per_subject: -1,
        num_replicas: settings.replicas,
        duplicate_window: DUPLICATES.min(settings.age),
        deny_delete: true,
        allow_direct: true,
        ..Config::default()
    }
}
