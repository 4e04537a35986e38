//! What removes deleted responses for good.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{Clock, PortError, ports::PeriodicJob};

use crate::store::Store;

/// How long a deleted response is kept: the time that every deleted thing has.
pub const KEPT: Duration = Duration::from_hours(30 * 24);

/// How many responses are removed in one write: others who write wait for no more than that.
const BATCH: i64 = 200;

/// Removes responses that have been deleted for [`KEPT`]. Nothing of them is left, and no event tells of it: for
/// everybody else they were gone when they were deleted.
pub struct Purge {
    /// Where responses are kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PeriodicJob for Purge {
    fn name(&self) -> &'static str {
        "responses"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let until = self.clock.now().before(KEPT);
        let mut removed = 0;
        loop {
            match self.store.purge(until, BATCH).await? {
                0 => return Ok(removed),
                more => removed += more,
            }
        }
    }
}
