//! Durable consumer of one event handler.

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

use super::{JetStream, stored_event_ids::deliver_from};
use crate::{
    bus::DECODE_CONSUMER,
    nats::{NO_SUCH_CONSUMER, REQUEST_TIMEOUT, encoded_event, unavailable, with_timeout},
};

/// Time without a sign of life after which the server redelivers an event to another node.
const ACK_WAIT: Duration = Duration::from_secs(5);
/// Interval of in-progress acknowledgements, which extend `ACK_WAIT`.
const IN_PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// Maximum duration of a handler call. A longer call counts as a retryable failure.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);
/// Lifetime of a pull request, and the interval of the server's heartbeats during it.
const PULL_EXPIRES: Duration = Duration::from_secs(10);
const IDLE_HEARTBEAT: Duration = Duration::from_secs(1);
/// Number of events per pull request. The server sends the next event when the previous one is acknowledged.
const BATCH: usize = 64;
/// Redelivery delay after a retryable failure. It doubles up to the maximum.
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// Delay after a failed request to the server.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// A new consumer starts this much later than the oldest event that its inbox can deduplicate, so that the first events
/// do not expire on the way.
const CLOCK_MARGIN: Duration = Duration::from_hours(1);

/// Delivers the events of the stream to one handler.
pub(super) struct Consumer<'a> {
    bus: &'a JetStream,
    handler: Arc<dyn EventHandler>,
    dead_letters: Arc<dyn DeadLetterStore>,
    name: String,
}

impl<'a> Consumer<'a> {
    pub(super) fn new(
        bus: &'a JetStream,
        handler: Arc<dyn EventHandler>,
        dead_letters: Arc<dyn DeadLetterStore>,
    ) -> Self {
        let name = consumer_name(bus, handler.name());
        Self { bus, handler, dead_letters, name }
    }

