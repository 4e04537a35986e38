//! Periodic jobs.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Clock, Entropy, Event, EventPayload, PortError, ProgressEvent, UserId, ports::PeriodicJob};
use kith_storage::StoreResult;

use crate::store::Store;

/// Maximum number of owners in one query.
const BATCH: i64 = 200;

/// Announces milestones that are reached while their owner makes no call. If several nodes run the job concurrently,
/// each milestone is announced once.
pub struct AnnounceMilestones {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl AnnounceMilestones {
    /// Announces the milestone of one owner. Returns false if the profile does not exist or was changed concurrently.
    async fn announce(&self, owner: UserId) -> StoreResult<bool> {
        let Some(mut profile) = self.store.get_profile(owner).await? else { return Ok(false) };
        let now = self.clock.now();
        let reached = profile.mark_announced(now);
        let event = reached.map(|milestone| {
            let payload = EventPayload::Progress(ProgressEvent::MilestoneReached { days: milestone.days });
            Event::new(now, owner, payload, &*self.entropy)
        });
        // Saved also without a milestone: the due time is updated, so that the owner is no longer due.
        self.store.save_profile(&profile, profile.next_due(now), event.as_slice()).await
    }
}

#[async_trait]
impl PeriodicJob for AnnounceMilestones {
    fn name(&self) -> &'static str {
        "announce-milestones"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let mut processed = 0_u64;
        loop {
            let processed_before = processed;
            for owner in self.store.list_due_owners(self.clock.now(), BATCH).await? {
                match self.announce(owner).await {
                    Ok(saved) => processed = processed.saturating_add(u64::from(saved)),
                    // One profile that cannot be read must not delay the others.
                    Err(error) => tracing::warn!(%error, "failed to announce milestone"),
                }
            }
            // Either no owner is due any more, or none of those left can be processed now.
            if processed == processed_before {
                return Ok(processed);
            }
        }
    }
}
