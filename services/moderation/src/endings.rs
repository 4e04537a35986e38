//! What ends by itself.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Clock, Failure, ports::Sweep};

use crate::{Effects, Error, store::Store};

/// How many are ended before it is looked again.
const BATCH: i64 = 100;

/// Ends mutes, suspensions and bans at their time. What keeps people out looks at the clock by itself; this says so to
/// those who listen, and forgets nothing if it dies in between.
pub struct Endings {
    /// Where decisions are kept.
    pub store: Arc<dyn Store>,
    /// What makes it true.
    pub effects: Arc<Effects>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Sweep for Endings {
    fn name(&self) -> &'static str {
        "decisions that end"
    }

    async fn sweep(&self) -> Result<u64, Failure> {
        Ok(self.end_all().await?)
    }
}

impl Endings {
    async fn end_all(&self) -> Result<u64, Error> {
        let mut ended = 0;
        loop {
            let now = self.clock.now();
            let due = self.store.ended(now, BATCH).await?;
            if due.is_empty() {
                return Ok(ended);
            }
            for decision in due {
                if let Some(user) = decision.concerned {
                    self.effects.person(user).await?;
                }
                self.store.end(decision.id, now).await?;
                ended += 1;
            }
        }
    }
}
