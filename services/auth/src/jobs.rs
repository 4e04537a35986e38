//! Periodic jobs.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{Clock, PortError, ports::PeriodicJob};

use crate::{policy::ATTEMPT_WINDOW, store::Store};

/// Time for which an ended session is stored.
const RETENTION: Duration = Duration::from_hours(30 * 24);

/// Deletes sessions that ended more than 30 days ago, and failed login attempts older than [`ATTEMPT_WINDOW`].
pub struct PurgeEndedSessions {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PeriodicJob for PurgeEndedSessions {
    fn name(&self) -> &'static str {
        "purge-ended-sessions"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let now = self.clock.now();
        let attempts = self.store.purge_attempts(now.before(ATTEMPT_WINDOW)).await?;
        Ok(self.store.purge_sessions(now.before(RETENTION)).await?.saturating_add(attempts))
    }
}
