//! Tickets: what a WebSocket is opened with, so that no token ever stands in an address or a log.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{
    Actor, Clock, Entropy, PortError, SessionId, AccountStatus, Timestamp, UserId,
    ports::{RedeemedTicket, EphemeralStore, TicketRedeemer},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Error, Verifier, domain::Ticket};

/// How long a ticket is good.
pub const LASTS: Duration = Duration::from_secs(30);
/// How long a socket stays open on one ticket.
pub const ADMITS: Duration = Duration::from_hours(12);

/// Answers [`TicketRedeemer`].
pub struct Booth {
    /// How sessions and accounts stand.
    pub verifier: Arc<Verifier>,
    /// Where tickets wait to be used.
    pub ephemeral: Arc<dyn EphemeralStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What tickets are made with.
    pub entropy: Arc<dyn Entropy>,
}

/// What a ticket stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    user: UserId,
    session: SessionId,
    until: Timestamp,
}

impl Booth {
    /// A ticket for this actor, good once.
    ///
    /// # Errors
    /// [`Error::Suspended`], [`Error::SessionEnded`].
    pub async fn issue(&self, actor: &Actor) -> Result<Ticket, Error> {
        let now = self.clock.now();
        let live = self.verifier.standing(actor.session).await?.ok_or(Error::SessionEnded)?;
        if live.actor.status == AccountStatus::Suspended {
            return Err(Error::Suspended);
        }
        let kept = Kept { user: actor.user, session: actor.session, until: live.expires_at.min(now.after(ADMITS)) };
        let secret = Zeroizing::new(self.entropy.secret());
        let text = URL_SAFE_NO_PAD.encode(*secret);
        self.ephemeral.put(&name(&text), kept.bytes(), LASTS).await?;
        Ok(Ticket { text, expires_at: now.after(LASTS) })
    }
}

#[async_trait]
impl TicketRedeemer for Booth {
    async fn redeem(&self, ticket: &str) -> Result<Option<RedeemedTicket>, PortError> {
        let Some(kept) = self.ephemeral.take(&name(ticket)).await? else { return Ok(None) };
        let Some(kept) = Kept::read(&kept) else { return Ok(None) };
        let Some(live) = self.verifier.standing(kept.session).await? else { return Ok(None) };
        let welcome = live.actor.user == kept.user && live.actor.status != AccountStatus::Suspended;
        Ok(welcome.then_some(RedeemedTicket { actor: live.actor, expires_at: kept.until }))
    }
}

/// What a ticket is kept under: who reads the names has no ticket.
fn name(ticket: &str) -> String {
    format!("ticket/{}", URL_SAFE_NO_PAD.encode(digest(&SHA256, ticket.as_bytes())))
}

impl Kept {
    fn bytes(self) -> Vec<u8> {
        let until = self.until.millis().to_be_bytes();
        [&self.user.uuid().as_bytes()[..], self.session.uuid().as_bytes(), &until].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let (session, until) = rest.split_first_chunk::<16>()?;
        Some(Self {
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            until: Timestamp::from_millis(i64::from_be_bytes(until.try_into().ok()?)),
        })
    }
}
