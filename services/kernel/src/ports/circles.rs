//! Circles: who is in which, and how they appear there.

use async_trait::async_trait;

use crate::{Category, CircleId, Failure, PersonaId, Space, UserId, ports::Persona};

/// Who is in which circle. A circle that staff have closed is there for nobody. Answered by `circles`.
#[async_trait]
pub trait Membership: Send + Sync {
    /// How somebody stands in a circle now; `None` if they are not a member, or if there is no such circle.
    async fn member(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, Failure>;

    /// The circles that somebody is a member of now, in no order.
    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, Failure>;
}

/// Somebody in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// As whom they appear there.
    pub persona: PersonaId,
    /// What they may do there.
    pub role: CircleRole,
    /// Whether anything can still be written there.
    pub writable: bool,
}

/// What a member may do in a circle. Each may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CircleRole {
    /// Read, write, leave.
    Member,
    /// Invite, let in, remove.
    Keeper,
    /// Give roles, change and archive the circle.
    Owner,
}

/// Lets people appear in smaller spaces. Answered by `users`.
#[async_trait]
pub trait Spaces: Send + Sync {
    /// The persona of this account in this space, opened if it was not: with a name and a picture that nobody can join to
    /// another persona of theirs. [`Fault::NotFound`](crate::Fault::NotFound) if there is no such account.
    async fn appear(&self, user: UserId, space: Space) -> Result<Persona, Failure>;
}

/// What other slices may know of a circle. Answered by `circles`.
#[async_trait]
pub trait CircleLookup: Send + Sync {
    /// The circle as `viewer` may know it: `None` if there is none, or none for them, or if staff have closed it.
    async fn brief(&self, viewer: UserId, circle: CircleId) -> Result<Option<CircleBrief>, Failure>;
}

/// A circle, in the few words that others need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleBrief {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The rules of the house.
    pub rules: String,
    /// On which shelf it stands.
    pub category: Category,
    /// Who answers for it: of its owners, who has been in it longest. `None` if it has none.
    pub owner: Option<CircleOwner>,
}

/// Who answers for a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircleOwner {
    /// Who.
    pub user: UserId,
    /// As whom they appear there.
    pub persona: PersonaId,
}

/// Circles, as staff act on them. Answered by `circles`. To do the same again is no error, and announces nothing; nor is
/// what is done to a circle that is not there.
#[async_trait]
pub trait Circles: Send + Sync {
    /// Closes a circle. From when this returns nobody finds it, reads in it, writes in it, listens to it or gets in.
    async fn close(&self, circle: CircleId, by: UserId) -> Result<(), Failure>;

    /// Opens a closed circle again, as it was.
    async fn open(&self, circle: CircleId, by: UserId) -> Result<(), Failure>;

    /// Whether somebody keeps or owns a circle, closed or not.
    async fn keeps(&self, user: UserId, circle: CircleId) -> Result<bool, Failure>;
}
