//! List and revocation of sessions.

use kith_kernel::{Actor, Cursor, Page, PageSize, SessionId, Timestamp};

use super::{Service, device_location};
use crate::{
    Error,
    domain::{Device, Session},
};

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    pub id: SessionId,
    pub device: Device,
    pub created_at: Timestamp,
    /// Time of the last token refresh.
    pub refreshed_at: Timestamp,
    /// True for the session of the caller.
    pub is_current: bool,
}

impl Service {
    /// Ends the actor's current session. Idempotent.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn logout(&self, actor: &Actor) -> Result<(), Error> {
        self.end_session(actor, actor.session).await?;
        Ok(())
    }

    /// Ends one of the actor's sessions.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the session has ended or belongs to another account.
    pub async fn revoke_session(&self, actor: &Actor, session: SessionId) -> Result<(), Error> {
        if self.end_session(actor, session).await? { Ok(()) } else { Err(Error::SessionNotFound) }
    }

    /// Returns the actor's live sessions, newest first.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Port`] if a device name cannot be decrypted.
    pub async fn list_sessions(
        &self,
        actor: &Actor,
        size: PageSize,
        after: Option<Cursor>,
    ) -> Result<Page<SessionView>, Error> {
        let before = after.map(|cursor| SessionId::from_uuid(cursor.id));
        let sessions = self.store.list_sessions(actor.user, before, self.clock.now(), size.lookahead()).await?;
        let page = Page::from_lookahead(sessions, size, |session| Cursor::at(session.id.uuid()));
        if page.items.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let key = self.store.data_key(actor.user).await?.ok_or(Error::SessionEnded)?;
        let view = |session: &Session| {
            let location = device_location(session.id, session.account);
            let name = self.encryption.open(&key, &location, &session.device)?;
            Ok(SessionView {
                id: session.id,
                device: Device::new(&String::from_utf8_lossy(&name)),
                created_at: session.created_at,
                refreshed_at: session.refreshed_at,
                is_current: session.id == actor.session,
            })
        };
        Ok(Page { items: page.items.iter().map(view).collect::<Result<_, Error>>()?, next: page.next })
    }

    async fn end_session(&self, actor: &Actor, session: SessionId) -> Result<bool, Error> {
        let now = self.clock.now();
        let event = self.revocation_event(actor.user, session, now);
        let ended = self.store.end_session(session, actor.user, now, &[event], &[]).await?;
        if ended {
            self.cache.mark_ended(session);
        }
        Ok(ended)
    }
}
