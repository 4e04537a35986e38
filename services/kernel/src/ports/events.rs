//! What happened: on its way to those who react and to those who listen; and what is forgotten in time.

use async_trait::async_trait;

use crate::{
    Actor, Channel, Event, Failure, Parcel, Position,
    live::{Heard, Mark, Replay},
};

/// Carries events to everybody who reacts to them, at least once. Answered by `infra`.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Returns once the parcel cannot be lost any more. A parcel that comes twice is no error.
    async fn publish(&self, parcel: &Parcel) -> Result<(), Failure>;
}

/// Tells who listens, wherever, what happens now, and for a while what happened. Answered by `infra`.
///
/// One log a channel. Publishers of one channel are ordered by the log; who wants an order of their own publishes the
/// next when the one before has returned.
#[async_trait]
pub trait Live: Send + Sync {
    /// Returns once all listeners will hear it. A parcel that comes twice within the log's memory is heard once.
    async fn publish(&self, channel: &Channel, parcel: &Parcel) -> Result<(), Failure>;

    /// Listens from now on. What [`Listener::head`] covers is the past, all else will be heard.
    async fn listen(&self, channel: &Channel) -> Result<Box<dyn Listener>, Failure>;

    /// What somebody missed who stood at `since`, wherever they got it: all of it, or nothing. At most `limit`.
    async fn read(&self, channel: &Channel, since: Position, limit: usize) -> Result<Replay, Failure>;
}

/// One who listens to a channel. Dropping it ends the interest.
#[async_trait]
pub trait Listener: Send {
    /// Where the channel stood when the listening began.
    fn head(&self) -> Mark;

    /// The next thing. Giving up while it waits loses nothing.
    async fn next(&mut self) -> Heard;
}

/// Who may listen to what. Answered by `app`, out of what the slices answer.
#[async_trait]
pub trait ChannelAccess: Send + Sync {
    /// Whether there is such a channel for this actor, now.
    async fn may_listen(&self, actor: &Actor, channel: &Channel) -> Result<bool, Failure>;
}

/// What a slice does when something happened elsewhere. Every slice has one.
#[async_trait]
pub trait Reaction: Send + Sync {
    /// Who reacts: what the dead letters and the log call it.
    fn name(&self) -> &'static str;

    /// Does what the event asks for, once, however often it comes. An error that
    /// [is retryable](crate::Fault::is_retryable) asks for the event again; any other says that it would not help.
    async fn on(&self, event: &Event) -> Result<(), Failure>;
}

/// Where an event goes that somebody cannot digest: it is kept, and looked at. Answered by `storage`.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Returns once it is kept. The same for the same consumer again is no error.
    async fn bury(&self, parcel: &Parcel, consumer: &'static str, why: &str) -> Result<(), Failure>;
}

/// Something that is due from time to time: what is old is forgotten. Answered by whoever keeps it.
#[async_trait]
pub trait Sweep: Send + Sync {
    /// What the log calls it.
    fn name(&self) -> &'static str;

    /// Forgets what is due, and says how much that was. To do it again at once is no error.
    async fn sweep(&self) -> Result<u64, Failure>;
}
