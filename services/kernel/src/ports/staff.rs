//! Who works for the community, and what is switched on for whom.

use async_trait::async_trait;

use super::Persona;
use crate::{Actor, Failure, SessionId, UserId, actor::Role};

/// Who has a role. Answered by `users`.
#[async_trait]
pub trait Staff: Send + Sync {
    /// Everybody who has more than a member's role, admins first.
    async fn staff(&self) -> Result<Vec<StaffMember>, Failure>;

    /// Gives a role in place of the one that there was, writes it down and announces it, all or nothing.
    /// [`Fault::NotFound`](crate::Fault::NotFound) if there is no such account.
    async fn set_role(&self, order: &RoleOrder) -> Result<RoleSet, Failure>;
}

/// Somebody who has a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// How they appear in public.
    pub persona: Persona,
    /// What they may do.
    pub role: Role,
}

/// A role to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleOrder {
    /// To whom.
    pub user: UserId,
    /// Which. A member's takes away what there was.
    pub role: Role,
    /// By whom.
    pub by: UserId,
    /// From which device; `None` for the operator's own command.
    pub session: Option<SessionId>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleSet {
    /// It is so from now on.
    Done,
    /// It was so already. Nothing was written down.
    Already,
    /// Nobody else is an admin: nothing was changed.
    LastAdmin,
}

/// What is switched on for whom. Answered by `moderation`.
#[async_trait]
pub trait Flags: Send + Sync {
    /// Whether it is on for this caller, as it was set five seconds ago at most. The same caller gets the same answer
    /// until it is set anew. One that nobody has set is off.
    async fn on(&self, flag: &str, actor: &Actor) -> Result<bool, Failure>;
}
