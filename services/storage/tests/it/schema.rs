//! How a schema stands to this build, and how it is changed.

use std::{any::Any, collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{Database, Engine, Schema, Step},
};
use kith_testkit::race;
use sqlx::{AssertSqlSafe, Executor as _};

struct Bed {
    schema: Arc<dyn Changing>,
    _kept: Box<dyn Any + Send + Sync>,
}

async fn sqlite() -> Bed {
    let file = kith_testkit::sqlite().await;
    Bed { schema: Arc::new(Whole { database: (*file).clone() }), _kept: Box::new(file) }
}

async fn postgres() -> Bed {
    let server = kith_testkit::postgres().await;
    Bed { schema: Arc::new(Whole { database: (*server).clone() }), _kept: Box::new(server) }
}

/// What both databases say of their schemas.
#[async_trait]
trait Changing: Send + Sync {
    async fn schema(&self) -> Schema;

    async fn steps(&self) -> Vec<Step>;

    async fn migrate(&self) -> StoreResult<()>;

    async fn down(&self) -> StoreResult<Option<Step>>;

    async fn change(&self, sql: &str);
}

struct Whole<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl Changing for Whole<Db> {
    #[unhurried]
    async fn schema(&self) -> Schema {
        self.database.schema().await.unwrap()
    }

    #[unhurried]
    async fn steps(&self) -> Vec<Step> {
        self.database.steps().await.unwrap()
    }

    #[unhurried]
    async fn migrate(&self) -> StoreResult<()> {
        self.database.migrate().await
    }

    #[unhurried]
    async fn down(&self) -> StoreResult<Option<Step>> {
        self.database.down().await
    }

    #[unhurried]
    async fn change(&self, sql: &str) {
        let mut tx = self.database.begin().await.unwrap();
        tx.execute(AssertSqlSafe(sql)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_schema_is_current_behind_ahead_or_broken(bed: &Bed) {
        assert_eq!(bed.schema.schema().await, Schema::Current);
        let last = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
        bed.schema.change(last).await;
        assert_eq!(bed.schema.schema().await, Schema::Behind(1));
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 999999, 'of a newer build', TRUE, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        bed.schema.change(newer).await;
        assert_eq!(bed.schema.schema().await, Schema::Ahead(1));
        bed.schema.migrate().await.unwrap_err();
        bed.schema.down().await.unwrap_err();
        let other = "UPDATE _sqlx_migrations SET checksum =
             (SELECT checksum FROM _sqlx_migrations WHERE version = 2) WHERE version = 1";
        bed.schema.change(other).await;
        assert_eq!(bed.schema.schema().await, Schema::Broken(1));
        bed.schema.down().await.unwrap_err();
        bed.schema.change("DROP TABLE _sqlx_migrations").await;
        assert!(matches!(bed.schema.schema().await, Schema::Behind(_)));
    }

    async fn a_migration_that_stopped_half_way_is_broken_and_nothing_is_migrated_over_it(bed: &Bed) {
        bed.schema.change("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 2").await;
        assert_eq!(bed.schema.schema().await, Schema::Broken(2));
        assert!(matches!(bed.schema.migrate().await, Err(StoreError::Internal(_))));
    }

    async fn it_goes_down_step_by_step_and_up_again(bed: &Bed) {
        let all = bed.schema.steps().await;
        assert!(all.iter().all(|step| step.applied_at.is_some()));
        assert_eq!((all[0].version, all[0].name.as_str()), (1, "events"));
        let versions: BTreeSet<i64> = all.iter().map(|step| step.version).collect();
        assert_eq!(versions.len(), all.len());
        for (gone, step) in all.iter().rev().enumerate() {
            assert_eq!(bed.schema.down().await.unwrap().as_ref(), Some(step));
            assert_eq!(bed.schema.schema().await, Schema::Behind(gone + 1));
        }
        assert_eq!(bed.schema.down().await.unwrap(), None);
        assert!(bed.schema.steps().await.iter().all(|step| step.applied_at.is_none()));
        bed.schema.migrate().await.unwrap();
        assert_eq!(bed.schema.schema().await, Schema::Current);
        assert_eq!(bed.schema.steps().await.len(), all.len());
    }

    async fn nodes_that_begin_together_migrate_one_after_the_other(bed: &Bed) {
        while bed.schema.down().await.unwrap().is_some() {}
        let nodes = (0..8).map(|_| {
            let schema = bed.schema.clone();
            async move { schema.migrate().await }
        });
        for migrated in race(nodes).await {
            migrated.unwrap();
        }
        assert_eq!(bed.schema.schema().await, Schema::Current);
    }
}
