//! Schema state and migrations of the SQL databases.

use std::{any::Any, collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kith_storage::{
    MigrationStatus, SchemaState, StoreError, StoreResult, sql,
    sql::{Database, Engine},
};
use kith_testkit::run_concurrently;
use sqlx::{AssertSqlSafe, Executor as _};

struct Harness {
    schema: Arc<dyn SchemaOps>,
    _database: Box<dyn Any + Send + Sync>,
}

async fn sqlite() -> Harness {
    let file = kith_testkit::sqlite_database().await;
    Harness { schema: Arc::new(Ops { database: (*file).clone() }), _database: Box::new(file) }
}

async fn postgres() -> Harness {
    let server = kith_testkit::postgres_database().await;
    Harness { schema: Arc::new(Ops { database: (*server).clone() }), _database: Box::new(server) }
}

/// Schema operations of both databases.
#[async_trait]
trait SchemaOps: Send + Sync {
    async fn schema_state(&self) -> SchemaState;

    async fn migration_statuses(&self) -> Vec<MigrationStatus>;

    async fn migrate(&self) -> StoreResult<()>;

    async fn revert_last_migration(&self) -> StoreResult<Option<MigrationStatus>>;

    async fn execute(&self, sql: &str);
}

struct Ops<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl SchemaOps for Ops<Db> {
    #[no_timeout]
    async fn schema_state(&self) -> SchemaState {
        self.database.schema_state().await.unwrap()
    }

    #[no_timeout]
    async fn migration_statuses(&self) -> Vec<MigrationStatus> {
        self.database.migration_statuses().await.unwrap()
    }

    #[no_timeout]
    async fn migrate(&self) -> StoreResult<()> {
        self.database.migrate().await
    }

    #[no_timeout]
    async fn revert_last_migration(&self) -> StoreResult<Option<MigrationStatus>> {
        self.database.revert_last_migration().await
    }

    #[no_timeout]
    async fn execute(&self, sql: &str) {
        let mut tx = self.database.begin().await.unwrap();
        tx.execute(AssertSqlSafe(sql)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_schema_is_current_outdated_newer_or_dirty(harness: &Harness) {
        assert_eq!(harness.schema.schema_state().await, SchemaState::Current);
        let last = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
        harness.schema.execute(last).await;
        assert_eq!(harness.schema.schema_state().await, SchemaState::Outdated(1));
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 999999, 'of a newer build', TRUE, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        harness.schema.execute(newer).await;
        assert_eq!(harness.schema.schema_state().await, SchemaState::Newer(1));
        harness.schema.migrate().await.unwrap_err();
        harness.schema.revert_last_migration().await.unwrap_err();
        let other = "UPDATE _sqlx_migrations SET checksum =
             (SELECT checksum FROM _sqlx_migrations WHERE version = 2) WHERE version = 1";
        harness.schema.execute(other).await;
        assert_eq!(harness.schema.schema_state().await, SchemaState::Dirty(1));
        harness.schema.revert_last_migration().await.unwrap_err();
        harness.schema.execute("DROP TABLE _sqlx_migrations").await;
        assert!(matches!(harness.schema.schema_state().await, SchemaState::Outdated(_)));
    }

    async fn an_interrupted_migration_is_dirty_and_blocks_further_migrations(harness: &Harness) {
        harness.schema.execute("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 2").await;
        assert_eq!(harness.schema.schema_state().await, SchemaState::Dirty(2));
        assert!(matches!(harness.schema.migrate().await, Err(StoreError::Internal(_))));
    }

    async fn all_migrations_can_be_reverted_and_applied_again(harness: &Harness) {
        let all = harness.schema.migration_statuses().await;
        assert!(all.iter().all(|migration| migration.applied_at.is_some()));
        assert_eq!((all[0].version, all[0].name.as_str()), (1, "events"));
        let versions: BTreeSet<i64> = all.iter().map(|migration| migration.version).collect();
        assert_eq!(versions.len(), all.len());
        for (reverted, migration) in all.iter().rev().enumerate() {
            assert_eq!(harness.schema.revert_last_migration().await.unwrap().as_ref(), Some(migration));
            assert_eq!(harness.schema.schema_state().await, SchemaState::Outdated(reverted + 1));
        }
        assert_eq!(harness.schema.revert_last_migration().await.unwrap(), None);
        assert!(harness.schema.migration_statuses().await.iter().all(|migration| migration.applied_at.is_none()));
        harness.schema.migrate().await.unwrap();
        assert_eq!(harness.schema.schema_state().await, SchemaState::Current);
        assert_eq!(harness.schema.migration_statuses().await.len(), all.len());
    }

    async fn nodes_that_start_concurrently_migrate_one_after_the_other(harness: &Harness) {
        while harness.schema.revert_last_migration().await.unwrap().is_some() {}
        let nodes = (0..8).map(|_| {
            let schema = harness.schema.clone();
            async move { schema.migrate().await }
        });
        for migrated in run_concurrently(nodes).await {
            migrated.unwrap();
        }
        assert_eq!(harness.schema.schema_state().await, SchemaState::Current);
    }
}
