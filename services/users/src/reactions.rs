//! What users do when something happened elsewhere: helping earns points. Every reaction is safe to repeat.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Clock, Event, Fact, Failure,
    event::{AboutResponse, Moderation, REDELIVERY},
    ports::Reaction,
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
impl Reaction for Reactions {
    fn name(&self) -> &'static str {
        "users"
    }

    async fn on(&self, event: &Event) -> Result<(), Failure> {
        match &event.fact {
            Fact::ResponseGiven { about, weight } => self.earn(event, about, policy::worth(*weight)).await?,
            Fact::ResponseMarkedHelpful(about) => self.earn(event, about, policy::HELPFUL).await?,
            Fact::ResponseDeleted { about, .. } => self.take_back(event, about).await?,
            Fact::ResponseModerated { about, weight, how } => match how {
                Moderation::Released => self.earn(event, about, policy::worth(*weight)).await?,
                Moderation::Removed => self.withhold(event, about, Withheld::More).await?,
                Moderation::Reinstated => self.withhold(event, about, Withheld::Less).await?,
                // It has earned nothing yet.
                Moderation::Held => {}
            },
            Fact::PostCreated(_)
            | Fact::PostUpdated(_)
            | Fact::SosResolved(_)
            | Fact::PostDeleted(_)
            | Fact::PostRestored(_)
            | Fact::UserBlocked { .. }
            | Fact::UserUnblocked { .. }
            | Fact::UserSuspended { .. }
            | Fact::UserReinstated { .. }
            | Fact::SessionRevoked { .. }
            | Fact::CircleChanged(_)
            | Fact::PostModerated { .. }
            | Fact::CrisisSeen { .. }
            | Fact::CaseChanged { .. }
            | Fact::StatementIssued { .. }
            | Fact::ReportClosed { .. }
            | Fact::UserMuted { .. }
            | Fact::UserUnmuted { .. }
            | Fact::RoleChanged { .. }
            | Fact::MilestoneReached { .. } => {}
        }
        Ok(())
    }
}

impl Reactions {
    async fn earn(&self, event: &Event, about: &AboutResponse, worth: u32) -> Result<(), Error> {
        if !policy::earns(about) {
            return Ok(());
        }
        self.remembered(event)?;
        let (account, response) = (about.author, about.response);
        let earning = Earning { event: event.id, at: event.at, account, response, worth };
        Ok(self.store.earn(&earning).await?)
    }

    async fn take_back(&self, event: &Event, about: &AboutResponse) -> Result<(), Error> {
        if !policy::earns(about) {
            return Ok(());
        }
        self.remembered(event)?;
        Ok(self.store.take_back(event.id, about.response).await?)
    }

    async fn withhold(&self, event: &Event, about: &AboutResponse, withheld: Withheld) -> Result<(), Error> {
        if !policy::earns(about) {
            return Ok(());
        }
        self.remembered(event)?;
        Ok(self.store.withhold(event.id, about.response, withheld).await?)
    }

    /// What is older than the inbox remembers could be a repetition.
    fn remembered(&self, event: &Event) -> Result<(), Error> {
        if event.at < self.clock.now().before(REDELIVERY) {
            return Err(Error::TooOld);
        }
        Ok(())
    }
}
