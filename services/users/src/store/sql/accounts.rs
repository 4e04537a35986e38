//! Accounts and personas.

use async_trait::async_trait;
use kith_kernel::{Event, PersonaId, PersonaScope, Timestamp, UserId, audit::AuditEntry};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};
use sqlx::{AssertSqlSafe, Executor, QueryBuilder};

use super::{Sql, rows::AccountRow};
use crate::{
    Account, Handle, Profile,
    store::{AccountStore, NewAccount, NewPersona, PrivacyUpdate, ProfileUpdate},
};

/// Namespace of the locks on accounts. An account is locked while it or one of its personas is created.
const LOCK_NAMESPACE: &str = "accounts";

#[sql]
#[async_trait]
impl AccountStore for Sql<Db> {
    async fn create_account(&self, new: &NewAccount) -> StoreResult<Account> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, new.user.uuid().as_bytes()).await?;
        if let Some(account) = Self::find_account(&mut *tx, new.user).await? {
            tx.rollback().await?;
            return Ok(account);
        }
        sqlx::query("INSERT INTO accounts (id, created_at) VALUES ($1, $2)")
            .bind(new.user.uuid())
            .bind(SqlTimestamp(new.at))
            .execute(&mut *tx)
            .await?;
        let NewAccount { user, persona, handle, avatar, .. } = new.clone();
        Self::insert_persona(&mut tx, &NewPersona { user, scope: PersonaScope::Public, persona, handle, avatar })
            .await?;
        let account = Self::find_account(&mut *tx, new.user).await?;
        tx.commit().await?;
        account.ok_or_else(|| StoreError::corrupt("created account not found"))
    }

    async fn get_account(&self, user: UserId) -> StoreResult<Option<Account>> {
        Self::find_account(self.database.reader(), user).await
    }

    async fn create_persona(&self, new: &NewPersona) -> StoreResult<Option<Profile>> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, new.user.uuid().as_bytes()).await?;
        let (user, scope) = (new.user, new.scope);
        let existing = Self::find(&mut *tx, user, scope).await?;
        if existing.is_some() || Self::find_account(&mut *tx, user).await?.is_none() {
            tx.rollback().await?;
            return existing.map(AccountRow::into_profile).transpose();
        }
        Self::insert_persona(&mut tx, new).await?;
        let created = Self::find(&mut *tx, user, scope).await?;
        tx.commit().await?;
        created.map(AccountRow::into_profile).transpose()
    }

    async fn get_profile(&self, persona: PersonaId) -> StoreResult<Option<Profile>> {
        Ok(self.get_profiles(&[persona]).await?.pop())
    }

    async fn get_profiles(&self, personas: &[PersonaId]) -> StoreResult<Vec<Profile>> {
        if personas.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = QueryBuilder::<Db>::new(AccountRow::SELECT);
        select.push(" WHERE personas.id IN (");
        let mut ids = select.separated(", ");
        for persona in personas {
            ids.push_bind(persona.uuid());
        }
        select.push(")");
        let rows: Vec<AccountRow> = select.build_query_as().fetch_all(self.database.reader()).await?;
        rows.into_iter().map(AccountRow::into_profile).collect()
    }

    async fn update_profile(&self, user: UserId, version: i64, update: &ProfileUpdate) -> StoreResult<Option<Account>> {
        let mut tx = self.database.begin().await?;
        let incremented = sqlx::query(
            "UPDATE accounts SET profile_version = profile_version + 1 WHERE id = $1 AND profile_version = $2",
        )
        .bind(user.uuid())
        .bind(version)
        .execute(&mut *tx)
        .await?;
        if incremented.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        sqlx::query(
            "UPDATE personas SET handle = COALESCE($3, handle), skeleton = COALESCE($4, skeleton),
                avatar = COALESCE($5, avatar)
             WHERE account = $1 AND scope = $2",
        )
        .bind(user.uuid())
        .bind(PersonaScope::Public.to_string())
        .bind(update.handle.as_ref().map(Handle::as_str))
        .bind(update.handle.as_ref().map(Handle::skeleton))
        .bind(update.avatar.map(|avatar| i64::from(avatar.get())))
        .execute(&mut *tx)
        .await?;
        let account = Self::find_account(&mut *tx, user).await?;
        tx.commit().await?;
        Ok(account)
    }

    async fn update_privacy(&self, user: UserId, version: i64, update: &PrivacyUpdate) -> StoreResult<Option<Account>> {
        let mut tx = self.database.begin().await?;
        let changed = sqlx::query(
            "UPDATE accounts SET privacy_version = privacy_version + 1, shows_points = COALESCE($3, shows_points),
                shows_badges = COALESCE($4, shows_badges)
             WHERE id = $1 AND privacy_version = $2",
        )
        .bind(user.uuid())
        .bind(version)
        .bind(update.shows_points.map(i64::from))
        .bind(update.shows_badges.map(i64::from))
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        let account = Self::find_account(&mut *tx, user).await?;
        tx.commit().await?;
        Ok(account)
    }

    async fn set_suspension(
        &self,
        user: UserId,
        until: Option<Timestamp>,
        events: &[Event],
        entries: &[AuditEntry],
    ) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let changed = sqlx::query(
            "UPDATE accounts SET suspended_until = $2 WHERE id = $1 AND suspended_until IS DISTINCT FROM $2",
        )
        .bind(user.uuid())
        .bind(until.map(SqlTimestamp))
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.append_events(events).await?;
        tx.append_audit(entries).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn set_mute(&self, user: UserId, until: Option<Timestamp>, events: &[Event]) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let changed =
            sqlx::query("UPDATE accounts SET muted_until = $2 WHERE id = $1 AND muted_until IS DISTINCT FROM $2")
                .bind(user.uuid())
                .bind(until.map(SqlTimestamp))
                .execute(&mut *tx)
                .await?;
        if changed.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.append_events(events).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[sql]
impl Sql<Db> {
    async fn find_account(executor: impl Executor<'_, Database = Db>, user: UserId) -> StoreResult<Option<Account>> {
        Self::find(executor, user, PersonaScope::Public).await?.map(AccountRow::into_account).transpose()
    }

    async fn find(
        executor: impl Executor<'_, Database = Db>,
        user: UserId,
        scope: PersonaScope,
    ) -> StoreResult<Option<AccountRow>> {
        let select = format!("{} WHERE personas.account = $1 AND personas.scope = $2", AccountRow::SELECT);
        let query = sqlx::query_as(AssertSqlSafe(select)).bind(user.uuid()).bind(scope.to_string());
        Ok(query.fetch_optional(executor).await?)
    }

    async fn insert_persona(tx: &mut Tx<Db>, new: &NewPersona) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO personas (id, account, scope, handle, skeleton, avatar) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.persona.uuid())
        .bind(new.user.uuid())
        .bind(new.scope.to_string())
        .bind(new.handle.as_str())
        .bind(new.handle.skeleton())
        .bind(i64::from(new.avatar.get()))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
