//! Contract of durable timers.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{
    Clock as _, ErrorKind, PortError, SystemClock, Timestamp,
    ports::{Timer, TimerHandler, TimerKey, Timers},
};
use kith_storage::{
    TimerStore, TimerWorker,
    sql::{Database, Engine, SqlTimers},
};
use kith_testkit::ManualClock;

struct Harness {
    timers: Arc<dyn Timers>,
    store: Arc<dyn TimerStore>,
    clock: Arc<ManualClock>,
    handler: Arc<RecordingHandler>,
    _database: Box<dyn Any + Send + Sync>,
}

async fn sqlite() -> Harness {
    let file = kith_testkit::sqlite_database().await;
    harness((*file).clone(), Box::new(file))
}

async fn postgres() -> Harness {
    let server = kith_testkit::postgres_database().await;
    harness((*server).clone(), Box::new(server))
}

fn harness<D: Engine>(database: Database<D>, keep: Box<dyn Any + Send + Sync>) -> Harness
where
    SqlTimers<D>: Timers + TimerStore + 'static,
{
    let (timers, store) = SqlTimers::shared(database);
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness { timers, store, clock, handler: Arc::default(), _database: keep }
}

/// Records fired keys with their payload, and fails a number of times first.
#[derive(Default)]
struct RecordingHandler {
    fired: Mutex<Vec<(String, Vec<u8>)>>,
    failures: Mutex<BTreeMap<String, usize>>,
}

#[async_trait]
impl TimerHandler for RecordingHandler {
    fn name(&self) -> &'static str {
        "recording"
    }

    async fn fire(&self, timer: &Timer) -> Result<(), PortError> {
        if let Some(left) = self.failures.lock().unwrap().get_mut(&timer.key.key)
            && *left > 0
        {
            *left -= 1;
            return Err(PortError::new(ErrorKind::Internal, "failed on purpose"));
        }
        self.fired.lock().unwrap().push((timer.key.key.clone(), timer.payload.clone()));
        Ok(())
    }
}

impl Harness {
    fn worker(&self) -> TimerWorker {
        TimerWorker::new(self.store.clone(), vec![self.handler.clone()], self.clock.clone())
    }

    async fn schedule(&self, key: &str, due_at: Timestamp) {
        self.timers.schedule(&timer(key, due_at)).await.unwrap();
    }

    /// Fires until no timer is due and returns the fired keys.
    async fn fired(&self) -> Vec<String> {
        while self.worker().fire_due().await.unwrap() > 0 {}
        std::mem::take(&mut *self.handler.fired.lock().unwrap()).into_iter().map(|(key, _)| key).collect()
    }
}

fn key(key: &str) -> TimerKey {
    TimerKey { handler: "recording".to_owned(), key: key.to_owned() }
}

fn timer(name: &str, due_at: Timestamp) -> Timer {
    Timer { key: key(name), due_at, payload: name.as_bytes().to_vec() }
}

