//! After the way between the nodes was lost, nobody here has heard who was blocked meanwhile; and when it is back, what
//! waited comes from several outboxes, and a post may come before the block that hides it. Until all of that has been
//! told, connections do not rely on what they knew.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_infra::bus;
use kith_kernel::{Clock, EventId, Failure, Timestamp};
use kith_storage::Outbox;
use tokio::sync::watch;

/// How long between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// How often they look again when all has been told: what is told to one node is a moment later heard by another.
const LAST_LOOKS: u32 = 4;
/// By how much the clocks of two nodes may differ.
const SKEW: Duration = Duration::from_secs(5);

/// What lies between who changes rights and who listens.
#[async_trait]
pub(super) trait Way: Send + Sync {
    /// Whether an event from before this moment waits still to be published.
    async fn waits(&self, moment: Timestamp) -> Result<bool, Failure>;
    /// The number of the newest event that was published.
    async fn newest(&self) -> Result<u64, Failure>;
    /// Whether all up to this number have been told.
    async fn has_told(&self, number: u64) -> Result<bool, Failure>;
}

/// The way of a cluster.
pub(super) struct Events {
    /// Where events wait.
    pub(super) outboxes: Vec<Arc<dyn Outbox>>,
    /// What carries them.
    pub(super) bus: Arc<bus::Nats>,
}

#[async_trait]
impl Way for Events {
    async fn waits(&self, moment: Timestamp) -> Result<bool, Failure> {
        let behind = EventId::earliest(moment);
        for outbox in &self.outboxes {
            if outbox.pending().await?.iter().any(|parcel| parcel.id < behind) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn newest(&self) -> Result<u64, Failure> {
        self.bus.newest().await
    }

    async fn has_told(&self, number: u64) -> Result<bool, Failure> {
        self.bus.has_digested(kith_realtime::Announcer::NAME, number).await
    }
}

/// How far what waited has come.
struct Settling {
    since: Timestamp,
    /// The newest event when nothing from before waited any more.
    newest: Option<u64>,
}

impl Settling {
    const fn since(moment: Timestamp) -> Self {
        Self { since: moment, newest: None }
    }

    /// Whether all from before has been told.
    async fn is_done(&mut self, way: &dyn Way) -> Result<bool, Failure> {
        let newest = match self.newest {
            Some(newest) => newest,
            None if way.waits(self.since).await? => return Ok(false),
            None => *self.newest.insert(way.newest().await?),
        };
        way.has_told(newest).await
    }
}

/// Whenever the way is shaken, calls `look` again and again until all that waited has been told.
pub(super) async fn distrust(
    way: impl Way,
    mut shaken: watch::Receiver<u64>,
    clock: Arc<dyn Clock>,
    look: impl Fn() + Send,
) {
    while shaken.changed().await.is_ok() {
        let mut settling = Settling::since(clock.now().after(SKEW));
        let mut left = LAST_LOOKS;
        while left > 0 && !shaken.has_changed().unwrap_or(true) {
            look();
            let (done, ()) = tokio::join!(settling.is_done(&way), tokio::time::sleep(BETWEEN_LOOKS));
            match done {
                Ok(true) => left -= 1,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "it is not known yet what has been told"),
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

    use kith_kernel::{Fault, SystemClock};

    use super::*;

    /// What is answered, one state after the other; the last stays.
    #[derive(Clone, Copy)]
    enum State {
        Away,
        Waiting,
        Published,
        Told,
    }

    struct Road {
        states: Mutex<Vec<State>>,
        asked_newest: AtomicUsize,
    }

    impl Road {
        fn of(states: &[State]) -> Self {
            let states = states.iter().rev().copied().collect();
            Self { states: Mutex::new(states), asked_newest: AtomicUsize::new(0) }
        }

        /// One state for each look.
        fn now(&self, passes: bool) -> Result<State, Failure> {
            let mut states = self.states.lock().unwrap();
            let state = *states.last().unwrap();
            if passes && states.len() > 1 {
                states.pop();
            }
            if matches!(state, State::Away) { Err(Failure::new(Fault::Unavailable, "away")) } else { Ok(state) }
        }
    }

    #[async_trait]
    impl Way for Road {
        async fn waits(&self, _: Timestamp) -> Result<bool, Failure> {
            let state = self.now(false);
            if matches!(state, Ok(State::Waiting) | Err(_)) {
                self.now(true).ok();
            }
            state.map(|state| matches!(state, State::Waiting))
        }

        async fn newest(&self) -> Result<u64, Failure> {
            self.asked_newest.fetch_add(1, Ordering::SeqCst);
            Ok(7)
        }

        async fn has_told(&self, number: u64) -> Result<bool, Failure> {
            assert_eq!(number, 7);
            self.now(true).map(|state| matches!(state, State::Told))
        }
    }

    async fn looks(states: &[State]) -> Vec<Option<bool>> {
        let (road, mut settling) = (Road::of(states), Settling::since(SystemClock.now()));
        let mut answers = Vec::new();
        for _ in states {
            answers.push(settling.is_done(&road).await.ok());
        }
        assert!(road.asked_newest.load(Ordering::SeqCst) <= 1, "what came later is not waited for");
        answers
    }

    #[tokio::test]
    async fn nothing_is_settled_before_the_last_that_waited_has_been_told() {
        use State::{Away, Published, Told, Waiting};
        assert_eq!(looks(&[Told]).await, [Some(true)]);
        assert_eq!(
            looks(&[Waiting, Waiting, Published, Told]).await,
            [Some(false), Some(false), Some(false), Some(true)]
        );
        assert_eq!(
            looks(&[Away, Waiting, Away, Published, Away, Told]).await,
            [None, Some(false), None, Some(false), None, Some(true)]
        );
    }

    #[tokio::test]
    async fn connections_look_again_until_all_has_been_told_and_once_more_for_each_loss() {
        let (shake, shaken) = watch::channel(0);
        let (count, looked) = watch::channel(0);
        let road = Road::of(&[State::Waiting, State::Published, State::Told]);
        tokio::spawn(distrust(road, shaken, Arc::new(SystemClock), move || count.send_modify(|count| *count += 1)));
        tokio::task::yield_now().await;
        assert_eq!(*looked.borrow(), 0, "nothing has happened yet");
        let mut seen = looked.clone();
        shake.send(1).unwrap();
        let all = 2 + usize::try_from(LAST_LOOKS).unwrap();
        seen.wait_for(|count| *count == all).await.unwrap();
        shake.send(2).unwrap();
        seen.wait_for(|count| *count > all).await.unwrap();
    }
}
