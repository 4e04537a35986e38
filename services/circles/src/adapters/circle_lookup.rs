//! Summaries of circles, for other slices.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    CircleId, PortError, UserId,
    ports::{CircleLookup, CircleOwner, CircleSummary},
};

use crate::{
    policy::{self, InviteStatus},
    store::Store,
};

/// Implements [`CircleLookup`]. It depends only on the store, so that all ports that need it can be built after it.
pub struct CircleLookupAdapter {
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl CircleLookup for CircleLookupAdapter {
    async fn summary(&self, viewer: UserId, circle: CircleId) -> Result<Option<CircleSummary>, PortError> {
        let Some(view) = self.store.find_for(circle, viewer).await? else { return Ok(None) };
        let is_visible = policy::is_visible_to(&view.circle, view.status(), InviteStatus::None);
        if policy::ensure_not_closed(&view.circle).is_err() || !is_visible {
            return Ok(None);
        }
        let (owner, settings) = (self.store.find_owner(circle).await?, view.circle.settings);
        Ok(Some(CircleSummary {
            name: settings.name.as_str().to_owned(),
            about: settings.about.as_str().to_owned(),
            rules: settings.rules.as_str().to_owned(),
            category: settings.category,
            owner: owner.map(|owner| CircleOwner { user: owner.user, persona: owner.persona }),
        }))
    }
}
