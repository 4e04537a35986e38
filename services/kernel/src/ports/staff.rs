//! Platform roles.

use async_trait::async_trait;

use super::Persona;
use crate::{PortError, SessionId, UserId, actor::Role};

/// Lists and changes platform roles. Implemented by `users`.
#[async_trait]
pub trait StaffDirectory: Send + Sync {
    /// Returns all accounts with a role above member, admins first.
    async fn staff(&self) -> Result<Vec<StaffMember>, PortError>;

    /// Changes the role of an account, with its audit entry and its event, in one transaction.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the account does not exist.
    async fn set_role(&self, command: &SetRole) -> Result<SetRoleOutcome, PortError>;
}

/// An account with a role above member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// The public persona.
    pub persona: Persona,
    pub role: Role,
}

/// Command to change a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetRole {
    pub user: UserId,
    /// The new role. [`Role::Member`] revokes the present one.
    pub role: Role,
    pub by: UserId,
    /// Session of the actor; `None` for a command of the operator.
    pub session: Option<SessionId>,
}

/// Result of changing a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetRoleOutcome {
    Changed,
    /// The account already had the role. No audit entry was written.
    Unchanged,
    /// The account is the only admin. Nothing was changed.
    LastAdmin,
}
