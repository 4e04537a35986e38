//! How the schema of a database stands to this build, without changing it.

use std::collections::BTreeSet;

use super::{Database, database::MIGRATIONS};
use crate::StoreResult;

/// How a schema stands to this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// It is this build's.
    Current,
    /// So many migrations of this build are missing.
    Behind(usize),
    /// So many migrations are not this build's: a newer one has been here.
    Ahead(usize),
    /// This migration stopped half-way, or is not the one that this build has under its number.
    Broken(i64),
}

impl Database {
    /// How the schema stands to this build. Nothing is changed.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn schema(&self) -> StoreResult<Schema> {
        let known = MIGRATIONS.iter().filter(|migration| !migration.migration_type.is_down_migration());
        let begun: Option<(i64,)> =
            sqlx::query_as("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
                .fetch_optional(self.reader())
                .await?;
        if begun.is_none() {
            return Ok(Schema::Behind(known.count()));
        }
        let applied: Vec<(i64, bool, Vec<u8>)> =
            sqlx::query_as("SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version")
                .fetch_all(self.reader())
                .await?;
        let mut missing: BTreeSet<i64> = known.map(|migration| migration.version).collect();
        let mut foreign = 0_usize;
        for (version, success, checksum) in applied {
            missing.remove(&version);
            match MIGRATIONS.iter().find(|migration| migration.version == version) {
                None => foreign = foreign.saturating_add(1),
                Some(ours) if success && ours.checksum.as_ref() == checksum => {}
                Some(_) => return Ok(Schema::Broken(version)),
            }
        }
        Ok(match (foreign, missing.len()) {
            (0, 0) => Schema::Current,
            (0, missing) => Schema::Behind(missing),
            (foreign, _) => Schema::Ahead(foreign),
        })
    }
}
