//! Accounts and personas.

use async_trait::async_trait;
use kernel::{Event, PersonaId, Timestamp, UserId, audit::Entry};
use sqlx::{AssertSqlSafe, Executor, QueryBuilder};
use storage::{StoreError, StoreResult, sql, sql::At};

use super::{Sql, rows::AccountRow};
use crate::{
    Account, Handle, Profile,
    store::{AccountStore, Change, Opening, PUBLIC},
};

#[sql]
#[async_trait]
impl AccountStore for Sql<Db> {
    async fn open(&self, opening: &Opening) -> StoreResult<Account> {
        let mut tx = self.database.begin().await?;
        tx.hold("accounts", opening.user.uuid().as_bytes()).await?;
        if let Some(account) = Self::find_account(&mut *tx, opening.user).await? {
            tx.rollback().await?;
            return Ok(account);
        }
        sqlx::query("INSERT INTO accounts (id, created_at) VALUES ($1, $2)")
            .bind(opening.user.uuid())
            .bind(At(opening.at))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO personas (id, owner, space, handle, skeleton, avatar) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(opening.persona.uuid())
        .bind(opening.user.uuid())
        .bind(PUBLIC)
        .bind(opening.handle.as_str())
        .bind(opening.handle.skeleton())
        .bind(i64::from(opening.avatar.number()))
        .execute(&mut *tx)
        .await?;
        let account = Self::find_account(&mut *tx, opening.user).await?;
        tx.commit().await?;
        account.ok_or_else(|| StoreError::corrupt("an account was opened and is not there"))
    }

    async fn account(&self, user: UserId) -> StoreResult<Option<Account>> {
        Self::find_account(self.database.reader(), user).await
    }

    async fn profile(&self, persona: PersonaId) -> StoreResult<Option<Profile>> {
        Ok(self.profiles(&[persona]).await?.pop())
    }

    async fn profiles(&self, personas: &[PersonaId]) -> StoreResult<Vec<Profile>> {
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

    async fn update(&self, user: UserId, version: i64, change: &Change) -> StoreResult<Option<Account>> {
        let mut tx = self.database.begin().await?;
        let counted = sqlx::query("UPDATE accounts SET version = version + 1 WHERE id = $1 AND version = $2")
            .bind(user.uuid())
            .bind(version)
            .execute(&mut *tx)
            .await?;
        if counted.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        sqlx::query(
            "UPDATE personas SET handle = COALESCE($3, handle), skeleton = COALESCE($4, skeleton),
                avatar = COALESCE($5, avatar)
             WHERE owner = $1 AND space = $2",
        )
        .bind(user.uuid())
        .bind(PUBLIC)
        .bind(change.handle.as_ref().map(Handle::as_str))
        .bind(change.handle.as_ref().map(Handle::skeleton))
        .bind(change.avatar.map(|avatar| i64::from(avatar.number())))
        .execute(&mut *tx)
        .await?;
        let account = Self::find_account(&mut *tx, user).await?;
        tx.commit().await?;
        Ok(account)
    }

    async fn suspend(
        &self,
        user: UserId,
        until: Option<Timestamp>,
        events: &[Event],
        entries: &[Entry],
    ) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let changed = sqlx::query(
            "UPDATE accounts SET suspended_until = $2 WHERE id = $1 AND suspended_until IS DISTINCT FROM $2",
        )
        .bind(user.uuid())
        .bind(until.map(At))
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.record(events).await?;
        tx.audit(entries).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[sql]
impl Sql<Db> {
    async fn find_account(executor: impl Executor<'_, Database = Db>, user: UserId) -> StoreResult<Option<Account>> {
        let select = format!("{} WHERE personas.owner = $1 AND personas.space = $2", AccountRow::SELECT);
        let row: Option<AccountRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(user.uuid()).bind(PUBLIC).fetch_optional(executor).await?;
        row.map(AccountRow::into_account).transpose()
    }
}
