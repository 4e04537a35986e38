//! Durable timers.

use async_trait::async_trait;

use crate::{PortError, Timestamp};

/// Schedules durable timers. Implemented by `storage`.
///
/// A SQL store that changes its state in a transaction schedules in the same transaction instead:
/// `kith_storage::sql::Tx::schedule_timer`. A store in another database schedules first and then changes its state; a timer
/// without its state has no effect, since handlers check the state.
#[async_trait]
pub trait Timers: Send + Sync {
    /// Schedules a timer, or moves it if its key is already scheduled.
    async fn schedule(&self, timer: &Timer) -> Result<(), PortError>;

    /// Cancels a timer. Idempotent. A timer that is firing is not interrupted.
    async fn cancel(&self, key: &TimerKey) -> Result<(), PortError>;
}

/// Identity of a timer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey {
    /// [`TimerHandler::name`] of the handler.
    pub handler: String,
    /// Key within the handler, for example the id of the object.
    pub key: String,
}

/// A scheduled timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub key: TimerKey,
    /// The timer fires at this time or up to one second later, on one node.
    pub due_at: Timestamp,
    /// Data for the handler.
    pub payload: Vec<u8>,
}

/// Handler of due timers. Implemented by slices.
#[async_trait]
pub trait TimerHandler: Send + Sync {
    /// Name of the handler. Stable: timers are stored under it.
    fn name(&self) -> &'static str;

    /// Handles a due timer. A timer fires at least once: it fires again after an error, with a backoff, and after the crash
    /// of a node. Handlers are therefore idempotent and compare the state with the clock. The handler can schedule the
    /// same key again.
    async fn fire(&self, timer: &Timer) -> Result<(), PortError>;
}
