//! What circles answer to other slices.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    CircleId, Clock, Entropy, EventId, PortError, UserId,
    ports::{CircleSummary, CircleLookup, CircleOwner, CircleRole, CircleModeration, Member, Membership},
};

use crate::{
    policy::{Invited, is_open, knows},
    store::{By, Door, Store},
};

/// Answers [`Membership`] and [`CircleLookup`] from the store alone, so that whoever needs it can be built after it.
pub struct Roster {
    /// Where circles are kept.
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl Membership for Roster {
    async fn find(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, PortError> {
        let Some(seen) = self.store.look(circle, user).await? else { return Ok(None) };
        if is_open(&seen.circle).is_err() {
            return Ok(None);
        }
        let writable = seen.circle.archived_at.is_none();
        let person = seen.person.and_then(|person| Some((person.persona, person.state.role()?)));
        Ok(person.map(|(persona, role)| Member { persona, role, can_post: writable }))
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, PortError> {
        Ok(self.store.circles_of(user).await?.into_iter().collect())
    }
}

#[async_trait]
impl CircleLookup for Roster {
    async fn summary(&self, viewer: UserId, circle: CircleId) -> Result<Option<CircleSummary>, PortError> {
        let Some(seen) = self.store.look(circle, viewer).await? else { return Ok(None) };
        let state = seen.person.map(|person| person.state);
        if is_open(&seen.circle).is_err() || !knows(&seen.circle, state, Invited::No) {
            return Ok(None);
        }
        let (owner, terms) = (self.store.owner(circle).await?, seen.circle.terms);
        Ok(Some(CircleSummary {
            name: terms.name.as_str().to_owned(),
            about: terms.about.as_str().to_owned(),
            rules: terms.rules.as_str().to_owned(),
            category: terms.category,
            owner: owner.map(|owner| CircleOwner { user: owner.user, persona: owner.persona }),
        }))
    }
}

/// Answers [`CircleModeration`]: closes circles and opens them again.
pub struct Doors {
    /// Where circles are kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

impl Doors {
    async fn turn(&self, circle: CircleId, door: Door, actor: UserId) -> Result<(), PortError> {
        let at = self.clock.now();
        let by = By { actor, at, event: EventId::new(at, &*self.entropy) };
        Ok(self.store.bar(circle, door, &by).await?)
    }
}

#[async_trait]
impl CircleModeration for Doors {
    async fn close(&self, circle: CircleId, by: UserId) -> Result<(), PortError> {
        self.turn(circle, Door::Closed, by).await
    }

    async fn reopen(&self, circle: CircleId, by: UserId) -> Result<(), PortError> {
        self.turn(circle, Door::Open, by).await
    }

    async fn is_keeper(&self, user: UserId, circle: CircleId) -> Result<bool, PortError> {
        let seen = self.store.look(circle, user).await?;
        let role = seen.and_then(|seen| seen.person?.state.role());
        Ok(role.is_some_and(|role| role >= CircleRole::Keeper))
    }
}
