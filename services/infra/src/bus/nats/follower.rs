//! One reaction: from its place in the stream to its effects.

use std::{sync::Arc, time::Duration};

use async_nats::{
    Message, Subscriber,
    jetstream::{
        self,
        consumer::{AckPolicy, pull},
    },
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use kith_kernel::{
    Delivery, EncodedEvent, ErrorKind, PortError,
    event::MAX_REDELIVERY_AGE,
    ports::{DeadLetterStore, EventHandler},
};
use serde_json::{Value, json};
use tokio::{
    pin,
    sync::watch,
    time::{sleep, timeout},
};

use super::{Nats, held::from};
use crate::{
    bus::READER,
    nats::{ANSWER, NO_SUCH_CONSUMER, parcel, unavailable, within},
};

/// How long a node may be silent over an event before another gets it.
const ACK_WAIT: Duration = Duration::from_secs(5);
/// How often it says that it is still at it.
const PROGRESS: Duration = Duration::from_secs(2);
/// How long a reaction may take. Then it is asked again, as if it had said that it could not.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a question for the next event stands, and how often the server says meanwhile that it knows of it.
const STANDS: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How many events a question asks for. They come one by one: the next when the one before is acknowledged.
const BATCH: usize = 64;
/// After a retryable failure, at first and at most. It doubles.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// After the servers failed us.
const RETRY: Duration = Duration::from_millis(500);
/// A new reaction begins this much later than it could tell an event from a repetition, so that it is not too late for
/// the first ones.
const MARGIN: Duration = Duration::from_hours(1);

/// Brings events to a reaction.
pub(super) struct Follower<'a> {
    bus: &'a Nats,
    reaction: Arc<dyn EventHandler>,
    dead_letters: Arc<dyn DeadLetterStore>,
    consumer: String,
}

impl<'a> Follower<'a> {
    pub(super) fn new(bus: &'a Nats, reaction: Arc<dyn EventHandler>, dead_letters: Arc<dyn DeadLetterStore>) -> Self {
        let consumer = consumer(bus, reaction.name());
        Self { bus, reaction, dead_letters, consumer }
    }

