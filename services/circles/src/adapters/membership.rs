//! Memberships, for other slices.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    CircleId, PortError, UserId,
    ports::{Member, Membership},
};

use crate::{policy, store::Store};

/// Implements [`Membership`]. It depends only on the store, so that all ports that need it can be built after it.
pub struct MembershipAdapter {
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl Membership for MembershipAdapter {
    async fn find(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, PortError> {
        let Some(view) = self.store.find_for(circle, user).await? else { return Ok(None) };
        if policy::ensure_not_closed(&view.circle).is_err() {
            return Ok(None);
        }
        let can_post = view.circle.archived_at.is_none();
        let member = view.membership.and_then(|membership| Some((membership.persona, membership.status.role()?)));
        Ok(member.map(|(persona, role)| Member { persona, role, can_post }))
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, PortError> {
        Ok(self.store.circles_of(user).await?.into_iter().collect())
    }
}
