//! Delivery of events, channel logs, dead letters and periodic jobs.

use async_trait::async_trait;

use crate::{
    Actor, Channel, Delivery, EncodedEvent, PortError, Position,
    replay_log::{LogItem, LogOffset, ReplayResult},
};

/// Durable event bus with at-least-once delivery to every handler. Implemented by `infra`.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes an event. Returns when it is durable. Idempotent by event id.
    async fn publish(&self, event: &EncodedEvent) -> Result<(), PortError>;
}

/// Log of events per channel, with live delivery and replay. Implemented by `infra`.
///
/// The log orders concurrent appends to one channel. A publisher that needs an order of its own awaits each append.
#[async_trait]
pub trait ReplayLog: Send + Sync {
    /// Appends an event. Returns when all subscribers will receive it. A repeated append within the retention of the log
    /// is ignored.
    async fn append(&self, channel: &Channel, event: &EncodedEvent) -> Result<(), PortError>;

    /// Subscribes from now on. Entries up to [`LogSubscriber::head`] are in the past; all later ones are delivered.
    async fn subscribe(&self, channel: &Channel) -> Result<Box<dyn LogSubscriber>, PortError>;

    /// Returns all entries after `since`, or none if they are not complete or more than `limit`. Any node accepts the
    /// position of any other.
    async fn replay(&self, channel: &Channel, since: Position, limit: usize) -> Result<ReplayResult, PortError>;
}

/// A subscriber of a channel's log. Dropping it ends the subscription.
#[async_trait]
pub trait LogSubscriber: Send {
    /// End of the log at the time of the subscription.
    fn head(&self) -> LogOffset;

    /// Returns the next item. Cancel-safe.
    async fn next(&mut self) -> LogItem;
}

/// Access rules of channels. Implemented by `app` with the ports of the slices.
#[async_trait]
pub trait ChannelAccess: Send + Sync {
    /// Returns true if the channel exists and the actor can subscribe to it now.
    async fn can_subscribe(&self, actor: &Actor, channel: &Channel) -> Result<bool, PortError>;
}

/// Event handler of a slice.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Name of the consumer in the event stream, dead letters and logs. Stable: the progress of the consumer is stored
    /// under it.
    fn name(&self) -> &'static str;

    /// Handles an event. Idempotent. An error that [is retryable](crate::ErrorKind::is_retryable) requests redelivery; any
    /// other moves the event to the dead letters.
    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError>;
}

/// Store of events that a handler could not process. Implemented by `storage`.
#[async_trait]
pub trait DeadLetterStore: Send + Sync {
    /// Adds an event. Returns when it is durable. Idempotent by event and consumer.
    async fn add(&self, event: &EncodedEvent, consumer: &'static str, error: &str) -> Result<(), PortError>;
}

/// Job that runs at intervals. Implemented by the owner of the data.
#[async_trait]
pub trait PeriodicJob: Send + Sync {
    /// Name of the job in logs.
    fn name(&self) -> &'static str;

    /// Does the work that is due and returns the number of affected rows. Idempotent.
    async fn run(&self) -> Result<u64, PortError>;
}
