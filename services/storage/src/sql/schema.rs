//! Migrations of a SQL database.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kith_kernel::Timestamp;
use sqlx::migrate::{MigrateError, Migration};

use super::{Database, Engine, engine::Dialect as _};
use crate::{MigrationStatus, SchemaState, StoreError, StoreResult, sql};

/// Longest duration of all migrations together, including the wait for another node that migrates.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(10);

/// Version, name, success, checksum, and time in milliseconds.
type AppliedMigration = (i64, String, bool, Vec<u8>, i64);

#[sql]
impl Database<Db> {
    /// Applies all migrations of this build. Nodes that start at the same time migrate one after the other.
    ///
    /// # Errors
    /// A migration fails, or a newer build has migrated the schema.
    pub async fn migrate(&self) -> StoreResult<()> {
        let pool = Db::migration_pool(&self.writer);
        let run = Db::migrations().run(pool.as_ref().unwrap_or(&self.writer));
        let result = tokio::time::timeout(MIGRATION_TIMEOUT, run).await;
        close(pool).await;
        into_store_result(result)
    }

    /// Reverts the last migration, deletes its data, and returns it. For development.
    ///
    /// # Errors
    /// The schema state is [`SchemaState::Newer`] or [`SchemaState::Dirty`], or the migration has no down script.
    pub async fn revert_last_migration(&self) -> StoreResult<Option<MigrationStatus>> {
        if let SchemaState::Newer(_) | SchemaState::Dirty(_) = self.schema_state().await? {
            return Err(StoreError::Internal("schema was not migrated by this build".into()));
        }
        let mut applied = self.migration_statuses().await?;
        applied.retain(|migration| migration.applied_at.is_some());
        let Some(last) = applied.pop() else { return Ok(None) };
        if !Db::migrations().iter().any(|it| it.version == last.version && it.migration_type.is_down_migration()) {
            return Err(StoreError::Internal("migration has no down script".into()));
        }
        let target = applied.last().map_or(0, |migration| migration.version);
        let pool = Db::migration_pool(&self.writer);
        let undo = Db::migrations().undo(pool.as_ref().unwrap_or(&self.writer), target);
        let result = tokio::time::timeout(MIGRATION_TIMEOUT, undo).await;
        close(pool).await;
        into_store_result(result)?;
        Ok(Some(last))
    }

    /// Compares the schema with the migrations of this build. Read-only.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn schema_state(&self) -> StoreResult<SchemaState> {
        let expected: BTreeMap<i64, &Migration> =
            Self::up_migrations().map(|migration| (migration.version, migration)).collect();
        let mut missing: BTreeSet<i64> = expected.keys().copied().collect();
        let mut unknown = 0_usize;
        for (version, _, success, checksum, _) in self.applied_migrations().await? {
            missing.remove(&version);
            match expected.get(&version) {
                None => unknown = unknown.saturating_add(1),
                Some(migration) if success && migration.checksum.as_ref() == checksum => {}
                Some(_) => return Ok(SchemaState::Dirty(version)),
            }
        }
        Ok(match (unknown, missing.len()) {
            (0, 0) => SchemaState::Current,
            (0, missing) => SchemaState::Outdated(missing),
            (unknown, _) => SchemaState::Newer(unknown),
        })
    }

    /// Returns all migrations of this build and of the database, ordered by version.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn migration_statuses(&self) -> StoreResult<Vec<MigrationStatus>> {
        let pending = Self::up_migrations().map(|migration| MigrationStatus {
            version: migration.version,
            name: migration.description.to_string(),
            applied_at: None,
        });
        let mut statuses: BTreeMap<i64, MigrationStatus> = pending.map(|status| (status.version, status)).collect();
        for (version, name, _, _, millis) in self.applied_migrations().await? {
            let applied_at = Some(Timestamp::from_millis(millis));
            statuses.insert(version, MigrationStatus { version, name, applied_at });
        }
        Ok(statuses.into_values().collect())
    }

    fn up_migrations() -> impl Iterator<Item = &'static Migration> {
        Db::migrations().iter().filter(|migration| !migration.migration_type.is_down_migration())
    }

    async fn applied_migrations(&self) -> StoreResult<Vec<AppliedMigration>> {
        self.with_timeout(async {
            let (has_table,): (bool,) = sqlx::query_as(Db::HAS_MIGRATION_TABLE).fetch_one(self.reader()).await?;
            if !has_table {
                return Ok(Vec::new());
            }
            Ok(sqlx::query_as(Db::APPLIED_MIGRATIONS).fetch_all(self.reader()).await?)
        })
        .await
    }
}

/// Closes the migration pool. A failed migration holds the migration lock for as long as its connection is open.
async fn close<D: Engine>(pool: Option<sqlx::Pool<D>>) {
    let Some(pool) = pool else { return };
    // A timeout is ignored: the result of the migration is known already.
    let _ = tokio::time::timeout(Duration::from_secs(1), pool.close()).await;
}

fn into_store_result(result: Result<Result<(), MigrateError>, tokio::time::error::Elapsed>) -> StoreResult<()> {
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))) => Err(error.into()),
        Ok(Err(other)) => Err(StoreError::Internal(other.into())),
        Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
    }
}
