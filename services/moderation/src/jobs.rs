//! Periodic jobs.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Clock, PortError, ports::PeriodicJob};

use crate::{DecisionEnforcer, Error, store::Store};

/// Maximum number of expired decisions per query.
const BATCH_SIZE: i64 = 100;

/// Ends mutes, suspensions and bans whose end time has passed.
///
/// Access checks compare the end time themselves; this job publishes the change. A decision is marked as expired only after
/// enforcement succeeded, so an interrupted run is repeated.
pub struct ExpireSanctions {
    pub store: Arc<dyn Store>,
    pub enforcer: Arc<DecisionEnforcer>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PeriodicJob for ExpireSanctions {
    fn name(&self) -> &'static str {
        "expire-sanctions"
    }

    async fn run(&self) -> Result<u64, PortError> {
        Ok(self.expire_all().await?)
    }
}

impl ExpireSanctions {
    async fn expire_all(&self) -> Result<u64, Error> {
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
