//! Reactions to events of other slices. Every reaction is idempotent.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Clock, Delivery, Event, EventPayload, PortError, ResponseEvent,
    event::{MAX_REDELIVERY_AGE, ResponseClass, ResponseRef, VisibilityChange},
};

use crate::{
    Error,
    store::{Counter, Delta, Store},
};

/// Updates the response counters of posts.
pub struct EventHandler {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl kith_kernel::ports::EventHandler for EventHandler {
    fn name(&self) -> &'static str {
        "posts"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        match &event.payload {
            EventPayload::Response(ResponseEvent::Created { response, class }) => {
                self.count(event, response, *class, Delta::Increment).await
            }
            EventPayload::Response(ResponseEvent::Deleted { response, class }) => {
                self.count(event, response, *class, Delta::Decrement).await
            }
            EventPayload::Response(ResponseEvent::VisibilityChanged { response, class, change }) => match change {
                VisibilityChange::Released | VisibilityChange::Restored => {
                    self.count(event, response, *class, Delta::Increment).await
                }
                VisibilityChange::Removed => self.count(event, response, *class, Delta::Decrement).await,
                // A held response was not counted yet.
                VisibilityChange::Held => Ok(()),
            },
            EventPayload::Response(ResponseEvent::MarkedHelpful(_))
            | EventPayload::Post(_)
            | EventPayload::Account(_)
            | EventPayload::Circle(_)
            | EventPayload::Moderation(_)
            | EventPayload::Progress(_) => Ok(()),
        }
    }
}

impl EventHandler {
    async fn count(
        &self,
        event: &Event,
        response: &ResponseRef,
        class: ResponseClass,
        delta: Delta,
    ) -> Result<(), PortError> {
        if event.at < self.clock.now().before(MAX_REDELIVERY_AGE) {
            return Err(Error::EventTooOld.into());
        }
        let counter = match class {
            ResponseClass::Quick => Counter::Supports,
            ResponseClass::Text | ResponseClass::LongText => Counter::Responses,
        };
        self.store.count(response.post, event.id, counter, delta).await?;
        Ok(())
    }
}
