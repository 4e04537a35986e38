//! Periodic jobs.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Clock, PortError, ports::PeriodicJob};

use crate::{domain::RESTORE_WINDOW, store::Store};

/// Maximum number of posts in one write, so that other writers are not blocked for long.
const BATCH: i64 = 200;

/// Deletes posts permanently once their [`RESTORE_WINDOW`] has passed.
pub struct PurgeDeletedPosts {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PeriodicJob for PurgeDeletedPosts {
    fn name(&self) -> &'static str {
        "purge-deleted-posts"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let deleted_by = self.clock.now().before(RESTORE_WINDOW);
        let mut purged = 0;
        loop {
            match self.store.purge(deleted_by, BATCH).await? {
                0 => return Ok(purged),
                count => purged += count,
            }
        }
    }
}

/// Removes the rank boost of SOS posts that have left the feeds.
pub struct DemoteExpiredSos {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PeriodicJob for DemoteExpiredSos {
    fn name(&self) -> &'static str {
        "demote-expired-sos"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let now = self.clock.now();
        let mut demoted = 0;
        loop {
            match self.store.demote_expired_sos(now, BATCH).await? {
                0 => return Ok(demoted),
                count => demoted += count,
            }
        }
    }
}
