//! Roles.

use async_trait::async_trait;
use kith_kernel::{Event, PersonaScope, Role, UserId, audit::AuditEntry, ports::SetRoleOutcome};
use kith_storage::{StoreResult, sql};
use sqlx::AssertSqlSafe;

use super::{Sql, rows::AccountRow};
use crate::{Handle, Profile, store::StaffStore};

#[sql]
#[async_trait]
impl StaffStore for Sql<Db> {
    async fn list_staff(&self) -> StoreResult<Vec<Profile>> {
        let select = format!(
            "{} WHERE accounts.role IN ($1, $2) AND personas.scope = $3
             ORDER BY CASE WHEN accounts.role = $1 THEN 0 ELSE 1 END, accounts.id",
            AccountRow::SELECT
        );
        let rows: Vec<AccountRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(Role::Admin.as_str())
            .bind(Role::Moderator.as_str())
            .bind(PersonaScope::Public.to_string())
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(AccountRow::into_profile).collect()
    }

    async fn set_role(
        &self,
        user: UserId,
        role: Role,
        events: &[Event],
        entries: &[AuditEntry],
    ) -> StoreResult<Option<SetRoleOutcome>> {
        let mut tx = self.database.begin().await?;
        // Role changes are serialized: two concurrent calls that demote the last two admins would each count the other.
        tx.lock("roles", &[]).await?;
        let current: Option<(String,)> = sqlx::query_as("SELECT role FROM accounts WHERE id = $1")
            .bind(user.uuid())
            .fetch_optional(&mut *tx)
            .await?;
        let Some((current,)) = current else { return Ok(None) };
        if current == role.as_str() {
            return Ok(Some(SetRoleOutcome::Unchanged));
        }
        if current == Role::Admin.as_str() {
            let (admins,): (i64,) = sqlx::query_as("SELECT count(*) FROM accounts WHERE role = $1")
                .bind(Role::Admin.as_str())
                .fetch_one(&mut *tx)
                .await?;
            if admins < 2 {
                return Ok(Some(SetRoleOutcome::LastAdmin));
            }
        }
        sqlx::query("UPDATE accounts SET role = $2 WHERE id = $1")
            .bind(user.uuid())
            .bind(role.as_str())
            .execute(&mut *tx)
            .await?;
        tx.append_events(events).await?;
        tx.append_audit(entries).await?;
        tx.commit().await?;
        Ok(Some(SetRoleOutcome::Changed))
    }

    async fn find_by_handle(&self, handle: &Handle) -> StoreResult<Option<Profile>> {
        let select = format!("{} WHERE personas.skeleton = $1 AND personas.scope = $2", AccountRow::SELECT);
        let row: Option<AccountRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(handle.skeleton())
            .bind(PersonaScope::Public.to_string())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(AccountRow::into_profile).transpose()
    }
}
