//! Personas and their accounts.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    PersonaId, PortError, UserId,
    ports::{Persona, PersonaLookup},
};

use crate::store::Store;

/// Implements [`PersonaLookup`].
pub struct PersonaLookupAdapter {
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl PersonaLookup for PersonaLookupAdapter {
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        if personas.is_empty() {
            return Ok(HashMap::new());
        }
        let profiles = self.store.get_profiles(personas).await?;
        Ok(profiles.into_iter().map(|profile| (profile.id, profile.persona())).collect())
    }

    async fn account_of(&self, persona: PersonaId) -> Result<Option<UserId>, PortError> {
        Ok(self.store.get_profile(persona).await?.map(|profile| profile.account))
    }
}
