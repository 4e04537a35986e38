//! Creation and suspension of accounts.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    AccountEvent, Clock, Entropy, Event, EventPayload, PersonaId, PortError, Timestamp, UserId,
    audit::{AuditAction, AuditEntry},
    ports::{self, AccountDirectory, AccountSummary, Persona},
};

use super::audit::account_entry;
use crate::{
    Account, Avatar, Error, Handle,
    handle_generator::{self, MAX_HANDLE_ATTEMPTS},
    store::{NewAccount, Store},
};

/// Implements [`AccountDirectory`].
pub struct AccountDirectoryAdapter {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl AccountDirectory for AccountDirectoryAdapter {
    async fn create(&self, account: &ports::NewAccount) -> Result<Persona, PortError> {
        Ok(self.create_account(account).await?.profile.persona())
    }

    async fn status(&self, user: UserId) -> Result<Option<AccountSummary>, PortError> {
        let now = self.clock.now();
        let account = self.store.get_account(user).await?;
        Ok(account.map(|account| AccountSummary {
            persona: account.profile.id,
            role: account.profile.role,
            status: account.status(now),
        }))
    }

    async fn suspend(&self, user: UserId, until: Timestamp, by: UserId) -> Result<(), PortError> {
        Ok(self.set_suspension(user, Some(until), by, AccountEvent::Suspended { user }).await?)
    }

    async fn reinstate(&self, user: UserId, by: UserId) -> Result<(), PortError> {
        Ok(self.set_suspension(user, None, by, AccountEvent::Reinstated { user }).await?)
    }
}

impl AccountDirectoryAdapter {
    async fn create_account(&self, account: &ports::NewAccount) -> Result<Account, Error> {
        let avatar = account.avatar.map(|number| Avatar::new(number.into())).transpose()?;
        let avatar = avatar.unwrap_or_else(|| Avatar::random(&*self.entropy));
        let Some(handle) = &account.handle else {
            return self.create_with_generated_handle(account.user, avatar).await;
        };
        let handle = Handle::new(handle)?;
        if handle.is_reserved() {
            return Err(Error::HandleTaken);
        }
        self.create_with_handle(account.user, handle, avatar).await
    }

    async fn create_with_generated_handle(&self, user: UserId, avatar: Avatar) -> Result<Account, Error> {
        for _ in 1..MAX_HANDLE_ATTEMPTS {
            let handle = Handle::new(&handle_generator::generate(&*self.entropy))?;
            match self.create_with_handle(user, handle, avatar).await {
                Err(Error::HandleTaken) => {}
                result => return result,
            }
        }
        let handle = Handle::new(&handle_generator::generate(&*self.entropy))?;
        self.create_with_handle(user, handle, avatar).await
    }

    async fn create_with_handle(&self, user: UserId, handle: Handle, avatar: Avatar) -> Result<Account, Error> {
        let persona = PersonaId::random(&*self.entropy);
        let new = NewAccount { user, persona, handle, avatar, at: self.clock.now() };
        Ok(self.store.create_account(&new).await?)
    }

    async fn set_suspension(
        &self,
        user: UserId,
        until: Option<Timestamp>,
        by: UserId,
        event: AccountEvent,
    ) -> Result<(), Error> {
        self.store.get_account(user).await?.ok_or(Error::AccountNotFound)?;
        let now = self.clock.now();
        let event = Event::new(now, by, EventPayload::Account(event), &*self.entropy);
        let (action, detail) = match until {
            Some(until) => (AuditAction::AccountSuspended, format!("until={}", until.millis())),
            None => (AuditAction::AccountReinstated, String::new()),
        };
        let entry = AuditEntry { detail, ..account_entry(user, by, action, now, &*self.entropy) };
        self.store.set_suspension(user, until, &[event], &[entry]).await?;
        Ok(())
    }
}
