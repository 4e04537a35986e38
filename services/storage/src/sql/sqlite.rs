//! SQLite database file.
//!
//! SQLite has a single writer. Waiting for a pooled connection is fair, whereas waiting for the file lock is a race.
//! There is therefore one connection that writes, and several that read.

use std::{path::PathBuf, time::Duration};

use sqlx::{
    Sqlite,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::Database;
use crate::{OutboxNotifier, StoreResult};

/// Number of read connections. More do not read faster: a small machine has two cores.
const READERS: u32 = 4;

/// Longest wait for a connection, equal to the longest duration of a call.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for the lock of another process, such as a backup or the command line.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Durability of an acknowledged write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives a power loss: writes are synced to disk before they are acknowledged.
    Power,
    /// No guarantee. For tests only, which need not wait for the disk.
    None,
}

impl Database<Sqlite> {
    /// Opens the file, creating it if it does not exist. Does not migrate it.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) if the file cannot be opened.
    pub async fn open(file: PathBuf, durability: Durability) -> StoreResult<Self> {
        let synchronous = match durability {
            // In WAL mode, any weaker setting loses the last commits on power loss.
            Durability::Power => SqliteSynchronous::Full,
            Durability::None => SqliteSynchronous::Off,
        };
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = || SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).acquire_timeout(ACQUIRE_TIMEOUT);
        let writer = pool().max_connections(1).min_connections(1).connect_with(options.clone()).await?;
        let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, notifier: OutboxNotifier::default(), op_timeout: None })
    }

    /// Checks that the database can be read and written.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn check_health(&self) -> StoreResult<()> {
        sqlx::query("SELECT 1 FROM outbox LIMIT 1").fetch_optional(&self.readers).await?;
        self.begin().await?.rollback().await
    }
}
