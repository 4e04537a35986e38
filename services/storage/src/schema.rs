//! State of a database schema, in terms common to all databases.

use kith_kernel::Timestamp;

/// State of a database schema compared with the migrations of this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// All migrations of this build are applied, and no others.
    Current,
    /// Number of migrations of this build that are not applied yet.
    Outdated(usize),
    /// Number of applied migrations that this build does not have: a newer build has migrated the database.
    Newer(usize),
    /// Version of a migration that was interrupted, or whose checksum differs from this build's.
    Dirty(i64),
}

/// A migration known to this build, to the database, or to both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    pub version: i64,
    pub name: String,
    /// `None` if it is not applied yet.
    pub applied_at: Option<Timestamp>,
}
