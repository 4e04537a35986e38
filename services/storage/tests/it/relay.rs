//! Isolation of outboxes in the relay.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{AccountEvent, EncodedEvent, Event, EventId, EventPayload, SystemClock, Timestamp};
use kith_storage::{Outbox, OutboxNotifier, Relay, StoreError, StoreResult, lease::NoopLease};
use kith_testkit::{RecordingBus, block_on, event, user};

fn new_event() -> Event {
    event(EventPayload::Account(AccountEvent::Blocked { blocked: user() }))
}

/// Outbox in memory.
struct InMemoryOutbox(std::sync::Mutex<Vec<EncodedEvent>>);

#[async_trait]
impl Outbox for InMemoryOutbox {
    async fn pending(&self) -> StoreResult<Vec<EncodedEvent>> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn mark_sent(&self, _: &[EventId], _: Timestamp) -> StoreResult<()> {
        self.0.lock().unwrap().clear();
        Ok(())
    }

    async fn retained(&self, _: Option<EventId>) -> StoreResult<Vec<EncodedEvent>> {
        Ok(Vec::new())
    }
}

/// Outbox that occupies its relay task permanently.
enum BlockingOutbox {
    /// Always has another event.
    Endless,
    /// Never returns.
    Unresponsive,
    /// Always fails.
    Unavailable,
}

#[async_trait]
impl Outbox for BlockingOutbox {
    async fn pending(&self) -> StoreResult<Vec<EncodedEvent>> {
        match self {
            Self::Endless => {
                tokio::task::yield_now().await;
                Ok(vec![new_event().encode()])
            }
            Self::Unresponsive => std::future::pending().await,
            Self::Unavailable => Err(StoreError::Unavailable("scripted failure".into())),
        }
    }

    async fn mark_sent(&self, _: &[EventId], _: Timestamp) -> StoreResult<()> {
        Ok(())
    }

    async fn retained(&self, _: Option<EventId>) -> StoreResult<Vec<EncodedEvent>> {
        Ok(Vec::new())
    }
}

#[test]
fn a_busy_unresponsive_or_unavailable_outbox_does_not_delay_others() {
    for blocking in [BlockingOutbox::Endless, BlockingOutbox::Unresponsive, BlockingOutbox::Unavailable] {
        block_on(async {
            let (event, bus, notifier) = (new_event(), Arc::new(RecordingBus::default()), OutboxNotifier::default());
            let outbox = Arc::new(InMemoryOutbox(std::sync::Mutex::default()));
            let relay = Relay::new(vec![Arc::new(blocking), outbox.clone()], bus.clone(), Arc::new(SystemClock));
            let relay_notifier = notifier.clone();
            let running = tokio::spawn(async move { relay.run(&NoopLease, relay_notifier).await });
            // Lets the relay reach the blocking outbox before the event is added.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            outbox.0.lock().unwrap().push(event.encode());
            notifier.notify();
            let sent = async {
                while !bus.events().contains(&event) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(3), sent).await.expect("event was not published");
            running.abort();
        });
    }
}
