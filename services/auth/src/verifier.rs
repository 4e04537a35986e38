//! Verification of access tokens and sessions.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock, PortError, SessionId, Timestamp,
    ports::{AccountDirectory, SessionLookup, TokenVerifier},
};

use crate::{
    auth_cache::{AuthCache, CachedSession, LiveSession},
    domain::Session,
    keys::{Claims, TokenKeys},
    store::Store,
};

/// Implements [`TokenVerifier`] and [`SessionLookup`]. No other type creates an [`Actor`].
///
/// The signature of a token is verified once. The session and the account are read again when the cached state is one
/// second old. If they cannot be read, verification fails.
pub struct Verifier {
    pub store: Arc<dyn Store>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub keys: Arc<TokenKeys>,
    /// The same cache as that of the service.
    pub cache: Arc<AuthCache>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl TokenVerifier for Verifier {
    async fn verify(&self, token: &str) -> Result<Option<Actor>, PortError> {
        let now = self.clock.now();
        let Some(claims) = self.claims(token, now) else { return Ok(None) };
        let Some(live) = self.live_session(claims.session, claims.generation, now).await? else { return Ok(None) };
        if live.actor.user != claims.user || live.generation < claims.generation {
            return Ok(None);
        }
        if live.is_unconfirmed && live.generation == claims.generation {
            self.store.confirm_rotation(claims.session, claims.generation).await?;
            self.cache.confirm_rotation(claims.session, claims.generation);
        }
        Ok(Some(live.actor))
    }
}

#[async_trait]
impl SessionLookup for Verifier {
    async fn current_actor(&self, session: SessionId) -> Result<Option<Actor>, PortError> {
        Ok(self.session_status(session).await?.map(|live| live.actor))
    }
}

impl Verifier {
    /// Returns the session, at most one second old. Returns `None` if it has ended.
    pub(crate) async fn session_status(&self, session: SessionId) -> Result<Option<LiveSession>, PortError> {
        self.live_session(session, 0, self.clock.now()).await
    }

    fn claims(&self, token: &str, now: Timestamp) -> Option<Claims> {
        if let Some(cached) = self.cache.token(token, now) {
            return Some(cached);
        }
        let claims = self.keys.verify(token, now)?;
        self.cache.insert_token(token, claims, now);
        Some(claims)
    }

    /// Returns the session. The cached one is used if it is fresh and at least of this generation.
    async fn live_session(
        &self,
        session: SessionId,
        generation: i64,
        now: Timestamp,
    ) -> Result<Option<LiveSession>, PortError> {
        let live = match self.cache.session(session, now) {
            Some(CachedSession::Ended) => return Ok(None),
            Some(CachedSession::Live(live)) if live.generation >= generation => Some(live),
            Some(CachedSession::Live(_)) | None => self.load(session, now).await?,
        };
        Ok(live.filter(|live| now < live.expires_at))
    }

    async fn load(&self, id: SessionId, now: Timestamp) -> Result<Option<LiveSession>, PortError> {
        let found = self.store.find_session(id).await?;
        let Some(session) = found.filter(|session| session.ended_at.is_none()) else {
            self.cache.mark_ended(id);
            return Ok(None);
        };
        let Some(account) = self.accounts.status(session.account).await? else { return Ok(None) };
        let Session { account: user, expires_at, generation, .. } = session;
        let actor = Actor { user, persona: account.persona, session: id, role: account.role, status: account.status };
        let is_unconfirmed = session.pending_retry.is_some();
        let live = LiveSession { actor, expires_at, generation, is_unconfirmed, read_at: now };
        self.cache.insert_session(live.clone(), now);
        Ok(Some(live))
    }
}
