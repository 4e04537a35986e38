//! Circles. Implemented by `circles`, except for [`PersonaRegistry`].

use async_trait::async_trait;

use crate::{Category, CircleId, PersonaId, PersonaScope, PortError, UserId, ports::Persona};

/// Membership in circles. A circle that staff have closed has no members.
#[async_trait]
pub trait Membership: Send + Sync {
    /// Returns the membership of a user. Returns `None` if the user is not a member or the circle does not exist.
    async fn find(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, PortError>;

    /// Returns the circles of which the user is a member, in no order.
    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, PortError>;
}

/// A member of a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The persona of the member in this circle.
    pub persona: PersonaId,
    pub role: CircleRole,
    /// False in an archived circle.
    pub can_post: bool,
}

/// Role in a circle. Each role includes the permissions of the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CircleRole {
    /// Reads, posts and leaves.
    Member,
    /// Invites, approves join requests and removes members.
    Keeper,
    /// Changes roles and settings, and archives the circle.
    Owner,
}

/// Registry of personas in circles. Implemented by `users`.
#[async_trait]
pub trait PersonaRegistry: Send + Sync {
    /// Returns the persona of an account in a scope, and creates it if it does not exist. Handle and avatar are random, so
    /// that the persona cannot be linked to another one of the account.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the account does not exist.
    async fn get_or_create(&self, user: UserId, scope: PersonaScope) -> Result<Persona, PortError>;
}

/// Summaries of circles for other slices.
#[async_trait]
pub trait CircleLookup: Send + Sync {
    /// Returns the circle as `viewer` sees it. Returns `None` if it does not exist, is not visible to the viewer, or was
    /// closed by staff.
    async fn summary(&self, viewer: UserId, circle: CircleId) -> Result<Option<CircleSummary>, PortError>;
}

/// Summary of a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleSummary {
    pub name: String,
    /// Description of the circle.
    pub about: String,
    /// Rules of the circle.
    pub rules: String,
    pub category: Category,
    /// The owner with the longest membership; `None` if the circle has no owner.
    pub owner: Option<CircleOwner>,
}

/// Owner of a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircleOwner {
    pub user: UserId,
    /// The persona of the owner in the circle.
    pub persona: PersonaId,
}

/// Actions of staff on circles. Idempotent: a repeated action, or one on a circle that does not exist, succeeds without
/// an event.
#[async_trait]
pub trait CircleModeration: Send + Sync {
    /// Closes a circle. When this returns, no user can find, read, join, post in or subscribe to it.
    async fn close(&self, circle: CircleId, by: UserId) -> Result<(), PortError>;

    /// Reopens a closed circle with its members and content.
    async fn reopen(&self, circle: CircleId, by: UserId) -> Result<(), PortError>;

    /// Returns true if the user is a keeper or owner of the circle, closed or not.
    async fn is_keeper(&self, user: UserId, circle: CircleId) -> Result<bool, PortError>;
}