    /// Consumes events until `stop` is true. Reconnects after failures of the server.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let Err(error) = self.consume(&mut stop).await else { return };
            tracing::warn!(consumer = self.handler.name(), %error, "consumer interrupted, retrying");
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(RETRY_INTERVAL) => {}
            }
        }
    }

    /// Processes one event after the other until `stop` is true or a request to the server fails.
    async fn consume(&self, stop: &mut watch::Receiver<bool>) -> Result<(), PortError> {
        let connection = &self.bus.stream.connection;
        let (mut connection_changes, generation) = (connection.connection_changes(), connection.generation());
        with_timeout(REQUEST_TIMEOUT, self.ensure_consumer()).await?;
        let inbox = connection.client().new_inbox();
        let mut messages = connection.subscribe(inbox.clone()).await?;
        let mut remaining = 0;
        loop {
            if remaining == 0 {
                self.request_batch(&inbox).await?;
                remaining = BATCH;
            }
            let message = tokio::select! {
                biased;
                () = stopped(stop) => return Ok(()),
                // Replies to requests of the previous connection can be lost.
                _ = connection_changes.changed() => return Err(unavailable("NATS connection lost")),
                message = self.next_message(&mut messages) => message?,
            };
            let Some(message) = message else {
                remaining = 0;
                continue;
            };
            remaining -= 1;
            self.process(&message, generation).await?;
        }
    }

    async fn request_batch(&self, inbox: &str) -> Result<(), PortError> {
        let (stream, nanos) = (self.bus.stream.name(), |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(0));
        let request =
            json!({ "batch": BATCH, "expires": nanos(PULL_EXPIRES), "idle_heartbeat": nanos(IDLE_HEARTBEAT) });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{}", self.name);
        self.bus.stream.connection.publish(subject, Some(inbox.to_owned()), request.to_string().into()).await
    }

    /// Returns the next event; `None` if the pull request has expired.
    async fn next_message(&self, messages: &mut Subscriber) -> Result<Option<Message>, PortError> {
        loop {
            let message = timeout(REQUEST_TIMEOUT + IDLE_HEARTBEAT, messages.next()).await.map_err(unavailable)?;
            let message = message.ok_or_else(|| unavailable("NATS connection closed"))?;
            match message.status.map(|status| status.as_u16()) {
                None => return Ok(Some(message)),
                Some(100) => {}
                Some(404 | 408) => return Ok(None),
                // The consumer or the stream was deleted, or moves to another server.
                Some(status) => {
                    self.bus.stream.invalidate();
                    return Err(unavailable(format!("pull request failed with status {status}")));
                }
            }
        }
    }

    /// Creates the consumer if it does not exist, and recreates it if it is ahead of the stream.
    async fn ensure_consumer(&self) -> Result<(), PortError> {
        self.bus.stream.current_epoch().await?;
        if let Some(info) = self.api("INFO").await? {
            let delivered = info.pointer("/delivered/stream_seq").and_then(Value::as_u64).unwrap_or(0);
            if delivered <= self.bus.stream.bounds().await?.last.sequence {
                return Ok(());
            }
            // The stream was rolled back. The consumer would skip all events until the stream has grown past its
            // position.
            tracing::error!(
                consumer = self.handler.name(),
                "consumer position is beyond the stream, recreating consumer"
            );
            self.api("DELETE").await?;
        }
        let config = pull::Config {
            durable_name: Some(self.name.clone()),
            deliver_policy: deliver_from(self.bus.clock.now().before(MAX_REDELIVERY_AGE).after(CLOCK_MARGIN))?,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: 1,
            max_deliver: -1,
            ..pull::Config::default()
        };
        let stream = &self.bus.stream;
        match stream.context().create_consumer_strict_on_stream(config, stream.name()).await {
            Ok(_) => Ok(()),
            // Another node created the consumer first, with a start time that differs by a few milliseconds.
            Err(_) if self.api("INFO").await?.is_some() => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Calls the consumer API. Returns `None` if the consumer does not exist.
    async fn api(&self, verb: &str) -> Result<Option<Value>, PortError> {
        api(self.bus, verb, &self.name).await
    }

    /// Passes an event to the handler and acknowledges it or requests its redelivery.
    async fn process(&self, message: &Message, generation: u64) -> Result<(), PortError> {
        let Some(event) = encoded_event(message) else {
            tracing::error!(stream = self.bus.stream.name(), "foreign message in stream, dropping");
            return self.acknowledge(message, generation, "+TERM".to_owned()).await;
        };
        let work = self.handle(&event);
        pin!(work);
        let result = loop {
            tokio::select! {
                result = &mut work => break result,
                // A failure is harmless: the event is redelivered and the inbox deduplicates it.
                () = sleep(IN_PROGRESS_INTERVAL) => drop(self.acknowledge(message, generation, "+WPI".to_owned()).await),
            }
        };
        let Err(error) = result else { return self.acknowledge(message, generation, "+ACK".to_owned()).await };
        tracing::warn!(event = %event.id, consumer = self.handler.name(), %error, "event handler failed, retrying");
        self.acknowledge(message, generation, format!("-NAK {{\"delay\":{}}}", self.backoff(message).as_nanos())).await
    }

    /// Handles or dead-letters the event. An error requests redelivery.
    async fn handle(&self, event: &EncodedEvent) -> Result<(), PortError> {
        let delivery = match Delivery::decode(event.clone()) {
            Ok(delivery) => delivery,
            Err(error) => return self.dead_letter(event, DECODE_CONSUMER, error.to_string()).await,
        };
        let timed_out = |_| PortError::new(ErrorKind::DeadlineExceeded, "event handler timed out");
        match timeout(HANDLER_TIMEOUT, self.handler.handle(&delivery)).await.map_err(timed_out) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) | Err(error) if error.kind().is_retryable() => Err(error),
            Ok(Err(error)) | Err(error) => self.dead_letter(event, self.handler.name(), error.to_string()).await,
        }
    }

    async fn dead_letter(&self, event: &EncodedEvent, consumer: &'static str, reason: String) -> Result<(), PortError> {
        tracing::error!(event = %event.id, consumer, reason, "event moved to dead letters");
        let timed_out = |_| PortError::new(ErrorKind::DeadlineExceeded, "dead-letter store timed out");
        timeout(HANDLER_TIMEOUT, self.dead_letters.add(event, consumer, &reason)).await.map_err(timed_out)?
    }

    async fn acknowledge(&self, message: &Message, generation: u64, verdict: String) -> Result<(), PortError> {
        let connection = &self.bus.stream.connection;
        // Servers that were rolled back would apply the acknowledgement to another event.
        if connection.generation() != generation {
            return Err(unavailable("NATS connection lost"));
        }
        let reply = message.reply.as_ref().ok_or_else(|| unavailable("message has no reply subject"))?;
        connection.publish(reply.to_string(), None, verdict.into()).await
    }

    /// Returns the delay before the next delivery.
    fn backoff(&self, message: &Message) -> Duration {
        let message = jetstream::Message { message: message.clone(), context: self.bus.stream.context().clone() };
        let before = message.info().map_or(1, |info| info.delivered).saturating_sub(1);
        let doublings = u32::try_from(before).unwrap_or(0);
        INITIAL_BACKOFF.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_BACKOFF)
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A dropped sender counts as a stop.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Returns true if the consumer has acknowledged all events up to `sequence`, on any node.
pub(super) async fn is_acked_up_to(bus: &JetStream, consumer: &str, sequence: u64) -> Result<bool, PortError> {
    let Some(info) = api(bus, "INFO", &consumer_name(bus, consumer)).await? else { return Ok(false) };
    let count = |pointer| info.pointer(pointer).and_then(Value::as_u64);
    // A new consumer has no acknowledgements, but nothing is pending for it either.
    let is_idle = count("/num_pending") == Some(0) && count("/num_ack_pending") == Some(0);
    Ok(is_idle || count("/ack_floor/stream_seq").is_some_and(|done| done >= sequence))
}

fn consumer_name(bus: &JetStream, handler: &str) -> String {
    format!("{}-{handler}", bus.namespace)
}

/// Calls the consumer API. Returns `None` if the consumer does not exist.
async fn api(bus: &JetStream, verb: &str, consumer: &str) -> Result<Option<Value>, PortError> {
    let verb = format!("CONSUMER.{verb}.{}.{consumer}", bus.stream.name());
    bus.stream.api(&verb, Bytes::new(), NO_SUCH_CONSUMER).await
}
