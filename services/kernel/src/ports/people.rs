//! People: how they appear, how they stand, who is hidden from whom.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;

use crate::{Failure, PersonaId, Standing, Timestamp, UserId, actor::Role};

/// Who is hidden from whom. Answered by `users`.
#[async_trait]
pub trait Blocks: Send + Sync {
    /// Everybody whom `viewer` must not see, whichever of the two blocked the other. Never `viewer`.
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, Failure>;
}

/// How people appear. Answered by `users`.
#[async_trait]
pub trait Personas: Send + Sync {
    /// Those of these personas that there are.
    async fn shown(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, Failure>;

    /// Whose persona it is. The answer stays inside.
    async fn owner(&self, persona: PersonaId) -> Result<Option<UserId>, Failure>;
}

/// How somebody appears in one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Which.
    pub id: PersonaId,
    /// What they are called.
    pub handle: String,
    /// The number of a picture.
    pub avatar: u8,
    /// What they have earned or been given.
    pub badges: Vec<Badge>,
}

/// What a persona has earned or been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Badge {
    /// 100 strength points.
    Supporter,
    /// 1,000 strength points.
    Guide,
    /// Works the queue of cases.
    Moderator,
}

/// Accounts, for who lets people in and who keeps them out. Answered by `users`.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Opens an account with its public persona. To open the same again gives the same persona.
    /// [`Fault::Taken`](crate::Fault::Taken) if the handle is, [`Fault::Invalid`](crate::Fault::Invalid) if it is none.
    async fn open(&self, account: &NewAccount) -> Result<Persona, Failure>;

    /// How an account stands now.
    async fn state(&self, user: UserId) -> Result<Option<AccountState>, Failure>;

    /// Lets it use nothing of what it has until then.
    async fn suspend(&self, user: UserId, until: Timestamp, by: UserId) -> Result<(), Failure>;

    /// Lets it use what it has again.
    async fn reinstate(&self, user: UserId, by: UserId) -> Result<(), Failure>;
}

/// Lets people read, and write nothing but an SOS. Answered by `users`.
#[async_trait]
pub trait Mutes: Send + Sync {
    /// From now on and until then. Again is no error, and announces nothing.
    async fn mute(&self, user: UserId, until: Timestamp, by: UserId) -> Result<(), Failure>;

    /// Lets it write again. Again is no error, and announces nothing.
    async fn unmute(&self, user: UserId, by: UserId) -> Result<(), Failure>;
}

/// An account to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its id, from whoever keeps the keys to it.
    pub user: UserId,
    /// What it wants to be called; made up if it does not say.
    pub handle: Option<String>,
    /// Its picture; drawn if it does not say.
    pub avatar: Option<u8>,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountState {
    /// How it appears in public.
    pub persona: PersonaId,
    /// What it may do.
    pub role: Role,
    /// Whether it may do it now.
    pub standing: Standing,
}

/// By what an account can be entered. Answered by `auth`.
#[async_trait]
pub trait Identities: Send + Sync {
    /// Whether it has an e-mail address.
    async fn has_email(&self, user: UserId) -> Result<bool, Failure>;
}
