//! Application and reversal of migrations.

use std::{collections::BTreeMap, time::Duration};

use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
};

use super::{
    Database,
    migration_lock::MigrationLock,
    migrations::{AppliedMigration, MIGRATIONS_COLLECTION, Migration, Migrations, applied_migrations},
    schema_changes::CollectionSchemas,
};
use crate::{MigrationStatus, StoreError, StoreResult};

/// Longest duration of all migrations together, including the wait for another node that migrates.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(10);

impl Migrations {
    /// Applies these migrations. Nodes that start at the same time migrate one after the other.
    ///
    /// A migration that a crashed node has begun is applied again: every change is idempotent.
    ///
    /// # Errors
    /// A migration fails, or another build has migrated the schema.
    pub async fn run(&self, database: &Database) -> StoreResult<()> {
        run_locked(database, self.apply(database)).await
    }

    /// Reverts the last migration, deletes its data, and returns it. For development.
    ///
    /// # Errors
    /// The database has migrations that are not among these, or with another checksum.
    pub async fn revert_last_migration(&self, database: &Database) -> StoreResult<Option<MigrationStatus>> {
        run_locked(database, self.revert(database)).await
    }

    async fn apply(&self, database: &Database) -> StoreResult<()> {
        let applied = self.verified_applied_migrations(database).await?;
        for migration in &self.0 {
            match applied.get(&migration.version) {
                Some(record) if record.applied_at.is_some() => continue,
                Some(_) => {}
                None => insert_record(database, migration).await?,
            }
            for (collection, change) in &migration.changes {
                change.apply(database, collection).await?;
            }
            let finished = vec![doc! { "$set": { "applied_at": "$$NOW" } }];
            records(database).update_one(doc! { "_id": migration.version }, finished).await?;
        }
        Ok(())
    }

    async fn revert(&self, database: &Database) -> StoreResult<Option<MigrationStatus>> {
        self.verified_applied_migrations(database).await?;
        let mut applied = self.migration_statuses(database).await?;
        applied.retain(|migration| migration.applied_at.is_some());
        let Some(last) = applied.pop() else { return Ok(None) };
        let mut before = CollectionSchemas::default();
        for migration in &self.0 {
            if migration.version < last.version {
                before.add(&migration.changes)?;
                continue;
            }
            if migration.version == last.version {
                let begun = vec![doc! { "$set": { "applied_at": Bson::Null } }];
                records(database).update_one(doc! { "_id": last.version }, begun).await?;
                for (collection, change) in &migration.changes {
                    change.revert(database, collection, &before).await?;
                }
                records(database).delete_one(doc! { "_id": last.version }).await?;
            }
        }
        Ok(Some(last))
    }

    /// Returns the records of the database, after checking that each matches one of these migrations.
    async fn verified_applied_migrations(&self, database: &Database) -> StoreResult<BTreeMap<i64, AppliedMigration>> {
        let applied = applied_migrations(database).await?;
        for record in applied.values() {
            let migration = self.0.iter().find(|migration| migration.version == record.version);
            let migration = migration.ok_or("database was migrated by a newer build").map_err(StoreError::corrupt)?;
            if migration.checksum != record.checksum {
                return Err(StoreError::corrupt("migration was changed after it was applied"));
            }
        }
        Ok(applied)
    }
}

impl Database {
    /// Applies all migrations of this build. Nodes that start at the same time migrate one after the other.
    ///
    /// # Errors
    /// A migration fails, or a newer build has migrated the schema.
    pub async fn migrate(&self) -> StoreResult<()> {
        Migrations::of_this_build()?.run(self).await
    }

    /// Reverts the last migration, deletes its data, and returns it. For development.
    ///
    /// # Errors
    /// The schema was migrated by another build.
    pub async fn revert_last_migration(&self) -> StoreResult<Option<MigrationStatus>> {
        Migrations::of_this_build()?.revert_last_migration(self).await
    }
}

/// Runs `work` while no other node migrates.
async fn run_locked<T>(database: &Database, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    let locked = async {
        let lock = MigrationLock::acquire(database, MIGRATIONS_COLLECTION).await?;
        let result = lock.run_locked(work).await;
        // An error is ignored: the lock expires.
        let _ = lock.release().await;
        result
    };
    let result = tokio::time::timeout(MIGRATION_TIMEOUT, Box::pin(locked)).await;
    result.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into())))
}

async fn insert_record(database: &Database, migration: &Migration) -> StoreResult<()> {
    let record = AppliedMigration {
        version: migration.version,
        name: migration.name.clone(),
        checksum: migration.checksum.clone(),
        applied_at: None,
    };
    database.collection::<AppliedMigration>(MIGRATIONS_COLLECTION).insert_one(record).await?;
    Ok(())
}

fn records(database: &Database) -> Collection<Document> {
    database.collection(MIGRATIONS_COLLECTION)
}
