//! Periodic jobs.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{Clock, PortError, ports::PeriodicJob};

use crate::store::Store;

/// Time for which a deleted response is kept, as for all deleted content.
pub const RETENTION: Duration = Duration::from_hours(30 * 24);

/// Maximum number of responses in one write, so that other writers are not blocked for long.
const BATCH: i64 = 200;

/// Deletes responses permanently [`RETENTION`] after their deletion. It emits no event: other users lost sight of the
/// response when it was deleted.
pub struct PurgeDeletedResponses {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PeriodicJob for PurgeDeletedResponses {
    fn name(&self) -> &'static str {
        "purge-deleted-responses"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let deleted_by = self.clock.now().before(RETENTION);
        let mut purged = 0;
        loop {
            match self.store.purge(deleted_by, BATCH).await? {
                0 => return Ok(purged),
                count => purged += count,
            }
        }
    }
}
