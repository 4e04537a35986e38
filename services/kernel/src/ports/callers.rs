//! Who calls, how often, and what came of it.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::{Actor, Failure, Procedure, SessionId, Timestamp};

/// What a socket is opened with. Answered by `auth`.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Whose ticket it was; `None` if it is unknown, used or too old. Each is good once.
    async fn redeem(&self, ticket: &str) -> Result<Option<Admission>, Failure>;
}

/// Somebody who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Who.
    pub actor: Actor,
    /// Until when, unless they come back with another ticket.
    pub until: Timestamp,
}

/// Whether a session goes on. Answered by `auth`.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The actor as they stand now, at most a second old; `None` if the session has ended.
    async fn current(&self, session: SessionId) -> Result<Option<Actor>, Failure>;
}

/// Whose a token is. Answered by `auth`.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The actor of an access token; `None` if it is none of ours, or not any more.
    async fn verify(&self, token: &str) -> Result<Option<Actor>, Failure>;
}

/// How often a caller may do what. Answered by `infra`.
#[async_trait]
pub trait Limit: Send + Sync {
    /// Takes one call from what `caller` may still do. Callers and procedures do not share.
    async fn take(&self, caller: &str, procedure: &Procedure) -> Result<Allowance, Failure>;
}

/// What a caller may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many more calls right now. This one is among the allowed unless [`Allowance::wait`] says otherwise.
    pub remaining: u32,
    /// If this call was one too many: how long until the next is allowed.
    pub wait: Option<Duration>,
}

/// What came of a call that carried an idempotency key. Answered by `storage`.
#[async_trait]
pub trait Outcomes: Send + Sync {
    /// Of all who claim a key at once, and until it is released, one is told [`Claim::Yours`].
    async fn claim(&self, key: &CallKey, fingerprint: &[u8]) -> Result<Claim, Failure>;

    /// Keeps the outcome for whoever comes with the key in the next day.
    async fn settle(&self, key: &CallKey, outcome: &[u8]) -> Result<(), Failure>;

    /// Gives the key back: the call came to nothing, and may be tried again.
    async fn release(&self, key: &CallKey) -> Result<(), Failure>;
}

/// A caller's name for one call of one method. Two callers, or two methods, never share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    /// Who calls: an account, or the part of an address that a household keeps.
    pub caller: String,
    /// `/package.Service/Method`.
    pub procedure: &'static str,
    /// What they call it: 1 to 64 printable characters.
    pub name: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: go on, then settle or release. What is created by it gets this id: whoever repeats the call, after a
    /// crash in the middle too, is given the same one and finds the thing already there.
    Yours(Uuid),
    /// Somebody is at it. Their claim lapses if they die.
    Running,
    /// It is done, and this came of it.
    Settled(Vec<u8>),
    /// It was used for another request.
    Foreign,
}
