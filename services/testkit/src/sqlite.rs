//! SQLite database for one test.

use std::ops::Deref;

use kith_storage::sql::{Database, Durability};
use tempfile::TempDir;

/// A SQLite database in a temporary folder, which is deleted on drop. Writes are not synced to disk.
#[derive(Debug)]
pub struct SqliteDatabase {
    database: Database,
    _folder: TempDir,
}

impl Deref for SqliteDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

/// Creates and migrates a SQLite database. Keep the returned value for as long as the database is used.
///
/// # Panics
/// If the database cannot be opened or migrated.
pub async fn sqlite_database() -> SqliteDatabase {
    let folder = tempfile::tempdir().expect("failed to create a temporary folder");
    let path = folder.path().join("kith.db");
    let database = Database::open(path, Durability::None).await.expect("failed to open SQLite");
    database.migrate().await.expect("failed to migrate SQLite");
    SqliteDatabase { database, _folder: folder }
}
