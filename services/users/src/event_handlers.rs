//! Reactions to events of other slices. Every reaction is idempotent.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Clock, Delivery, Event, EventPayload, PortError, ResponseEvent,
    event::{MAX_REDELIVERY_AGE, ResponseRef, VisibilityChange},
};

use crate::{
    Error, PointsEntry, policy,
    store::{HoldChange, Store},
};

/// Maintains the strength points of the authors of responses.
pub struct EventHandler {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl kith_kernel::ports::EventHandler for EventHandler {
    fn name(&self) -> &'static str {
        "users"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        match &event.payload {
            EventPayload::Response(payload) => Ok(self.handle_response_event(event, payload).await?),
            EventPayload::Post(_)
            | EventPayload::Account(_)
            | EventPayload::Circle(_)
            | EventPayload::Moderation(_)
            | EventPayload::Progress(_) => Ok(()),
        }
    }
}

impl EventHandler {
    async fn handle_response_event(&self, event: &Event, payload: &ResponseEvent) -> Result<(), Error> {
        match payload {
            ResponseEvent::Created { response, class } => {
                self.credit(event, response, policy::points_for(*class)).await
            }
            ResponseEvent::MarkedHelpful(response) => self.credit(event, response, policy::HELPFUL_POINTS).await,
            ResponseEvent::Deleted { response, .. } => self.revoke(event, response).await,
            ResponseEvent::VisibilityChanged { response, class, change } => match change {
                VisibilityChange::Released => self.credit(event, response, policy::points_for(*class)).await,
                VisibilityChange::Removed => self.hold(event, response, HoldChange::Add).await,
                VisibilityChange::Restored => self.hold(event, response, HoldChange::Remove).await,
                // A held response has earned no points yet.
                VisibilityChange::Held => Ok(()),
            },
        }
    }

    async fn credit(&self, event: &Event, response: &ResponseRef, points: u32) -> Result<(), Error> {
        if !policy::can_earn(response) {
            return Ok(());
        }
        self.ensure_deduplicable(event)?;
        let (account, response) = (response.author, response.response);
        let entry = PointsEntry { event: event.id, at: event.at, account, response, points };
        Ok(self.store.credit(&entry).await?)
    }

    async fn revoke(&self, event: &Event, response: &ResponseRef) -> Result<(), Error> {
        if !policy::can_earn(response) {
            return Ok(());
        }
        self.ensure_deduplicable(event)?;
        Ok(self.store.revoke(event.id, response.response).await?)
    }

    async fn hold(&self, event: &Event, response: &ResponseRef, change: HoldChange) -> Result<(), Error> {
        if !policy::can_earn(response) {
            return Ok(());
        }
        self.ensure_deduplicable(event)?;
        Ok(self.store.hold_points(event.id, response.response, change).await?)
    }

    /// Rejects events that are older than the ids in the inbox: a redelivery could not be detected.
    fn ensure_deduplicable(&self, event: &Event) -> Result<(), Error> {
        if event.at < self.clock.now().before(MAX_REDELIVERY_AGE) {
            return Err(Error::EventTooOld);
        }
        Ok(())
    }
}
