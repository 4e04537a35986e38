//! The devices of an account, and how one leaves.

use kith_kernel::{Actor, Cursor, Page, PageSize, SessionId, Timestamp, UserId};

use super::{Service, place_of_device};
use crate::{
    Error,
    domain::{Device, Session},
};

/// A device, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub id: SessionId,
    /// As it called itself.
    pub device: Device,
    /// When it came in.
    pub created_at: Timestamp,
    /// When it last refreshed its tokens.
    pub refreshed_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The list of somebody's sessions, as tokens of its pages name it.
#[must_use]
pub fn list_name(user: UserId) -> String {
    format!("sessions/{user}")
}

impl Service {
    /// Ends the actor's session. To end it again changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn logout(&self, actor: &Actor) -> Result<(), Error> {
        self.end(actor, actor.session).await?;
        Ok(())
    }

    /// Ends one of the actor's sessions.
    ///
    /// # Errors
    /// [`Error::NoSuchSession`] for one that is somebody else's, or has ended.
    pub async fn revoke(&self, actor: &Actor, session: SessionId) -> Result<(), Error> {
        if self.end(actor, session).await? { Ok(()) } else { Err(Error::NoSuchSession) }
    }

    /// The actor's sessions that have not ended, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list(&self, actor: &Actor, size: PageSize, after: Option<Cursor>) -> Result<Page<Listed>, Error> {
        let before = after.map(|cursor| SessionId::from_uuid(cursor.id));
        let sessions = self.store.list(actor.user, before, self.clock.now(), size.lookahead()).await?;
        let page = Page::from_lookahead(sessions, size, |session| Cursor::at(session.id.uuid()));
        if page.items.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let key = self.store.data_key(actor.user).await?.ok_or(Error::SessionEnded)?;
        let listed = |session: &Session| {
            let place = place_of_device(session.id, session.account);
            let name = self.vault.open(&key, &place, &session.device)?;
            Ok(Listed {
                id: session.id,
                device: Device::new(&String::from_utf8_lossy(&name)),
                created_at: session.created_at,
                refreshed_at: session.refreshed_at,
                current: session.id == actor.session,
            })
        };
        Ok(Page { items: page.items.iter().map(listed).collect::<Result<_, Error>>()?, next: page.next })
    }

    async fn end(&self, actor: &Actor, session: SessionId) -> Result<bool, Error> {
        let now = self.clock.now();
        let revoked = self.revoked(actor.user, session, now);
        let ended = self.store.end(session, actor.user, now, &[revoked], &[]).await?;
        if ended {
            self.remembered.end(session);
        }
        Ok(ended)
    }
}
