//! Access tokens for tests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use kith_kernel::{Actor, PortError, ports::TokenVerifier};

/// Verifies the tokens that it has issued.
#[derive(Debug, Default)]
pub struct StubTokens(Mutex<HashMap<String, Actor>>);

impl StubTokens {
    /// Returns a token for the actor.
    pub fn issue(&self, actor: &Actor) -> String {
        let token = format!("token-{}", actor.session);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), actor.clone());
        token
    }
}

#[async_trait]
impl TokenVerifier for StubTokens {
    async fn verify(&self, token: &str) -> Result<Option<Actor>, PortError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned())
    }
}
