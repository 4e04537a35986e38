//! Revalidates permissions after a broker reconnect.
//!
//! While the broker is unreachable, a node receives no block events. The backlog then arrives from several outboxes in
//! no common order, so a post can precede the block that hides it. Connections therefore revalidate repeatedly until
//! the backlog has been delivered.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_infra::bus;
use kith_kernel::{Clock, EventId, PortError, Timestamp};
use kith_storage::Outbox;
use tokio::sync::watch;

/// Interval between revalidations.
const REVALIDATE_INTERVAL: Duration = Duration::from_millis(500);
/// Number of revalidations after the backlog is delivered: an event that one node has published reaches other nodes a
/// moment later.
const FINAL_CHECKS: u32 = 4;
/// Maximum difference between the clocks of two nodes.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5);

/// Delivery of events from the outboxes to the connections.
#[async_trait]
pub(super) trait EventPipeline: Send + Sync {
    /// Returns true if an outbox contains an unpublished event from before `time`.
    async fn has_pending_before(&self, time: Timestamp) -> Result<bool, PortError>;
    /// Sequence number of the newest published event.
    async fn newest_sequence(&self) -> Result<u64, PortError>;
    /// Returns true if all events up to this sequence number have been delivered to connections.
    async fn is_delivered(&self, sequence: u64) -> Result<bool, PortError>;
}

/// Pipeline of a cluster: outboxes, broker and realtime handler.
pub(super) struct ClusterPipeline {
    pub(super) outboxes: Vec<Arc<dyn Outbox>>,
    pub(super) bus: Arc<bus::JetStream>,
}

#[async_trait]
impl EventPipeline for ClusterPipeline {
    async fn has_pending_before(&self, time: Timestamp) -> Result<bool, PortError> {
        let first_id = EventId::earliest(time);
        for outbox in &self.outboxes {
            if outbox.pending().await?.iter().any(|event| event.id < first_id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn newest_sequence(&self) -> Result<u64, PortError> {
        self.bus.last_sequence().await
    }

    async fn is_delivered(&self, sequence: u64) -> Result<bool, PortError> {
        self.bus.is_acked_up_to(kith_realtime::ChannelPublisher::NAME, sequence).await
    }
}

/// Progress of delivering the backlog.
struct CatchUp {
    since: Timestamp,
    /// Newest event at the time when no earlier event was pending any more.
    newest: Option<u64>,
}

impl CatchUp {
    const fn since(time: Timestamp) -> Self {
        Self { since: time, newest: None }
    }

    /// Returns true if all earlier events have been delivered.
    async fn is_complete(&mut self, pipeline: &dyn EventPipeline) -> Result<bool, PortError> {
        let newest = match self.newest {
            Some(newest) => newest,
            None if pipeline.has_pending_before(self.since).await? => return Ok(false),
            None => *self.newest.insert(pipeline.newest_sequence().await?),
        };
        pipeline.is_delivered(newest).await
    }
}

/// After each broker reconnect, calls `revalidate` every [`REVALIDATE_INTERVAL`] until all earlier events are
/// delivered.
pub(super) async fn revalidate_after_reconnect(
    pipeline: impl EventPipeline,
    mut reconnects: watch::Receiver<u64>,
    clock: Arc<dyn Clock>,
    revalidate: impl Fn() + Send,
) {
    while reconnects.changed().await.is_ok() {
        let mut catch_up = CatchUp::since(clock.now().after(MAX_CLOCK_SKEW));
        let mut remaining = FINAL_CHECKS;
        while remaining > 0 && !reconnects.has_changed().unwrap_or(true) {
            revalidate();
            let (done, ()) = tokio::join!(catch_up.is_complete(&pipeline), tokio::time::sleep(REVALIDATE_INTERVAL));
            match done {
                Ok(true) => remaining -= 1,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "failed to check event delivery, retrying"),
            }
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use kith_kernel::{ErrorKind, SystemClock};

    use super::*;

    /// Scripted states of the pipeline. The last one stays.
    #[derive(Clone, Copy)]
    enum State {
        Unavailable,
        Pending,
        Published,
        Delivered,
    }

    struct StubPipeline {
        states: Mutex<Vec<State>>,
        newest_calls: AtomicUsize,
    }

    impl StubPipeline {
        fn new(states: &[State]) -> Self {
            let states = states.iter().rev().copied().collect();
            Self { states: Mutex::new(states), newest_calls: AtomicUsize::new(0) }
        }

        /// Returns the current state, and advances if `advance` is set.
        fn state(&self, advance: bool) -> Result<State, PortError> {
            let mut states = self.states.lock().unwrap();
            let state = *states.last().unwrap();
            if advance && states.len() > 1 {
                states.pop();
            }
            if matches!(state, State::Unavailable) {
                Err(PortError::new(ErrorKind::Unavailable, "unavailable"))
            } else {
                Ok(state)
            }
        }
    }

    #[async_trait]
    impl EventPipeline for StubPipeline {
        async fn has_pending_before(&self, _: Timestamp) -> Result<bool, PortError> {
            let state = self.state(false);
            if matches!(state, Ok(State::Pending) | Err(_)) {
                self.state(true).ok();
            }
            state.map(|state| matches!(state, State::Pending))
        }

        async fn newest_sequence(&self) -> Result<u64, PortError> {
            self.newest_calls.fetch_add(1, Ordering::SeqCst);
            Ok(7)
        }

        async fn is_delivered(&self, sequence: u64) -> Result<bool, PortError> {
            assert_eq!(sequence, 7);
            self.state(true).map(|state| matches!(state, State::Delivered))
        }
    }

    async fn completions(states: &[State]) -> Vec<Option<bool>> {
        let (pipeline, mut catch_up) = (StubPipeline::new(states), CatchUp::since(SystemClock.now()));
        let mut answers = Vec::new();
        for _ in states {
            answers.push(catch_up.is_complete(&pipeline).await.ok());
        }
        assert!(pipeline.newest_calls.load(Ordering::SeqCst) <= 1, "later events are not waited for");
        answers
    }

    #[tokio::test]
    async fn revalidation_continues_until_the_backlog_is_delivered() {
        use State::{Delivered, Pending, Published, Unavailable};
        assert_eq!(completions(&[Delivered]).await, [Some(true)]);
        assert_eq!(
            completions(&[Pending, Pending, Published, Delivered]).await,
            [Some(false), Some(false), Some(false), Some(true)]
        );
        assert_eq!(
            completions(&[Unavailable, Pending, Unavailable, Published, Unavailable, Delivered]).await,
            [None, Some(false), None, Some(false), None, Some(true)]
        );
    }

    #[tokio::test]
    async fn every_reconnect_starts_a_new_series_of_revalidations() {
        let (reconnect, reconnects) = watch::channel(0);
        let (count, revalidated) = watch::channel(0);
        let pipeline = StubPipeline::new(&[State::Pending, State::Published, State::Delivered]);
        tokio::spawn(revalidate_after_reconnect(pipeline, reconnects, Arc::new(SystemClock), move || {
            count.send_modify(|count| *count += 1);
        }));
        tokio::task::yield_now().await;
        assert_eq!(*revalidated.borrow(), 0, "no reconnect yet");
        let mut seen = revalidated.clone();
        reconnect.send(1).unwrap();
        let all = 2 + usize::try_from(FINAL_CHECKS).unwrap();
        seen.wait_for(|count| *count == all).await.unwrap();
        reconnect.send(2).unwrap();
        seen.wait_for(|count| *count > all).await.unwrap();
    }
}
