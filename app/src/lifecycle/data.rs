//! The data folder. One process at a time uses it: two would each have a bus, a log and a limiter of their own, and
//! people on one would not hear those on the other.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use kith_storage::sql::{Database, Durability};

/// The database's file.
pub const DATABASE: &str = "kith.db";
/// Held by the process that uses the folder.
const LOCK: &str = "kith.lock";

/// An open data folder.
pub struct Data {
    /// The one file.
    pub database: Database,
    /// Given back when the process ends, however it ends.
    _lock: File,
}

impl Data {
    /// Opens the folder, which is made if it is not there. What is made is for this user of the machine alone. The
    /// database is not migrated yet.
    ///
    /// # Errors
    /// If another process uses it, or it cannot be used.
    pub async fn open(folder: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("{} cannot be written", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another process uses {}", folder.display()),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        let file = folder.join(DATABASE);
        // SQLite gives the files that it puts beside this one the same mode.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(&file);
        drop(made.with_context(|| format!("{} cannot be written", file.display()))?);
        let database = Database::open(file, Durability::Power).await;
        Ok(Self { database: database.context("the database does not open")?, _lock: lock })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_for_this_user_of_the_machine_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deep/data");
        let data = Data::open(&folder).await.unwrap();
        data.database.migrate().await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for file in [DATABASE, "kith.db-wal", "kith.db-shm"] {
            assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
        }
        assert!(Data::open(&folder).await.is_err(), "one process at a time");
    }
}
