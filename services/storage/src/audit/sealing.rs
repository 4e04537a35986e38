//! Signs where the chain ends, again and again, and keeps it at every second place.

use std::{sync::Arc, time::Duration};

use kith_kernel::{
    Clock,
    audit::{Checkpoint, Head, Seals, Verifier},
    ports::{Audit, Checkpoints},
};

use super::{Unsound, read};

/// How often the chain is looked at.
const LOOKS: Duration = Duration::from_secs(5);
/// A checkpoint is due when so many lines were written since the last one, or when there are any and it is so old.
const LINES: i64 = 100;
const AGE: Duration = Duration::from_mins(1);

/// What keeps checkpoints.
pub struct Sealing {
    /// What is signed.
    pub audit: Arc<dyn Audit>,
    /// Where it is kept.
    pub places: Vec<Arc<dyn Checkpoints>>,
    /// What it is signed with.
    pub seals: Arc<Seals>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Sealing {
    /// Does so without an end.
    pub async fn run(&self) -> std::convert::Infallible {
        let mut tick = tokio::time::interval(LOOKS);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.look().await;
        }
    }

    /// Keeps one at each place where it is due, and says how many it kept. A place that fails is tried again at the next
    /// look. Over a chain that is not sound nothing is signed: then this says so at each look, until somebody comes.
    pub async fn look(&self) -> usize {
        self.keep_where(is_due).await
    }

    /// Keeps one at each place that has none of where the chain ends: before the process ends.
    pub async fn finish(&self) -> usize {
        self.keep_where(|_, _, _| true).await
    }

    async fn keep_where(&self, due: fn(&Checkpoint, Head, i64) -> bool) -> usize {
        let mut kept = 0_usize;
        for place in &self.places {
            match self.seal(&**place, due).await {
                Ok(false) => {}
                Ok(true) => kept = kept.saturating_add(1),
                Err(Unsound::Unread(failure)) => {
                    tracing::warn!(place = place.place(), %failure, "the audit trail could not be signed");
                }
                Err(fault @ (Unsound::Broken(_) | Unsound::Forged { .. })) => {
                    tracing::error!(place = place.place(), %fault, "the audit trail is not sound; see `kith audit verify`");
                }
            }
        }
        kept
    }

    async fn seal(&self, place: &dyn Checkpoints, due: fn(&Checkpoint, Head, i64) -> bool) -> Result<bool, Unsound> {
        let last = place.last().await?;
        let head = self.audit.head().await?;
        let known = last.as_ref().map_or(Head::EMPTY, |last| last.head);
        let now = self.clock.now();
        let is_due = last.as_ref().is_none_or(|last| due(last, head, now.millis()));
        if head == known || !is_due {
            return Ok(false);
        }
        if let Some(last) = &last {
            let forged = self.seals.verify(std::slice::from_ref(last));
            forged.map_err(|fault| Unsound::Forged { place: place.place(), fault })?;
        }
        let head = read(&*self.audit, Verifier::behind(known, head)).await?;
        place.keep(&self.seals.sign(head, now)).await?;
        Ok(true)
    }
}

fn is_due(last: &Checkpoint, head: Head, now: i64) -> bool {
    let lines = head.position.saturating_sub(last.head.position);
    // A head that went back is not signed; it is said.
    !(0..LINES).contains(&lines) || last.at.after(AGE).millis() <= now
}
