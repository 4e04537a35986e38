//! Batched direct get: any replica of the stream responds.

use async_nats::header::NATS_SEQUENCE;
use futures_util::StreamExt as _;
use kith_kernel::PortError;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Page, REQUEST_TIMEOUT, StoredMessage, Stream, api_responses::header_number, unavailable};

/// Maximum number of messages per request.
const BATCH: usize = 512;

impl Stream {
    /// Returns at most `count` messages of a subject, starting at sequence `from`. The responding replica can lag
    /// behind the leader.
    pub(crate) async fn page(&self, subject: &str, from: u64, count: usize) -> Result<Page, PortError> {
        let mut page =
            self.batch(&json!({ "seq": from.max(1), "next_by_subj": subject, "batch": count.min(BATCH) })).await?;
        while page.pending > 0 && page.messages.len() < count {
            let (next, batch) = (page.last_scanned + 1, (count - page.messages.len()).min(BATCH));
            let more = self.batch(&json!({ "seq": next, "next_by_subj": subject, "batch": batch })).await?;
            if more.last_scanned == 0 {
                break;
            }
            page.messages.extend(more.messages);
            (page.last_scanned, page.pending) = (more.last_scanned, more.pending);
        }
        Ok(page)
    }

    /// Sends one direct get request and collects its messages.
    pub(crate) async fn batch(&self, request: &Value) -> Result<Page, PortError> {
        let inbox = self.connection.client().new_inbox();
        let mut responses = self.connection.subscribe(inbox.clone()).await?;
        let subject = format!("$JS.API.DIRECT.GET.{}", self.name());
        self.connection.publish(subject, Some(inbox), request.to_string().into()).await?;
        let (mut messages, mut last_scanned) = (Vec::new(), 0);
        loop {
            let response = timeout(REQUEST_TIMEOUT, responses.next()).await.map_err(unavailable)?;
            let response = response.ok_or_else(|| unavailable("NATS connection closed"))?;
            let pending = header_number(&response, "Nats-Num-Pending");
            // A response with a status ends the batch: 204 after the last message, 404 if there is none.
            match response.status.map(|status| status.as_u16()) {
                None => {
                    last_scanned = header_number(&response, NATS_SEQUENCE.as_ref()).unwrap_or(last_scanned);
                    match StoredMessage::parse(&response) {
                        Ok(one) => messages.push(one),
                        Err(foreign) => tracing::error!(error = %foreign, "foreign message in stream, ignoring"),
                    }
                }
                Some(204 | 404) => return Ok(Page { messages, last_scanned, pending: pending.unwrap_or(0) }),
                Some(503) => return Err(self.missing()),
                Some(status) => return Err(unavailable(format!("direct get failed with status {status}"))),
            }
        }
    }
}
