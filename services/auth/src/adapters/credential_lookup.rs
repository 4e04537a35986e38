//! Credentials of an account, for other slices.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{PortError, UserId, ports::CredentialLookup};

use crate::store::Store;

/// Implements [`CredentialLookup`].
pub struct CredentialLookupAdapter {
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl CredentialLookup for CredentialLookupAdapter {
    async fn has_email(&self, user: UserId) -> Result<bool, PortError> {
        Ok(self.store.has_email(user).await?)
    }
}
