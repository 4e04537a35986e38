//! Staff and their roles.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    AccountEvent, Clock, Entropy, Event, EventPayload, PortError, Role,
    audit::{AuditAction, AuditEntry},
    ports::{SetRole, SetRoleOutcome, StaffDirectory, StaffMember},
};

use super::audit::account_entry;
use crate::{Error, store::Store};

/// Implements [`StaffDirectory`].
pub struct StaffDirectoryAdapter {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl StaffDirectory for StaffDirectoryAdapter {
    async fn staff(&self) -> Result<Vec<StaffMember>, PortError> {
        let staff = self.store.list_staff().await?;
        Ok(staff.into_iter().map(|profile| StaffMember { persona: profile.persona(), role: profile.role }).collect())
    }

    async fn set_role(&self, request: &SetRole) -> Result<SetRoleOutcome, PortError> {
        let SetRole { user, role, by, session } = *request;
        let now = self.clock.now();
        let event = Event::new(now, by, EventPayload::Account(AccountEvent::RoleChanged { user }), &*self.entropy);
        let action = match role {
            Role::Member => AuditAction::RoleRevoked,
            Role::Moderator | Role::Admin => AuditAction::RoleGranted,
        };
        let detail = format!("role={}", role.as_str());
        let entry = AuditEntry { detail, session, ..account_entry(user, by, action, now, &*self.entropy) };
        let outcome = self.store.set_role(user, role, &[event], &[entry]).await?;
        Ok(outcome.ok_or(Error::AccountNotFound)?)
    }
}
