//! What circles answer to other slices.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{
    CircleId, Failure, UserId,
    ports::{CircleBrief, CircleLookup, Member, Membership},
};

use crate::{
    policy::{Invited, knows},
    store::Store,
};

/// Answers [`Membership`] and [`CircleLookup`] from the store alone, so that whoever needs it can be built after it.
pub struct Roster {
    /// Where circles are kept.
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl Membership for Roster {
    async fn member(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, Failure> {
        let Some(seen) = self.store.look(circle, user).await? else { return Ok(None) };
        let writable = seen.circle.archived_at.is_none();
        let person = seen.person.and_then(|person| Some((person.persona, person.state.role()?)));
        Ok(person.map(|(persona, role)| Member { persona, role, writable }))
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, Failure> {
        Ok(self.store.circles_of(user).await?.into_iter().collect())
    }
}

#[async_trait]
impl CircleLookup for Roster {
    async fn brief(&self, viewer: UserId, circle: CircleId) -> Result<Option<CircleBrief>, Failure> {
        let Some(seen) = self.store.look(circle, viewer).await? else { return Ok(None) };
        let state = seen.person.map(|person| person.state);
        if !knows(&seen.circle, state, Invited::No) {
            return Ok(None);
        }
        let terms = &seen.circle.terms;
        let about = format!("{}\n\n{}", terms.about.as_str(), terms.rules.as_str());
        Ok(Some(CircleBrief { name: terms.name.as_str().to_owned(), about }))
    }
}
