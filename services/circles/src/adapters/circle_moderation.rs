//! Actions of staff on circles.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    CircleId, Clock, Entropy, EventId, PortError, UserId,
    ports::{CircleModeration, CircleRole},
};

use crate::{
    domain::ActorStamp,
    store::{Closure, Store},
};

/// Implements [`CircleModeration`].
pub struct CircleModerationAdapter {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl CircleModerationAdapter {
    async fn set_closed(&self, circle: CircleId, closure: Closure, actor: UserId) -> Result<(), PortError> {
        let at = self.clock.now();
        let stamp = ActorStamp { actor, at, event: EventId::new(at, &*self.entropy) };
        Ok(self.store.set_closed(circle, closure, &stamp).await?)
    }
}

#[async_trait]
impl CircleModeration for CircleModerationAdapter {
    async fn close(&self, circle: CircleId, by: UserId) -> Result<(), PortError> {
        self.set_closed(circle, Closure::Closed, by).await
    }

    async fn reopen(&self, circle: CircleId, by: UserId) -> Result<(), PortError> {
        self.set_closed(circle, Closure::Open, by).await
    }

    async fn is_keeper(&self, user: UserId, circle: CircleId) -> Result<bool, PortError> {
        let view = self.store.find_for(circle, user).await?;
        Ok(view.and_then(|view| view.role()).is_some_and(|role| role >= CircleRole::Keeper))
    }
}
