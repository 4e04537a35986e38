//! Ids of the events in the stream.

use std::collections::HashSet;

use async_nats::{datetime::from_nanos, jetstream::consumer::DeliverPolicy};
use kith_kernel::{EventId, PortError, Timestamp};
use serde_json::{Value, json};

use crate::nats::{REQUEST_TIMEOUT, Stream, unavailable, with_timeout};

/// Number of events per request.
const PAGE: usize = 512;

/// Ids of the events that the stream had at the time of the request.
#[derive(Debug, Clone, Default)]
pub struct StoredEventIds(HashSet<EventId>);

impl StoredEventIds {
    pub(super) async fn fetch(stream: &Stream, subject: &str, since: Timestamp) -> Result<Self, PortError> {
        let request = json!({ "start_time": start_time(since)?, "next_by_subj": subject, "batch": PAGE });
        let mut page = with_timeout(REQUEST_TIMEOUT, async {
            stream.current_epoch().await?;
            stream.batch(&request).await
        })
        .await?;
        let mut ids = HashSet::new();
        loop {
            ids.extend(page.messages.iter().map(|message| message.event.id));
            if page.pending == 0 || page.last_scanned == 0 {
                return Ok(Self(ids));
            }
            page = with_timeout(REQUEST_TIMEOUT, stream.page(subject, page.last_scanned + 1, PAGE)).await?;
        }
    }

    /// Returns true if the stream had the event.
    #[must_use]
    pub fn contains(&self, event: EventId) -> bool {
        self.0.contains(&event)
    }

    /// Returns true if the stream had no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Deliver policy that starts at `time`.
pub(super) fn deliver_from(time: Timestamp) -> Result<DeliverPolicy, PortError> {
    let start_time = from_nanos(i128::from(time.millis()) * 1_000_000).map_err(unavailable)?;
    Ok(DeliverPolicy::ByStartTime { start_time })
}

/// Time in the format of the server.
fn start_time(time: Timestamp) -> Result<Value, PortError> {
    let policy = serde_json::to_value(deliver_from(time)?).map_err(unavailable)?;
    policy.get("opt_start_time").cloned().ok_or_else(|| unavailable("unexpected form of a start time"))
}
