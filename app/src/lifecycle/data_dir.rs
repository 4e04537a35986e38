//! The data folder of embedded mode.
//!
//! Only one process can use it: two would each have their own event bus, replay log and rate limiter, and clients of
//! one would miss the events of the other.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use kith_storage::sql::{Database, Durability};

/// File name of the database.
pub const DATABASE_FILE: &str = "kith.db";
/// File name of the lock that the process holds.
const LOCK_FILE: &str = "kith.lock";

/// A data folder that this process has locked.
pub struct DataDir {
    pub database: Database,
    /// Released by the operating system when the process ends.
    _lock: File,
}

impl DataDir {
    /// Opens and locks the folder, and creates it if necessary. Only the owner can read what is created. Migrations are
    /// not applied.
    ///
    /// # Errors
    /// If another process uses the folder, or the folder or database cannot be opened.
    pub async fn open(folder: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
        let path = folder.join(LOCK_FILE);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("failed to write {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("{} is in use by another process", folder.display()),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("failed to lock {}", path.display()));
            }
        }
        let file = folder.join(DATABASE_FILE);
        // SQLite creates its other files with the same mode.
        let created = OpenOptions::new().create(true).append(true).mode(0o600).open(&file);
        drop(created.with_context(|| format!("failed to write {}", file.display()))?);
        let database = Database::open(file, Durability::Power).await;
        Ok(Self { database: database.context("failed to open the database")?, _lock: lock })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[tokio::test]
    async fn the_folder_is_readable_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deep/data");
        let data = DataDir::open(&folder).await.unwrap();
        data.database.migrate().await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for file in [DATABASE_FILE, "kith.db-wal", "kith.db-shm"] {
            assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
        }
        assert!(DataDir::open(&folder).await.is_err(), "one process at a time");
    }
}
