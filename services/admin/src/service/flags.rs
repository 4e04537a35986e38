//! Feature flags.

use kith_kernel::{
    Actor, Admin, Cursor, EventId, Page, PageSize,
    audit::{AuditAction, AuditEntry},
};
use kith_storage::StoreError;
use uuid::Uuid;

use super::Service;
use crate::{Error, Flag, FlagUpdate};

impl Service {
    /// Returns all stored flags, oldest first, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], [`Error::Page`].
    pub async fn list_flags(&self, actor: &Actor, size: PageSize, token: &str) -> Result<(Vec<Flag>, String), Error> {
        const LIST: &str = "flags";
        actor.admin()?;
        let after = self.page_tokens.cursor(LIST, token)?.map(|cursor| cursor.id);
        let flags = self.store.list(after, size.lookahead()).await?;
        let page = Page::from_lookahead(flags, size, |flag| Cursor::at(flag.id));
        Ok((page.items, self.page_tokens.token(LIST, page.next)))
    }

    /// Returns the names of the flags that are enabled for the caller.
    pub async fn enabled_flags(&self, actor: &Actor) -> Vec<String> {
        self.flags.current().await.enabled_names(actor.into())
    }

    /// Creates a flag if `etag` is empty, or changes the version that `etag` names.
    ///
    /// `claimed_id` is the id of the idempotency claim. It becomes the id of a new flag, so that a repeated call finds
    /// the flag that the first one created.
    ///
    /// # Errors
    /// [`Error::NotAdmin`]; [`Error::EtagMismatch`] if the flag exists and `etag` is empty, does not exist and `etag` is
    /// not empty, or has another version.
    pub async fn put_flag(
        &self,
        actor: &Actor,
        update: FlagUpdate,
        etag: &str,
        claimed_id: Option<Uuid>,
    ) -> Result<Flag, Error> {
        let admin = actor.admin()?;
        let FlagUpdate { name, percent, roles } = update;
        let changed_at = self.clock.now();
        let stored = self.store.find(&name).await?;
        let flag = match (stored, etag) {
            (Some(stored), "") if claimed_id == Some(stored.id) => return Ok(stored),
            (None, "") => {
                let id = claimed_id.unwrap_or_else(|| EventId::new(changed_at, &*self.entropy).uuid());
                let flag = Flag { id, name, percent, roles, version: 1, changed_at };
                match self.store.insert(&flag, &[self.audit_entry(&admin, &flag)]).await {
                    Err(StoreError::UniqueViolation(key)) if key == "name" => return Err(Error::EtagMismatch),
                    result => result?,
                }
                flag
            }
            (Some(stored), etag) if stored.version.to_string() == etag => {
                let version = stored.version.saturating_add(1);
                let flag = Flag { id: stored.id, name, percent, roles, version, changed_at };
                if !self.store.update(&flag, &[self.audit_entry(&admin, &flag)]).await? {
                    return Err(Error::EtagMismatch);
                }
                flag
            }
            (Some(_) | None, _) => return Err(Error::EtagMismatch),
        };
        self.flags.invalidate().await;
        Ok(flag)
    }

    fn audit_entry(&self, admin: &Admin, flag: &Flag) -> AuditEntry {
        let (at, actor) = (self.clock.now(), admin.actor());
        let roles: Vec<_> = flag.roles.iter().map(|role| role.as_str()).collect();
        let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(",") };
        AuditEntry {
            id: EventId::new(at, &*self.entropy),
            at,
            actor: actor.user,
            session: Some(actor.session),
            action: AuditAction::FlagChanged,
            subject: format!("flag:{}", flag.name.as_str()),
            detail: format!("percent={} roles={roles} version={}", flag.percent.get(), flag.version),
        }
    }
}
