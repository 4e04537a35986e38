//! WebSocket tickets. A client opens a WebSocket with a short-lived ticket, so that no access token appears in a URL or
//! a log.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{
    AccountStatus, Actor, Clock, Entropy, PortError, SessionId, Timestamp, UserId,
    ports::{EphemeralStore, RedeemedTicket, TicketRedeemer},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Error, Verifier, domain::Ticket};

/// Time within which a ticket must be redeemed.
pub const TICKET_TTL: Duration = Duration::from_secs(30);
/// Maximum lifetime of a connection that was opened with one ticket.
pub const CONNECTION_LIFETIME: Duration = Duration::from_hours(12);

/// Issues tickets. Implements [`TicketRedeemer`].
pub struct TicketIssuer {
    pub verifier: Arc<Verifier>,
    pub ephemeral: Arc<dyn EphemeralStore>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Stored part of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TicketRecord {
    user: UserId,
    session: SessionId,
    connection_expires_at: Timestamp,
}

impl TicketIssuer {
    /// Issues a ticket that the actor can redeem once, within [`TICKET_TTL`].
    ///
    /// # Errors
    /// [`Error::AccountSuspended`], [`Error::SessionEnded`].
    pub async fn issue(&self, actor: &Actor) -> Result<Ticket, Error> {
        let now = self.clock.now();
        let live = self.verifier.session_status(actor.session).await?.ok_or(Error::SessionEnded)?;
        if live.actor.status == AccountStatus::Suspended {
            return Err(Error::AccountSuspended);
        }
        let connection_expires_at = live.expires_at.min(now.after(CONNECTION_LIFETIME));
        let record = TicketRecord { user: actor.user, session: actor.session, connection_expires_at };
        let secret = Zeroizing::new(self.entropy.secret());
        let text = URL_SAFE_NO_PAD.encode(*secret);
        self.ephemeral.put(&storage_key(&text), record.encode(), TICKET_TTL).await?;
        Ok(Ticket { text, expires_at: now.after(TICKET_TTL) })
    }
}

#[async_trait]
impl TicketRedeemer for TicketIssuer {
    async fn redeem(&self, ticket: &str) -> Result<Option<RedeemedTicket>, PortError> {
        let Some(stored) = self.ephemeral.take(&storage_key(ticket)).await? else { return Ok(None) };
        let Some(record) = TicketRecord::decode(&stored) else { return Ok(None) };
        let Some(live) = self.verifier.session_status(record.session).await? else { return Ok(None) };
        let is_valid = live.actor.user == record.user && live.actor.status != AccountStatus::Suspended;
        Ok(is_valid.then_some(RedeemedTicket { actor: live.actor, expires_at: record.connection_expires_at }))
    }
}

/// Returns the key of a ticket in the store. It contains a digest, so that stored keys do not reveal valid tickets.
fn storage_key(ticket: &str) -> String {
    format!("ticket/{}", URL_SAFE_NO_PAD.encode(digest(&SHA256, ticket.as_bytes())))
}

impl TicketRecord {
    fn encode(self) -> Vec<u8> {
        let expires_at = self.connection_expires_at.millis().to_be_bytes();
        [&self.user.uuid().as_bytes()[..], self.session.uuid().as_bytes(), &expires_at].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let (session, expires_at) = rest.split_first_chunk::<16>()?;
        Some(Self {
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            connection_expires_at: Timestamp::from_millis(i64::from_be_bytes(expires_at.try_into().ok()?)),
        })
    }
}
