//! Mutes of accounts.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    AccountEvent, Clock, Entropy, Event, EventPayload, PortError, Timestamp, UserId, ports::AccountMuting,
};

use crate::{Error, store::Store};

/// Implements [`AccountMuting`].
pub struct AccountMutingAdapter {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl AccountMuting for AccountMutingAdapter {
    async fn mute(&self, user: UserId, until: Timestamp, by: UserId) -> Result<(), PortError> {
        Ok(self.set_mute(user, Some(until), by, AccountEvent::Muted { user }).await?)
    }

    async fn unmute(&self, user: UserId, by: UserId) -> Result<(), PortError> {
        Ok(self.set_mute(user, None, by, AccountEvent::Unmuted { user }).await?)
    }
}

impl AccountMutingAdapter {
    async fn set_mute(
        &self,
        user: UserId,
        until: Option<Timestamp>,
        by: UserId,
        event: AccountEvent,
    ) -> Result<(), Error> {
        self.store.get_account(user).await?.ok_or(Error::AccountNotFound)?;
        let event = Event::new(self.clock.now(), by, EventPayload::Account(event), &*self.entropy);
        self.store.set_mute(user, until, &[event]).await?;
        Ok(())
    }
}
