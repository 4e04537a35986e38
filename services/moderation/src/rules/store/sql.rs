//! Rules in Postgres and in SQLite.

use async_trait::async_trait;
use kith_kernel::{UserId, audit::Entry};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{At, Database, Engine, Sqlite},
};
use uuid::Uuid;

use super::{Kept, Store};

/// Rules in a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    /// The rules of this database.
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    rules: String,
    name: String,
    actor: Uuid,
    created_at: At,
}

#[sql]
#[async_trait]
impl Store for Sql<Db> {
    async fn newest(&self) -> StoreResult<Option<u32>> {
        let (version,): (Option<i64>,) =
            sqlx::query_as("SELECT MAX(version) FROM screen_rules").fetch_one(self.database.reader()).await?;
        version
            .map(|it| u32::try_from(it).map_err(|_| StoreError::corrupt("a version of rules is no number")))
            .transpose()
    }

    async fn version(&self, version: u32) -> StoreResult<Option<Kept>> {
        let row: Option<Row> =
            sqlx::query_as("SELECT rules, name, actor, created_at FROM screen_rules WHERE version = $1")
                .bind(i64::from(version))
                .fetch_optional(self.database.reader())
                .await?;
        row.map(Row::into_kept).transpose()
    }

    async fn put(&self, new: &Kept, entry: &Entry) -> StoreResult<bool> {
        let rules = serde_json::to_string(&new.rules).map_err(|_| StoreError::corrupt("rules cannot be written"))?;
        let mut tx = self.database.begin().await?;
        let put = sqlx::query(
            "INSERT INTO screen_rules (version, rules, name, actor, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (version) DO NOTHING",
        )
        .bind(i64::from(new.rules.version))
        .bind(rules)
        .bind(&new.name)
        .bind(new.by.uuid())
        .bind(At(new.at))
        .execute(&mut *tx)
        .await?;
        if put.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.audit(std::slice::from_ref(entry)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Row {
    fn into_kept(self) -> StoreResult<Kept> {
        let rules =
            serde_json::from_str(&self.rules).map_err(|_| StoreError::corrupt("rules that are kept cannot be read"))?;
        Ok(Kept { rules, name: self.name, by: UserId::from_uuid(self.actor), at: self.created_at.0 })
    }
}
