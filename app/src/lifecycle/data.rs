//! The data folder. One process at a time uses it: two would each have a bus, a log and a limiter of their own, and
//! people on one would not hear those on the other.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use storage::sql::{Database, Durability};

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
    /// Opens the folder, which is made if it is not there. The database is not migrated yet.
    ///
    /// # Errors
    /// If another process uses it, or it cannot be used.
    pub async fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
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
        let database = Database::open(folder.join(DATABASE), Durability::Power).await;
        Ok(Self { database: database.context("the database does not open")?, _lock: lock })
    }
}
