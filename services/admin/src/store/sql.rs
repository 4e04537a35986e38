//! Flag store on Postgres and SQLite.

use async_trait::async_trait;
use kith_kernel::{Role, audit::AuditEntry};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{Database, Engine, SqlTimestamp, Sqlite},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::Store;
use crate::{Flag, FlagName, Percent};

/// Flag store on a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    /// Creates a store on this database.
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    percent: i64,
    roles: String,
    version: i64,
    updated_at: SqlTimestamp,
}

impl Row {
    fn into_flag(self) -> StoreResult<Flag> {
        let percent = u32::try_from(self.percent).map_err(StoreError::corrupt)?;
        Ok(Flag {
            id: self.id,
            name: FlagName::parse(&self.name).map_err(StoreError::corrupt)?,
            percent: Percent::new(percent).map_err(StoreError::corrupt)?,
            // A role that only a newer build knows is ignored.
            roles: Role::ALL
                .into_iter()
                .filter(|role| self.roles.split(' ').any(|word| word == role.as_str()))
                .collect(),
            version: self.version,
            changed_at: self.updated_at.0,
        })
    }
}

fn role_names(flag: &Flag) -> String {
    flag.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")
}

#[sql]
#[async_trait]
impl Store for Sql<Db> {
    async fn find(&self, name: &FlagName) -> StoreResult<Option<Flag>> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, name, percent, roles, version, updated_at FROM feature_flags WHERE name = $1")
                .bind(name.as_str())
                .fetch_optional(self.database.reader())
                .await?;
        row.map(Row::into_flag).transpose()
    }

    async fn list(&self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<Flag>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, name, percent, roles, version, updated_at FROM feature_flags WHERE id > $1
             ORDER BY id LIMIT $2",
        )
        .bind(after.unwrap_or_default())
        .bind(limit)
        .fetch_all(self.database.reader())
        .await?;
        rows.into_iter().map(Row::into_flag).collect()
    }

    async fn insert(&self, flag: &Flag, entries: &[AuditEntry]) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO feature_flags (id, name, percent, roles, version, updated_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(flag.id)
        .bind(flag.name.as_str())
        .bind(i64::from(flag.percent.get()))
        .bind(role_names(flag))
        .bind(flag.version)
        .bind(SqlTimestamp(flag.changed_at))
        .execute(&mut *tx)
        .await?;
        tx.append_audit(entries).await?;
        tx.commit().await
    }

    async fn update(&self, flag: &Flag, entries: &[AuditEntry]) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let result = sqlx::query(
            "UPDATE feature_flags SET percent = $2, roles = $3, version = $4, updated_at = $5
             WHERE name = $1 AND version = $4 - 1",
        )
        .bind(flag.name.as_str())
        .bind(i64::from(flag.percent.get()))
        .bind(role_names(flag))
        .bind(flag.version)
        .bind(SqlTimestamp(flag.changed_at))
        .execute(&mut *tx)
        .await?;
        if result.rows_affected() == 0 {
            return Ok(false);
        }
        tx.append_audit(entries).await?;
        tx.commit().await?;
        Ok(true)
    }
}