const SECOND: Duration = Duration::from_secs(1);

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_timer_fires_once_when_it_is_due_and_not_before(harness: &Harness) {
        harness.schedule("a", harness.clock.now().after(SECOND)).await;
        harness.clock.advance(Duration::from_millis(999));
        assert_eq!(harness.fired().await, Vec::<String>::new());
        harness.clock.advance(Duration::from_millis(1));
        assert_eq!(harness.fired().await, ["a"]);
        harness.clock.advance(Duration::from_hours(1));
        assert_eq!(harness.fired().await, Vec::<String>::new());
    }

    async fn due_timers_fire_in_order_of_their_due_time_with_their_payload(harness: &Harness) {
        let now = harness.clock.now();
        for (name, seconds) in [("c", 3), ("a", 1), ("b", 2)] {
            harness.schedule(name, now.after(SECOND * seconds)).await;
        }
        harness.clock.advance(SECOND * 3);
        assert_eq!(harness.worker().fire_due().await.unwrap(), 3);
        let fired = harness.handler.fired.lock().unwrap().clone();
        assert_eq!(fired, ["a", "b", "c"].map(|name| (name.to_owned(), name.as_bytes().to_vec())));
    }

    async fn a_cancelled_timer_does_not_fire(harness: &Harness) {
        harness.schedule("a", harness.clock.now()).await;
        for _ in 0..2 {
            harness.timers.cancel(&key("a")).await.unwrap();
        }
        assert_eq!(harness.fired().await, Vec::<String>::new());
    }

    async fn scheduling_a_key_again_moves_its_timer(harness: &Harness) {
        harness.schedule("a", harness.clock.now()).await;
        harness.schedule("a", harness.clock.now().after(SECOND)).await;
        assert_eq!(harness.fired().await, Vec::<String>::new());
        harness.clock.advance(SECOND);
        assert_eq!(harness.fired().await, ["a"]);
    }

    async fn a_failed_timer_is_retried_with_a_growing_backoff(harness: &Harness) {
        harness.handler.failures.lock().unwrap().insert("a".to_owned(), 2);
        harness.schedule("a", harness.clock.now()).await;
        assert_eq!(harness.fired().await, Vec::<String>::new(), "first failure");
        harness.clock.advance(SECOND);
        assert_eq!(harness.fired().await, Vec::<String>::new(), "second failure");
        harness.clock.advance(SECOND);
        assert_eq!(harness.fired().await, Vec::<String>::new(), "the backoff has doubled");
        harness.clock.advance(SECOND);
        assert_eq!(harness.fired().await, ["a"]);
    }

    async fn each_of_many_timers_is_leased_by_one_of_several_nodes(harness: &Harness) {
        let now = harness.clock.now();
        for number in 0..100 {
            harness.schedule(&number.to_string(), now).await;
        }
        let workers = (0..4).map(|_| {
            let worker = harness.worker();
            async move { while worker.fire_due().await.unwrap() > 0 {} }
        });
        kith_testkit::run_concurrently(workers).await;
        let mut fired: Vec<String> = harness.handler.fired.lock().unwrap().iter().map(|(key, _)| key.clone()).collect();
        fired.sort_by_key(|key| key.parse::<u32>().unwrap());
        assert_eq!(fired, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    async fn the_timer_of_a_crashed_node_fires_on_another_after_the_lease(harness: &Harness) {
        let now = harness.clock.now();
        harness.schedule("a", now).await;
        let leased = harness.store.lease_due(now, now.after(SECOND * 60), 10).await.unwrap();
        assert_eq!(leased.len(), 1, "and then the node crashes");
        assert_eq!(harness.fired().await, Vec::<String>::new());
        harness.clock.advance(SECOND * 60);
        assert_eq!(harness.fired().await, ["a"]);
    }

    async fn a_timer_that_is_scheduled_while_it_fires_is_kept(harness: &Harness) {
        let now = harness.clock.now();
        harness.schedule("a", now).await;
        let leased = harness.store.lease_due(now, now.after(SECOND * 60), 10).await.unwrap();
        harness.schedule("a", now.after(SECOND)).await;
        harness.store.complete(&leased[0]).await.unwrap();
        harness.store.retry(&leased[0], now).await.unwrap();
        assert_eq!(harness.fired().await, Vec::<String>::new());
        harness.clock.advance(SECOND);
        assert_eq!(harness.fired().await, ["a"]);
    }

    async fn a_timer_does_not_start_when_its_lease_could_end_while_it_fires(harness: &Harness) {
        struct SlowHandler(Arc<ManualClock>, Mutex<usize>);

        #[async_trait]
        impl TimerHandler for SlowHandler {
            fn name(&self) -> &'static str {
                "recording"
            }

            async fn fire(&self, _: &Timer) -> Result<(), PortError> {
                *self.1.lock().unwrap() += 1;
                self.0.advance(SECOND * 20);
                Ok(())
            }
        }

        for name in ["a", "b", "c", "d"] {
            harness.schedule(name, harness.clock.now()).await;
        }
        let handler = Arc::new(SlowHandler(harness.clock.clone(), Mutex::default()));
        let worker = TimerWorker::new(harness.store.clone(), vec![handler.clone()], harness.clock.clone());
        worker.fire_due().await.unwrap();
        assert_eq!(*handler.1.lock().unwrap(), 2, "the third would start after 40 of 60 seconds");
        harness.clock.advance(SECOND * 20);
        assert_eq!(harness.fired().await.len(), 2, "the rest fires after the lease");
    }

    async fn a_timer_of_an_unknown_handler_is_kept_for_a_newer_node(harness: &Harness) {
        harness.schedule("a", harness.clock.now()).await;
        let old = TimerWorker::new(harness.store.clone(), Vec::new(), harness.clock.clone());
        assert_eq!(old.fire_due().await.unwrap(), 1);
        harness.clock.advance(SECOND);
        assert_eq!(harness.fired().await, ["a"]);
    }
}
