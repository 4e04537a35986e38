//! Personas in circles.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Entropy, PersonaId, PersonaScope, PortError, UserId,
    ports::{Persona, PersonaRegistry},
};

use crate::{
    Avatar, Error, Handle, Profile,
    handle_generator::{self, MAX_HANDLE_ATTEMPTS},
    store::{NewPersona, Store},
};

/// Implements [`PersonaRegistry`].
pub struct PersonaRegistryAdapter {
    pub store: Arc<dyn Store>,
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl PersonaRegistry for PersonaRegistryAdapter {
    async fn get_or_create(&self, user: UserId, scope: PersonaScope) -> Result<Persona, PortError> {
        for _ in 1..MAX_HANDLE_ATTEMPTS {
            match self.create_circle_persona(user, scope).await {
                Err(Error::HandleTaken) => {}
                result => return Ok(result?.persona()),
            }
        }
        Ok(self.create_circle_persona(user, scope).await?.persona())
    }
}

impl PersonaRegistryAdapter {
    /// Handle and avatar are independent of the account's other personas: to copy them or to avoid them would reveal
    /// that the personas belong to one account.
    async fn create_circle_persona(&self, user: UserId, scope: PersonaScope) -> Result<Profile, Error> {
        let new = NewPersona {
            user,
            scope,
            persona: PersonaId::random(&*self.entropy),
            handle: Handle::new(&handle_generator::generate(&*self.entropy))?,
            avatar: Avatar::random(&*self.entropy),
        };
        self.store.create_persona(&new).await?.ok_or(Error::AccountNotFound)
    }
}
