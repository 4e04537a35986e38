//! Rule store on Postgres and SQLite.

use async_trait::async_trait;
use kith_kernel::{UserId, audit::AuditEntry};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{Database, Engine, SqlTimestamp, Sqlite},
};
use uuid::Uuid;

use super::{RuleSetVersion, Store};

/// Rule store on a SQL database.
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

#[derive(Debug, sqlx::FromRow)]
struct Row {
    rules: String,
    changed_rule: String,
    actor: Uuid,
    created_at: SqlTimestamp,
}

#[sql]
#[async_trait]
impl Store for Sql<Db> {
    async fn newest_version(&self) -> StoreResult<Option<u32>> {
        let (version,): (Option<i64>,) =
            sqlx::query_as("SELECT MAX(version) FROM screening_rule_sets").fetch_one(self.database.reader()).await?;
        version
            .map(|version| {
                u32::try_from(version).map_err(|_| StoreError::corrupt("version of a rule set is out of range"))
            })
            .transpose()
    }

    async fn find(&self, version: u32) -> StoreResult<Option<RuleSetVersion>> {
        let row: Option<Row> =
            sqlx::query_as("SELECT rules, changed_rule, actor, created_at FROM screening_rule_sets WHERE version = $1")
                .bind(i64::from(version))
                .fetch_optional(self.database.reader())
                .await?;
        row.map(Row::into_version).transpose()
    }

    async fn insert(&self, version: &RuleSetVersion, entry: &AuditEntry) -> StoreResult<bool> {
        let rules =
            serde_json::to_string(&version.rules).map_err(|_| StoreError::corrupt("rule set cannot be serialized"))?;
        let mut tx = self.database.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO screening_rule_sets (version, rules, changed_rule, actor, created_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (version) DO NOTHING",
        )
        .bind(i64::from(version.rules.version))
        .bind(rules)
        .bind(&version.changed_rule)
        .bind(version.author.uuid())
        .bind(SqlTimestamp(version.at))
        .execute(&mut *tx)
        .await?;
        if inserted.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.append_audit(std::slice::from_ref(entry)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Row {
    fn into_version(self) -> StoreResult<RuleSetVersion> {
        let rules =
            serde_json::from_str(&self.rules).map_err(|_| StoreError::corrupt("stored rule set cannot be parsed"))?;
        Ok(RuleSetVersion {
            rules,
            changed_rule: self.changed_rule,
            author: UserId::from_uuid(self.actor),
            at: self.created_at.0,
        })
    }
}
