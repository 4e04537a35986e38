//! Flags in Postgres and in SQLite.

use async_trait::async_trait;
use kith_kernel::{Role, audit::Entry};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{At, Database, Engine, Sqlite},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::Store;
use crate::admin::{Flag, Name, Percent};

/// Flags in a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    /// The flags of this database.
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
    changed_at: At,
}

impl Row {
    fn into_flag(self) -> StoreResult<Flag> {
        let percent = u32::try_from(self.percent).map_err(StoreError::corrupt)?;
        Ok(Flag {
            id: self.id,
            name: Name::new(&self.name).map_err(StoreError::corrupt)?,
            percent: Percent::new(percent).map_err(StoreError::corrupt)?,
            // A role that a newer build knows is nobody's here.
            roles: Role::ALL.into_iter().filter(|role| self.roles.split(' ').any(|word| word == role.word())).collect(),
            version: self.version,
            changed_at: self.changed_at.0,
        })
    }
}

fn words(flag: &Flag) -> String {
    flag.roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" ")
}

#[sql]
#[async_trait]
impl Store for Sql<Db> {
    async fn flag(&self, name: &Name) -> StoreResult<Option<Flag>> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, name, percent, roles, version, changed_at FROM flags WHERE name = $1")
                .bind(name.as_str())
                .fetch_optional(self.database.reader())
                .await?;
        row.map(Row::into_flag).transpose()
    }

    async fn flags(&self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<Flag>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, name, percent, roles, version, changed_at FROM flags WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after.unwrap_or_default())
        .bind(limit)
        .fetch_all(self.database.reader())
        .await?;
        rows.into_iter().map(Row::into_flag).collect()
    }

    async fn add(&self, flag: &Flag, entries: &[Entry]) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO flags (id, name, percent, roles, version, changed_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(flag.id)
        .bind(flag.name.as_str())
        .bind(i64::from(flag.percent.number()))
        .bind(words(flag))
        .bind(flag.version)
        .bind(At(flag.changed_at))
        .execute(&mut *tx)
        .await?;
        tx.audit(entries).await?;
        tx.commit().await
    }

    async fn set(&self, flag: &Flag, entries: &[Entry]) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let set = sqlx::query(
            "UPDATE flags SET percent = $2, roles = $3, version = $4, changed_at = $5
             WHERE name = $1 AND version = $4 - 1",
        )
        .bind(flag.name.as_str())
        .bind(i64::from(flag.percent.number()))
        .bind(words(flag))
        .bind(flag.version)
        .bind(At(flag.changed_at))
        .execute(&mut *tx)
        .await?;
        if set.rows_affected() == 0 {
            return Ok(false);
        }
        tx.audit(entries).await?;
        tx.commit().await?;
        Ok(true)
    }
}
