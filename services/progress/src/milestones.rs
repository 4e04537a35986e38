//! What tells of a milestone when its midnight has passed.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Clock, Entropy, Event, EventPayload, ProgressEvent, PortError, UserId, ports::PeriodicJob};
use kith_storage::StoreResult;

use crate::store::Store;

/// How many people are looked at in one go.
const BATCH: i64 = 200;

/// Tells of milestones that nobody's call has told of: they are reached while their owners sleep. Of two who look at
/// once, on two nodes, one tells.
pub struct Milestones {
    /// Where progress is kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

impl Milestones {
    /// Tells this person's, and says whether it did.
    async fn tell(&self, user: UserId) -> StoreResult<bool> {
        let Some(mut journey) = self.store.journey(user).await? else { return Ok(false) };
        let now = self.clock.now();
        let told = journey.tell(now);
        let event = told.map(|it| Event::new(now, user, EventPayload::Progress(ProgressEvent::MilestoneReached { days: it.days }), &*self.entropy));
        // Also if there is none after all: nobody is due any more whom this has looked at.
        self.store.save(&journey, journey.next_due(now), event.as_slice()).await
    }
}

#[async_trait]
impl PeriodicJob for Milestones {
    fn name(&self) -> &'static str {
        "milestones"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let mut told = 0_u64;
        loop {
            let (before, due) = (told, self.store.due(self.clock.now(), BATCH).await?);
            for user in due {
                match self.tell(user).await {
                    Ok(seen) => told = told.saturating_add(u64::from(seen)),
                    // One whom nobody can read keeps the others from nothing.
                    Err(error) => tracing::warn!(%error, "a milestone is not told"),
                }
            }
            // All are seen, or none of those that are left can be.
            if told == before {
                return Ok(told);
            }
        }
    }
}
