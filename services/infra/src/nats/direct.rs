//! Messages of a stream, many at a time: any server that has a copy answers.

use async_nats::header::NATS_SEQUENCE;
use futures_util::StreamExt as _;
use kith_kernel::PortError;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{ANSWER, Page, Stored, Stream, answers::number_of, unavailable};

/// How many messages are asked for at once.
const BATCH: usize = 512;

impl Stream {
    /// Some of what a subject has from this sequence on, at most `count`. Any copy answers, and may lag.
    pub(crate) async fn page(&self, subject: &str, from: u64, count: usize) -> Result<Page, PortError> {
        let mut page =
            self.batch(&json!({ "seq": from.max(1), "next_by_subj": subject, "batch": count.min(BATCH) })).await?;
        while page.pending > 0 && page.stored.len() < count {
            let (next, most) = (page.reached + 1, (count - page.stored.len()).min(BATCH));
            let more = self.batch(&json!({ "seq": next, "next_by_subj": subject, "batch": most })).await?;
            if more.reached == 0 {
                break;
            }
            page.stored.extend(more.stored);
            (page.reached, page.pending) = (more.reached, more.pending);
        }
        Ok(page)
    }

    /// Some of what the stream holds, as a direct get answers it.
    pub(crate) async fn batch(&self, question: &Value) -> Result<Page, PortError> {
        let inbox = self.connection.client().new_inbox();
        let mut answers = self.connection.hear(inbox.clone()).await?;
        let subject = format!("$JS.API.DIRECT.GET.{}", self.name());
        self.connection.say(subject, Some(inbox), question.to_string().into()).await?;
        let (mut stored, mut reached) = (Vec::new(), 0);
        loop {
            let answer = timeout(ANSWER, answers.next()).await.map_err(unavailable)?;
            let answer = answer.ok_or_else(|| unavailable("the connection ended"))?;
            let pending = number_of(&answer, "Nats-Num-Pending");
            // An answer with a status ends the batch: 204 after the last, 404 where there is none.
            match answer.status.map(|status| status.as_u16()) {
                None => {
                    reached = number_of(&answer, NATS_SEQUENCE.as_ref()).unwrap_or(reached);
                    match Stored::of(&answer) {
                        Ok(one) => stored.push(one),
                        Err(foreign) => tracing::error!(error = %foreign, "a message that is not ours"),
                    }
                }
                Some(204 | 404) => return Ok(Page { stored, reached, pending: pending.unwrap_or(0) }),
                Some(503) => return Err(self.gone()),
                Some(status) => return Err(unavailable(format!("a direct get was answered with {status}"))),
            }
        }
    }
}
