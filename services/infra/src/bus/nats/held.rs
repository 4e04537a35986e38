//! Which events the stream has.

use std::collections::HashSet;

use async_nats::{datetime::from_nanos, jetstream::consumer::DeliverPolicy};
use kith_kernel::{EventId, PortError, Timestamp};
use serde_json::{Value, json};

use crate::nats::{ANSWER, Stream, unavailable, within};

/// How many events are asked for at once.
const PAGE: usize = 512;

/// The events that a stream had when it was asked.
#[derive(Debug, Clone, Default)]
pub struct Held(HashSet<EventId>);

impl Held {
    pub(super) async fn since(stream: &Stream, subject: &str, since: Timestamp) -> Result<Self, PortError> {
        let begin = json!({ "start_time": written(since)?, "next_by_subj": subject, "batch": PAGE });
        let mut page = within(ANSWER, async {
            stream.life().await?;
            stream.batch(&begin).await
        })
        .await?;
        let mut held = HashSet::new();
        loop {
            held.extend(page.stored.iter().map(|stored| stored.parcel.id));
            if page.pending == 0 || page.reached == 0 {
                return Ok(Self(held));
            }
            page = within(ANSWER, stream.page(subject, page.reached + 1, PAGE)).await?;
        }
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(&self, event: EventId) -> bool {
        self.0.contains(&event)
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// The moment from which a consumer is given events.
pub(super) fn from(moment: Timestamp) -> Result<DeliverPolicy, PortError> {
    let start_time = from_nanos(i128::from(moment.millis()) * 1_000_000).map_err(unavailable)?;
    Ok(DeliverPolicy::ByStartTime { start_time })
}

/// A moment as the server reads it.
fn written(moment: Timestamp) -> Result<Value, PortError> {
    let policy = serde_json::to_value(from(moment)?).map_err(unavailable)?;
    policy.get("opt_start_time").cloned().ok_or_else(|| unavailable("a moment is written in other words"))
}
