//! Use cases.
//!
//! | file | contents |
//! | --- | --- |
//! | here | staff roles |
//! | `flags` | feature flags |
//! | `audit_log` | reading of the audit log |

mod audit_log;
mod flags;

use std::sync::Arc;

use kith_kernel::{
    Actor, Clock, Cursor, Entropy, Page, PageSize, PageTokenCodec, PersonaId, Role, UserId,
    ports::{AccountDirectory, AuditLog, PersonaLookup, SetRole, SetRoleOutcome, StaffDirectory, StaffMember},
};

pub use self::audit_log::{AuditEntryView, AuditFilter};
use crate::{CachedFeatureFlags, Error, store::Store};

/// Use cases of the slice.
pub struct Service {
    pub staff: Arc<dyn StaffDirectory>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub personas: Arc<dyn PersonaLookup>,
    pub audit: Arc<dyn AuditLog>,
    pub store: Arc<dyn Store>,
    /// The instance that evaluates flags on this node, so that a change made here takes effect at once.
    pub flags: Arc<CachedFeatureFlags>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Service {
    /// Replaces the role of an account. Idempotent.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], [`Error::PersonaNotFound`], [`Error::CannotChangeOwnRole`], [`Error::LastAdmin`].
    pub async fn set_role(&self, actor: &Actor, persona: PersonaId, role: Role) -> Result<StaffMember, Error> {
        let admin = actor.admin()?;
        let user = self.account_of_public(persona).await?;
        if user == admin.actor().user {
            return Err(Error::CannotChangeOwnRole);
        }
        let order = SetRole { user, role, by: admin.actor().user, session: Some(admin.actor().session) };
        match self.staff.set_role(&order).await? {
            SetRoleOutcome::Changed | SetRoleOutcome::Unchanged => {}
            SetRoleOutcome::LastAdmin => return Err(Error::LastAdmin),
        }
        let persona = self.personas.find_many(&[persona]).await?.remove(&persona).ok_or(Error::PersonaNotFound)?;
        Ok(StaffMember { persona, role })
    }

    /// Returns all accounts with a role above member, admins first, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], [`Error::Page`].
    pub async fn list_staff(
        &self,
        actor: &Actor,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<StaffMember>, String), Error> {
        const LIST: &str = "staff";
        actor.admin()?;
        let cursor = |member: &StaffMember| {
            let rank = i64::from(member.role != Role::Admin);
            Cursor { rank, id: member.persona.id.uuid() }
        };
        let sort_key = |cursor: Cursor| (cursor.rank, cursor.id);
        let after = self.page_tokens.cursor(LIST, token)?;
        let mut staff = self.staff.staff().await?;
        staff.sort_by_key(|member| sort_key(cursor(member)));
        staff.retain(|member| after.is_none_or(|after| sort_key(cursor(member)) > sort_key(after)));
        let page = Page::from_lookahead(staff, size, cursor);
        Ok((page.items, self.page_tokens.token(LIST, page.next)))
    }

    /// Returns the account that has this public persona. The persona of a circle is not found: only a case may
    /// connect it to an account.
    async fn account_of_public(&self, persona: PersonaId) -> Result<UserId, Error> {
        let user = self.personas.account_of(persona).await?.ok_or(Error::PersonaNotFound)?;
        let account = self.accounts.status(user).await?.ok_or(Error::PersonaNotFound)?;
        if account.persona == persona { Ok(user) } else { Err(Error::PersonaNotFound) }
    }
}
