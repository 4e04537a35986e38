//! A SQLite file.
//!
//! SQLite lets one writer in at a time, and waiting for a connection is fair, whereas waiting for a lock is a race: so
//! there is one connection that writes, and a few that read.

use std::{path::PathBuf, time::Duration};

use sqlx::{
    Sqlite,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Database, Wake};
use crate::StoreResult;

/// How many connections read. More would not read faster: a small machine has two cores.
const READERS: u32 = 4;

/// How long somebody waits for a connection: as long as any call may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an acknowledged write has survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power. What is acknowledged is on the disk.
    Power,
    /// Nothing at all: for tests, which have better things to do than wait for disks.
    None,
}

impl Database<Sqlite> {
    /// Opens the file, or makes it. It is not migrated yet.
    ///
    /// # Errors
    /// Whatever keeps it from opening.
    pub async fn open(file: PathBuf, durability: Durability) -> StoreResult<Self> {
        let synchronous = match durability {
            // With WAL, anything less loses the last commits when the power goes.
            Durability::Power => SqliteSynchronous::Full,
            Durability::None => SqliteSynchronous::Off,
        };
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            // For the other process: a backup, or the command line.
            .busy_timeout(Duration::from_secs(5));
        let pool = || SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).acquire_timeout(PATIENCE);
        let writer = pool().max_connections(1).min_connections(1).connect_with(options.clone()).await?;
        let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, wake: Wake::default(), patience: None })
    }

    /// Whether it can be read, and whether it takes writes.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn answers(&self) -> StoreResult<()> {
        sqlx::query("SELECT 1 FROM outbox LIMIT 1").fetch_optional(&self.readers).await?;
        self.begin().await?.rollback().await
    }
}
