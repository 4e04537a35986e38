//! What this slice answers to others besides who calls: by what an account is entered, and what is to be forgotten.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{
    Clock, PortError, UserId,
    ports::{CredentialLookup, PeriodicJob},
};

use crate::{policy::COUNTED, store::Store};

/// How long a session that is over is kept: as long as its owner may ask what became of it.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Answers [`CredentialLookup`].
pub struct IdentityReader {
    /// Where it is kept by what accounts are entered.
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl CredentialLookup for IdentityReader {
    async fn has_email(&self, user: UserId) -> Result<bool, PortError> {
        Ok(self.store.has_email(user).await?)
    }
}

/// Answers [`PeriodicJob`]: forgets sessions that have been over for 30 days, and failed attempts that count no more.
pub struct Retention {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl PeriodicJob for Retention {
    fn name(&self) -> &'static str {
        "sessions"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let now = self.clock.now();
        let attempts = self.store.forget_attempts(now.before(COUNTED)).await?;
        Ok(self.store.forget(now.before(KEPT)).await?.saturating_add(attempts))
    }
}
