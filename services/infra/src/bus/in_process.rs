//! Event bus of a single process. Publishing returns when every handler has handled the event.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Delivery, EncodedEvent, PortError,
    ports::{DeadLetterStore, EventBus, EventHandler},
};

use super::DECODE_CONSUMER;

/// Passes each event to all handlers, one after the other.
///
/// The bus stores nothing: an unhandled event stays in the outbox, which is as durable as the state. If one handler
/// requests redelivery, all handlers receive the event again and deduplicate it by id. An event that a handler rejects
/// permanently is moved to the dead letters, so that it does not block later events.
pub struct InProcess {
    handlers: Vec<Arc<dyn EventHandler>>,
    dead_letters: Arc<dyn DeadLetterStore>,
}

impl InProcess {
    /// Creates a bus that calls the handlers in this order.
    #[must_use]
    pub fn new(handlers: Vec<Arc<dyn EventHandler>>, dead_letters: Arc<dyn DeadLetterStore>) -> Self {
        Self { handlers, dead_letters }
    }

    async fn dead_letter(&self, event: &EncodedEvent, consumer: &'static str, reason: String) -> Result<(), PortError> {
        tracing::error!(event = %event.id, consumer, reason, "event moved to dead letters");
        self.dead_letters.add(event, consumer, &reason).await
    }
}

#[async_trait]
impl EventBus for InProcess {
    async fn publish(&self, event: &EncodedEvent) -> Result<(), PortError> {
        let delivery = match Delivery::decode(event.clone()) {
            Ok(delivery) => delivery,
            Err(error) => return self.dead_letter(event, DECODE_CONSUMER, error.to_string()).await,
        };
        for handler in &self.handlers {
            let Err(error) = handler.handle(&delivery).await else { continue };
            if error.kind().is_retryable() {
                tracing::warn!(event = %event.id, consumer = handler.name(), %error, "event handler failed, retrying");
                return Err(error);
            }
            self.dead_letter(event, handler.name(), error.to_string()).await?;
        }
        Ok(())
    }
}
