//! Handlers of durable timers.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Clock, PortError,
    ports::{Timer, TimerHandler, TimerKey},
};

use crate::{DecisionEnforcer, Error, domain::Decision, store::Store};

/// Maximum number of expired decisions per query.
const BATCH_SIZE: i64 = 100;

/// Ends mutes, suspensions and bans when their end time has passed. Each decision with an end has a timer, which is
/// scheduled in the transaction of the decision and calls this handler.
///
/// Access checks compare the end time themselves; this handler publishes the change. A decision is marked as expired only
/// after enforcement succeeded, so an interrupted run is repeated.
pub struct ExpireSanctions {
    pub store: Arc<dyn Store>,
    pub enforcer: Arc<DecisionEnforcer>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl TimerHandler for ExpireSanctions {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn fire(&self, _: &Timer) -> Result<(), PortError> {
        self.expire_due().await?;
        Ok(())
    }
}

impl ExpireSanctions {
    const NAME: &str = "expire-sanctions";

    /// Returns the timer that ends a decision; `None` if it has no end.
    pub(crate) fn timer(decision: &Decision) -> Option<Timer> {
        let due_at = decision.until?;
        let key = TimerKey { handler: Self::NAME.to_owned(), key: decision.id.to_string() };
        Some(Timer { key, due_at, payload: Vec::new() })
    }

    /// Ends all sanctions that are due, and returns their number.
    ///
    /// # Errors
    /// Errors of the store and of ports.
    pub async fn expire_due(&self) -> Result<u64, Error> {
        let mut expired = 0;
        loop {
            let now = self.clock.now();
            let due = self.store.expired(now, BATCH_SIZE).await?;
            if due.is_empty() {
                return Ok(expired);
            }
            for decision in due {
                if let Some(user) = decision.affected_account {
                    self.enforcer.enforce_account(user).await?;
                }
                self.store.mark_expired(decision.id, now).await?;
                expired += 1;
            }
        }
    }
}
