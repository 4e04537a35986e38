//! Whose a token is, and whether their session goes on.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock, PortError, SessionId, Timestamp,
    ports::{AccountDirectory, SessionLookup, TokenVerifier},
};

use crate::{
    domain::Session,
    keys::{Claims, Keys},
    remembered::{Known, Live, Remembered},
    store::Store,
};

/// Answers [`TokenVerifier`] and [`SessionLookup`], and is the only one that makes an [`Actor`].
///
/// A token is verified once. How its session and its account stand is read again when what is known is a second old; if
/// that cannot be read, nobody is let in.
pub struct Verifier {
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// How accounts stand.
    pub accounts: Arc<dyn AccountDirectory>,
    /// What tokens are signed with.
    pub keys: Arc<Keys>,
    /// What was verified a moment ago. The same as the service's.
    pub remembered: Arc<Remembered>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl TokenVerifier for Verifier {
    async fn verify(&self, token: &str) -> Result<Option<Actor>, PortError> {
        let now = self.clock.now();
        let Some(claims) = self.claims(token, now) else { return Ok(None) };
        let Some(live) = self.live(claims.session, claims.generation, now).await? else { return Ok(None) };
        if live.actor.user != claims.user || live.generation < claims.generation {
            return Ok(None);
        }
        if live.unconfirmed && live.generation == claims.generation {
            self.store.confirm(claims.session, claims.generation).await?;
            self.remembered.confirm(claims.session, claims.generation);
        }
        Ok(Some(live.actor))
    }
}

#[async_trait]
impl SessionLookup for Verifier {
    async fn current_actor(&self, session: SessionId) -> Result<Option<Actor>, PortError> {
        Ok(self.standing(session).await?.map(|live| live.actor))
    }
}

impl Verifier {
    /// How a session stands, at most a second old; `None` if it has ended.
    pub(crate) async fn standing(&self, session: SessionId) -> Result<Option<Live>, PortError> {
        self.live(session, 0, self.clock.now()).await
    }

    fn claims(&self, token: &str, now: Timestamp) -> Option<Claims> {
        if let Some(known) = self.remembered.token(token, now) {
            return Some(known);
        }
        let claims = self.keys.verify(token, now)?;
        self.remembered.learn_token(token, claims, now);
        Some(claims)
    }

    /// The session, from memory if that is fresh and has heard of this generation.
    async fn live(&self, session: SessionId, generation: i64, now: Timestamp) -> Result<Option<Live>, PortError> {
        let live = match self.remembered.session(session, now) {
            Some(Known::Ended) => return Ok(None),
            Some(Known::Live(live)) if live.generation >= generation => Some(live),
            Some(Known::Live(_)) | None => self.read(session, now).await?,
        };
        Ok(live.filter(|live| now < live.expires_at))
    }

    async fn read(&self, id: SessionId, now: Timestamp) -> Result<Option<Live>, PortError> {
        let found = self.store.session(id).await?;
        let Some(session) = found.filter(|session| session.ended_at.is_none()) else {
            self.remembered.end(id);
            return Ok(None);
        };
        let Some(state) = self.accounts.status(session.account).await? else { return Ok(None) };
        let Session { account: user, expires_at, generation, .. } = session;
        let actor = Actor { user, persona: state.persona, session: id, role: state.role, status: state.status };
        let live = Live { actor, expires_at, generation, unconfirmed: session.retry.is_some(), read_at: now };
        self.remembered.learn_session(live.clone(), now);
        Ok(Some(live))
    }
}
