//! Firing of durable timers.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{
    Clock, ErrorKind, PortError, Timestamp,
    ports::{Timer, TimerHandler},
};
use tokio::time::{sleep, timeout};

use crate::StoreResult;

/// Interval between two looks for due timers. Timers fire within one second of their due time.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Maximum number of timers per lease.
const BATCH: i64 = 32;
/// Time after which the lease of a crashed node expires. Longer than [`FIRE_TIMEOUT`].
const LEASE_TTL: Duration = Duration::from_mins(1);
/// Maximum run time of a handler.
const FIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Backoff after an error; it doubles with each attempt.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(5);

/// Store of scheduled timers, as the worker uses it.
#[async_trait]
pub trait TimerStore: Send + Sync {
    /// Leases up to `limit` timers that are due at `now` until `leased_until`, earliest first. A timer is leased by one
    /// caller at a time.
    async fn lease_due(&self, now: Timestamp, leased_until: Timestamp, limit: i64) -> StoreResult<Vec<LeasedTimer>>;

    /// Removes a timer after it fired, unless it was scheduled again in the meantime.
    async fn complete(&self, timer: &LeasedTimer) -> StoreResult<()>;

    /// Releases a timer and makes it due again at `due_at`, unless it was scheduled again in the meantime.
    async fn retry(&self, timer: &LeasedTimer, due_at: Timestamp) -> StoreResult<()>;
}

/// A timer that this node may fire until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedTimer {
    pub timer: Timer,
    /// Changes whenever the timer is scheduled.
    pub revision: i64,
    /// Number of leases since it was scheduled, including this one.
    pub attempts: i64,
}

/// Fires due timers. All nodes run one; the leases distribute the timers.
pub struct TimerWorker {
    store: Arc<dyn TimerStore>,
    handlers: BTreeMap<&'static str, Arc<dyn TimerHandler>>,
    clock: Arc<dyn Clock>,
}

impl TimerWorker {
    #[must_use]
    pub fn new(store: Arc<dyn TimerStore>, handlers: Vec<Arc<dyn TimerHandler>>, clock: Arc<dyn Clock>) -> Self {
        let handlers = handlers.into_iter().map(|handler| (handler.name(), handler)).collect();
        Self { store, handlers, clock }
    }

    /// Fires timers until the task is aborted. An aborted firing is repeated when its lease has expired.
    pub async fn run(&self) -> Infallible {
        loop {
            match self.fire_due().await {
                // A full batch: more timers may be due.
                Ok(fired) if fired > 0 => {}
                Ok(_) => sleep(POLL_INTERVAL).await,
                Err(error) => {
                    tracing::warn!(%error, "failed to lease due timers, retrying");
                    sleep(POLL_INTERVAL).await;
                }
            }
        }
    }

    /// Fires the timers that are due now, up to one batch. Returns their number.
    ///
    /// # Errors
    /// Errors of the store. Errors of handlers are logged and retried.
    pub async fn fire_due(&self) -> StoreResult<usize> {
        let now = self.clock.now();
        let leased = self.store.lease_due(now, now.after(LEASE_TTL), BATCH).await?;
        let last_start = now.after(LEASE_TTL.saturating_sub(FIRE_TIMEOUT));
        for timer in &leased {
            // Slow handlers have used up the lease: another node must not fire the rest at the same time.
            if self.clock.now() > last_start {
                break;
            }
            self.fire(timer).await?;
        }
        Ok(leased.len())
    }

    async fn fire(&self, leased: &LeasedTimer) -> StoreResult<()> {
        let Err(error) = self.call_handler(&leased.timer).await else { return self.store.complete(leased).await };
        let backoff = backoff(leased.attempts);
        let (handler, key, attempts) = (&leased.timer.key.handler, &leased.timer.key.key, leased.attempts);
        if error.kind().is_retryable() {
            tracing::warn!(handler, key, attempts, %error, ?backoff, "timer handler failed, retrying");
        } else {
            tracing::error!(handler, key, attempts, %error, ?backoff, "timer handler failed, retrying");
        }
        self.store.retry(leased, self.clock.now().after(backoff)).await
    }

    async fn call_handler(&self, timer: &Timer) -> Result<(), PortError> {
        // A newer node has scheduled it, and will fire it.
        let handler = self.handlers.get(timer.key.handler.as_str());
        let handler = handler.ok_or_else(|| PortError::new(ErrorKind::Unavailable, "unknown timer handler"))?;
        let expired = |_| PortError::new(ErrorKind::DeadlineExceeded, "timer handler timed out");
        timeout(FIRE_TIMEOUT, handler.fire(timer)).await.map_err(expired)?
    }
}

fn backoff(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0);
    FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_BACKOFF)
}
