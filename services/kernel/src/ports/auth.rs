//! Authentication of callers. Implemented by `auth`.

use async_trait::async_trait;

use crate::{Actor, PortError, SessionId, Timestamp};

/// Redeems the tickets that open WebSocket connections.
#[async_trait]
pub trait TicketRedeemer: Send + Sync {
    /// Redeems a ticket. Each ticket is valid once. Returns `None` if it is unknown, used or expired, or
    /// if the account has been suspended since it was issued.
    async fn redeem(&self, ticket: &str) -> Result<Option<RedeemedTicket>, PortError>;
}

/// Result of redeeming a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedeemedTicket {
    pub actor: Actor,
    /// End of the connection, unless the client reconnects with a new ticket before.
    pub expires_at: Timestamp,
}

/// Looks up live sessions.
#[async_trait]
pub trait SessionLookup: Send + Sync {
    /// Returns the actor with its current role and status, at most one second old. Returns `None` if the session has
    /// ended.
    async fn current_actor(&self, session: SessionId) -> Result<Option<Actor>, PortError>;
}

/// Verifies access tokens.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Returns the actor of an access token. Returns `None` if the token was not issued by this server, has expired, or
    /// belongs to a session that has ended.
    async fn verify(&self, token: &str) -> Result<Option<Actor>, PortError>;
}