    /// Follows the stream until it is told to stop.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let Err(failure) = self.follow(&mut stop).await else { return };
            tracing::warn!(consumer = self.reaction.name(), error = %failure, "a reaction hears nothing for a moment");
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(RETRY) => {}
            }
        }
    }

    /// Digests one event after the other, until the stop or a failure of the servers.
    async fn follow(&self, stop: &mut watch::Receiver<bool>) -> Result<(), PortError> {
        let connection = &self.bus.stream.connection;
        let (mut shaken, number) = (connection.shaken(), connection.number());
        within(ANSWER, self.place()).await?;
        let inbox = connection.client().new_inbox();
        let mut answers = connection.hear(inbox.clone()).await?;
        let mut left = 0;
        loop {
            if left == 0 {
                self.ask(&inbox).await?;
                left = BATCH;
            }
            let message = tokio::select! {
                biased;
                () = stopped(stop) => return Ok(()),
                // What was asked for over the old connection may come to nobody.
                _ = shaken.changed() => return Err(unavailable("the connection was lost")),
                message = self.answer(&mut answers) => message?,
            };
            let Some(message) = message else {
                left = 0;
                continue;
            };
            left -= 1;
            self.digest(&message, number).await?;
        }
    }

    async fn ask(&self, inbox: &str) -> Result<(), PortError> {
        let (stream, nanos) = (self.bus.stream.name(), |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(0));
        let question = json!({ "batch": BATCH, "expires": nanos(STANDS), "idle_heartbeat": nanos(HEARTBEAT) });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{}", self.consumer);
        self.bus.stream.connection.say(subject, Some(inbox.to_owned()), question.to_string().into()).await
    }

    /// The next event; `None` if the question stands no longer.
    async fn answer(&self, answers: &mut Subscriber) -> Result<Option<Message>, PortError> {
        loop {
            let answer = timeout(ANSWER + HEARTBEAT, answers.next()).await.map_err(unavailable)?;
            let answer = answer.ok_or_else(|| unavailable("the connection ended"))?;
            match answer.status.map(|status| status.as_u16()) {
                None => return Ok(Some(answer)),
                Some(100) => {}
                Some(404 | 408) => return Ok(None),
                // The consumer, or the whole stream, is gone or moves to another server: look again.
                Some(status) => {
                    self.bus.stream.doubt();
                    return Err(unavailable(format!("the next event was answered with {status}")));
                }
            }
        }
    }

    /// Sees to it that the reaction has its place in the stream.
    async fn place(&self) -> Result<(), PortError> {
        self.bus.stream.life().await?;
        if let Some(info) = self.api("INFO").await? {
            let delivered = info.pointer("/delivered/stream_seq").and_then(Value::as_u64).unwrap_or(0);
            if delivered <= self.bus.stream.reach().await?.last.sequence {
                return Ok(());
            }
            // The stream is older than the place: what comes now would be passed over until it has grown again.
            tracing::error!(consumer = self.reaction.name(), "a reaction is ahead of the events, and begins again");
            self.api("DELETE").await?;
        }
        let config = pull::Config {
            durable_name: Some(self.consumer.clone()),
            deliver_policy: from(self.bus.clock.now().before(MAX_REDELIVERY_AGE).after(MARGIN))?,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: 1,
            max_deliver: -1,
            ..pull::Config::default()
        };
        let stream = &self.bus.stream;
        match stream.context().create_consumer_strict_on_stream(config, stream.name()).await {
            Ok(_) => Ok(()),
            // Another node was faster, by a few milliseconds of the moment to begin at.
            Err(_) if self.api("INFO").await?.is_some() => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Asks about the consumer. `None` if there is none.
    async fn api(&self, verb: &str) -> Result<Option<Value>, PortError> {
        api(self.bus, verb, &self.consumer).await
    }

    /// Brings an event to the reaction, and tells the server what came of it: done, or to be done again.
    async fn digest(&self, message: &Message, number: u64) -> Result<(), PortError> {
        let Some(parcel) = parcel(message) else {
            tracing::error!(stream = self.bus.stream.name(), "somebody else writes to the stream");
            return self.tell(message, number, "+TERM".to_owned()).await;
        };
        let work = self.react(&parcel);
        pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                // If it cannot be told, the event comes again, and its effect is known.
                () = sleep(PROGRESS) => drop(self.tell(message, number, "+WPI".to_owned()).await),
            }
        };
        let Err(failure) = done else { return self.tell(message, number, "+ACK".to_owned()).await };
        tracing::warn!(event = %parcel.id, consumer = self.reaction.name(), error = %failure, "an event is asked for again");
        self.tell(message, number, format!("-NAK {{\"delay\":{}}}", self.wait(message).as_nanos())).await
    }

    /// What is to come again fails; all else is done, or with the dead letters.
    async fn react(&self, parcel: &EncodedEvent) -> Result<(), PortError> {
        let delivery = match Delivery::decode(parcel.clone()) {
            Ok(delivery) => delivery,
            Err(unreadable) => return self.bury(parcel, READER, unreadable.to_string()).await,
        };
        let late = |_| PortError::new(ErrorKind::DeadlineExceeded, "a reaction takes too long");
        match timeout(PATIENCE, self.reaction.handle(&delivery)).await.map_err(late) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) | Err(failure) if failure.kind().is_retryable() => Err(failure),
            Ok(Err(failure)) | Err(failure) => self.bury(parcel, self.reaction.name(), failure.to_string()).await,
        }
    }

    async fn bury(&self, parcel: &EncodedEvent, consumer: &'static str, why: String) -> Result<(), PortError> {
        tracing::error!(event = %parcel.id, consumer, why, "an event goes to the dead letters");
        let late = |_| PortError::new(ErrorKind::DeadlineExceeded, "the dead letters take too long");
        timeout(PATIENCE, self.dead_letters.add(parcel, consumer, &why)).await.map_err(late)?
    }

    async fn tell(&self, message: &Message, number: u64, what: String) -> Result<(), PortError> {
        let connection = &self.bus.stream.connection;
        // Servers that came back with an older store would take it for an answer to another event.
        if connection.number() != number {
            return Err(unavailable("the connection was lost"));
        }
        let reply = message.reply.as_ref().ok_or_else(|| unavailable("an event that cannot be acknowledged"))?;
        connection.say(reply.to_string(), None, what.into()).await
    }

    /// How long until the event comes again.
    fn wait(&self, message: &Message) -> Duration {
        let message = jetstream::Message { message: message.clone(), context: self.bus.stream.context().clone() };
        let before = message.info().map_or(1, |info| info.delivered).saturating_sub(1);
        let doublings = u32::try_from(before).unwrap_or(0);
        FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_WAIT)
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could say it being gone says it too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whether a reaction, wherever it runs, has done all events up to this number.
pub(super) async fn has_digested(bus: &Nats, reaction: &str, number: u64) -> Result<bool, PortError> {
    let Some(info) = api(bus, "INFO", &consumer(bus, reaction)).await? else { return Ok(false) };
    let count = |pointer| info.pointer(pointer).and_then(Value::as_u64);
    // One that has just been made knows of nothing that it will not be asked to do.
    let is_idle = count("/num_pending") == Some(0) && count("/num_ack_pending") == Some(0);
    Ok(is_idle || count("/ack_floor/stream_seq").is_some_and(|done| done >= number))
}

fn consumer(bus: &Nats, reaction: &str) -> String {
    format!("{}-{reaction}", bus.namespace)
}

/// Asks about a consumer. `None` if there is none.
async fn api(bus: &Nats, verb: &str, consumer: &str) -> Result<Option<Value>, PortError> {
    let verb = format!("CONSUMER.{verb}.{}.{consumer}", bus.stream.name());
    bus.stream.api(&verb, Bytes::new(), NO_SUCH_CONSUMER).await
}
