//! One outbox keeps no other waiting.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{Event, EventId, Fact, Parcel, SystemClock, Timestamp};
use kith_storage::{Outbox, Relay, StoreError, StoreResult, lease::Alone, sql::Wake};
use kith_testkit::{KeepingBus, block_on, happened, user};

fn something() -> Event {
    happened(Fact::UserBlocked { blocked: user() })
}

/// One event, and nothing after it.
struct Once(std::sync::Mutex<Vec<Parcel>>);

#[async_trait]
impl Outbox for Once {
    async fn pending(&self) -> StoreResult<Vec<Parcel>> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn sent(&self, _: &[EventId], _: Timestamp) -> StoreResult<()> {
        self.0.lock().unwrap().clear();
        Ok(())
    }

    async fn kept(&self, _: Option<EventId>) -> StoreResult<Vec<Parcel>> {
        Ok(Vec::new())
    }
}

/// How an outbox can take up all the time there is.
enum Greedy {
    /// It has always something more.
    Endless,
    /// Its server says nothing.
    Silent,
    /// Its server is away.
    Away,
}

#[async_trait]
impl Outbox for Greedy {
    async fn pending(&self) -> StoreResult<Vec<Parcel>> {
        match self {
            Self::Endless => {
                tokio::task::yield_now().await;
                Ok(vec![something().parcel()])
            }
            Self::Silent => std::future::pending().await,
            Self::Away => Err(StoreError::Unavailable("it is away".into())),
        }
    }

    async fn sent(&self, _: &[EventId], _: Timestamp) -> StoreResult<()> {
        Ok(())
    }

    async fn kept(&self, _: Option<EventId>) -> StoreResult<Vec<Parcel>> {
        Ok(Vec::new())
    }
}

#[test]
fn an_outbox_that_is_endless_silent_or_away_keeps_no_other_waiting() {
    for greedy in [Greedy::Endless, Greedy::Silent, Greedy::Away] {
        block_on(async {
            let (event, bus, wake) = (something(), Arc::new(KeepingBus::default()), Wake::default());
            let once = Arc::new(Once(std::sync::Mutex::default()));
            let relay = Relay::new(vec![Arc::new(greedy), once.clone()], bus.clone(), Arc::new(SystemClock));
            let bell = wake.clone();
            let running = tokio::spawn(async move { relay.run(&Alone, bell).await });
            // It is at work when this comes.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            once.0.lock().unwrap().push(event.parcel());
            wake.ring();
            let sent = async {
                while !bus.events().contains(&event) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(3), sent).await.expect("it is sent");
            running.abort();
        });
    }
}
