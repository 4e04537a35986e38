//! What users do when something happened elsewhere: helping earns points. Every reaction is safe to repeat.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Delivery, Clock, Event, AccountEvent, EventPayload, ModerationEvent, PostEvent, ProgressEvent, ResponseEvent, PortError,
    event::{ResponseRef, VisibilityChange, MAX_REDELIVERY_AGE},
    ports::EventHandler,
};

use crate::{
    Earning, Error, policy,
    store::{Store, Withheld},
};

/// The reactions of users.
pub struct Reactions {
    /// Where points are kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl EventHandler for Reactions {
    fn name(&self) -> &'static str {
        "users"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        match &event.payload {
            EventPayload::Response(ResponseEvent::Created { response: about, class: weight }) => self.earn(event, about, policy::worth(*weight)).await?,
            EventPayload::Response(ResponseEvent::MarkedHelpful(about)) => self.earn(event, about, policy::HELPFUL).await?,
            EventPayload::Response(ResponseEvent::Deleted { response: about, .. }) => self.take_back(event, about).await?,
            EventPayload::Response(ResponseEvent::VisibilityChanged { response: about, class: weight, change: how }) => match how {
                VisibilityChange::Released => self.earn(event, about, policy::worth(*weight)).await?,
                VisibilityChange::Removed => self.withhold(event, about, Withheld::More).await?,
                VisibilityChange::Restored => self.withhold(event, about, Withheld::Less).await?,
                // It has earned nothing yet.
                VisibilityChange::Held => {}
            },
            EventPayload::Post(PostEvent::Created(_))
            | EventPayload::Post(PostEvent::Updated(_))
            | EventPayload::Post(PostEvent::SosResolved(_))
            | EventPayload::Post(PostEvent::Deleted(_))
            | EventPayload::Post(PostEvent::Restored(_))
            | EventPayload::Account(AccountEvent::Blocked { .. })
            | EventPayload::Account(AccountEvent::Unblocked { .. })
            | EventPayload::Account(AccountEvent::Suspended { .. })
            | EventPayload::Account(AccountEvent::Reinstated { .. })
            | EventPayload::Account(AccountEvent::SessionRevoked { .. })
            | EventPayload::Circle(_)
            | EventPayload::Post(PostEvent::VisibilityChanged { .. })
            | EventPayload::Moderation(ModerationEvent::CrisisDetected { .. })
            | EventPayload::Moderation(ModerationEvent::CaseChanged { .. })
            | EventPayload::Moderation(ModerationEvent::StatementIssued { .. })
            | EventPayload::Moderation(ModerationEvent::ReportResolved { .. })
            | EventPayload::Account(AccountEvent::Muted { .. })
            | EventPayload::Account(AccountEvent::Unmuted { .. })
            | EventPayload::Account(AccountEvent::RoleChanged { .. })
            | EventPayload::Progress(ProgressEvent::MilestoneReached { .. }) => {}
        }
        Ok(())
    }
}

impl Reactions {
    async fn earn(&self, event: &Event, about: &ResponseRef, worth: u32) -> Result<(), Error> {
        if !policy::earns(about) {
            return Ok(());
        }
        self.remembered(event)?;
        let (account, response) = (about.author, about.response);
        let earning = Earning { event: event.id, at: event.at, account, response, worth };
        Ok(self.store.earn(&earning).await?)
    }

    async fn take_back(&self, event: &Event, about: &ResponseRef) -> Result<(), Error> {
        if !policy::earns(about) {
            return Ok(());
        }
        self.remembered(event)?;
        Ok(self.store.take_back(event.id, about.response).await?)
    }

    async fn withhold(&self, event: &Event, about: &ResponseRef, withheld: Withheld) -> Result<(), Error> {
        if !policy::earns(about) {
            return Ok(());
        }
        self.remembered(event)?;
        Ok(self.store.withhold(event.id, about.response, withheld).await?)
    }

    /// What is older than the inbox remembers could be a repetition.
    fn remembered(&self, event: &Event) -> Result<(), Error> {
        if event.at < self.clock.now().before(MAX_REDELIVERY_AGE) {
            return Err(Error::TooOld);
        }
        Ok(())
    }
}
