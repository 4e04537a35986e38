//! State of the schema of a database.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Database,
    convert::timestamp,
    migrations::{AppliedMigration, Migrations, applied_migrations},
};
use crate::{MigrationStatus, SchemaState, StoreResult};

impl Migrations {
    /// Compares the schema of the database with these migrations. Read-only.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn schema_state(&self, database: &Database) -> StoreResult<SchemaState> {
        let mut missing: BTreeSet<i64> = self.0.iter().map(|migration| migration.version).collect();
        let mut unknown = 0_usize;
        for applied in applied_migrations(database).await?.into_values() {
            missing.remove(&applied.version);
            match self.0.iter().find(|migration| migration.version == applied.version) {
                None => unknown = unknown.saturating_add(1),
                Some(migration) if applied.applied_at.is_some() && migration.checksum == applied.checksum => {}
                Some(_) => return Ok(SchemaState::Dirty(applied.version)),
            }
        }
        Ok(match (unknown, missing.len()) {
            (0, 0) => SchemaState::Current,
            (0, missing) => SchemaState::Outdated(missing),
            (unknown, _) => SchemaState::Newer(unknown),
        })
    }

    /// Returns all of these migrations and of the database's, ordered by version.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn migration_statuses(&self, database: &Database) -> StoreResult<Vec<MigrationStatus>> {
        let names = self.0.iter().map(|migration| (migration.version, migration.name.clone()));
        let pending = names.map(|(version, name)| (version, MigrationStatus { version, name, applied_at: None }));
        let mut statuses: BTreeMap<i64, MigrationStatus> = pending.collect();
        for AppliedMigration { version, name, applied_at, .. } in applied_migrations(database).await?.into_values() {
            statuses.insert(version, MigrationStatus { version, name, applied_at: applied_at.map(timestamp) });
        }
        Ok(statuses.into_values().collect())
    }
}

impl Database {
    /// Compares the schema with the migrations of this build. Read-only.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn schema_state(&self) -> StoreResult<SchemaState> {
        Migrations::of_this_build()?.schema_state(self).await
    }

    /// Returns all migrations of this build and of the database, ordered by version.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn migration_statuses(&self) -> StoreResult<Vec<MigrationStatus>> {
        Migrations::of_this_build()?.migration_statuses(self).await
    }
}
