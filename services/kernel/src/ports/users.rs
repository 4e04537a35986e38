//! Accounts and personas. Implemented by `users`, except for [`CredentialLookup`].

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;

use crate::{AccountStatus, PersonaId, PortError, Timestamp, UserId, actor::Role};

/// Mutual block list.
#[async_trait]
pub trait BlockList: Send + Sync {
    /// Returns the accounts that `viewer` must not see, whichever of the two blocked the other. Never contains `viewer`.
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError>;
}

/// Looks up personas.
#[async_trait]
pub trait PersonaLookup: Send + Sync {
    /// Returns the personas that exist.
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError>;

    /// Returns the account of a persona. The result must not be shown to users.
    async fn account_of(&self, persona: PersonaId) -> Result<Option<UserId>, PortError>;
}

/// Public profile of an account in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    pub id: PersonaId,
    pub handle: String,
    /// Number of a picture.
    pub avatar: u8,
    pub badges: Vec<Badge>,
}

/// Badge of a persona.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Badge {
    /// 100 strength points.
    Supporter,
    /// 1,000 strength points.
    Guide,
    /// Platform moderator.
    Moderator,
}

/// Creates, suspends and reinstates accounts.
#[async_trait]
pub trait AccountDirectory: Send + Sync {
    /// Creates an account with its public persona. Idempotent: a repeated call returns the same persona.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists) if the handle is taken,
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if it is not a valid handle.
    async fn create(&self, account: &NewAccount) -> Result<Persona, PortError>;

    /// Returns persona, role and current status of an account.
    async fn status(&self, user: UserId) -> Result<Option<AccountSummary>, PortError>;

    /// Suspends an account until a time.
    async fn suspend(&self, user: UserId, until: Timestamp, by: UserId) -> Result<(), PortError>;

    /// Ends a suspension.
    async fn reinstate(&self, user: UserId, by: UserId) -> Result<(), PortError>;
}

/// Mutes accounts: a muted account can read, and write SOS posts only.
#[async_trait]
pub trait AccountMuting: Send + Sync {
    /// Mutes an account until a time. Idempotent: a repeated call emits no event.
    async fn mute(&self, user: UserId, until: Timestamp, by: UserId) -> Result<(), PortError>;

    /// Ends a mute. Idempotent: a repeated call emits no event.
    async fn unmute(&self, user: UserId, by: UserId) -> Result<(), PortError>;
}

/// Input for a new account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Id chosen by `auth`, which owns the credentials.
    pub user: UserId,
    /// Requested handle; generated if absent.
    pub handle: Option<String>,
    /// Requested avatar; random if absent.
    pub avatar: Option<u8>,
}

/// Public persona, role and status of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSummary {
    pub persona: PersonaId,
    pub role: Role,
    pub status: AccountStatus,
}

/// Looks up the credentials of accounts. Implemented by `auth`.
#[async_trait]
pub trait CredentialLookup: Send + Sync {
    /// Returns true if the account has an e-mail address.
    async fn has_email(&self, user: UserId) -> Result<bool, PortError>;
}
