//! A SQLite database: one connection that writes, a few that read, and a bell for whoever waits for events.

use std::{
    ops::{Deref, DerefMut},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;

use crate::{StoreError, StoreResult};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// How many connections read. More would not read faster: a small machine has two cores.
const READERS: u32 = 4;

/// What an acknowledged write has survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power. What is acknowledged is on the disk.
    Power,
    /// Nothing at all: for tests, which have better things to do than wait for disks.
    None,
}

/// One SQLite file.
///
/// SQLite lets one writer in at a time, and waiting for a connection is fair, whereas waiting for a lock is a race: so
/// there is one connection that writes. Who holds a [`Tx`] must not ask for a second one.
#[derive(Clone, Debug)]
pub struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
    wake: Wake,
}

impl Database {
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
        Ok(Self { writer, readers, wake: Wake::default() })
    }

    /// Brings the schema up to this build's.
    ///
    /// # Errors
    /// A migration that fails, or a schema that a newer build has migrated.
    pub async fn migrate(&self) -> StoreResult<()> {
        MIGRATIONS.run(&self.writer).await.map_err(|error| StoreError::Internal(error.into()))
    }

    /// A transaction that writes. It waits for the one before it.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn begin(&self) -> StoreResult<Tx> {
        // A transaction that begins by reading could not write after somebody else has.
        let inner = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx { inner, wake: self.wake.clone(), recorded: false })
    }

    /// For reads outside of a transaction: they wait for nobody, and see all that is committed.
    #[must_use]
    pub const fn reader(&self) -> &SqlitePool {
        &self.readers
    }

    /// Rings when events were committed.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Whether it can be read, and whether it takes writes.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn answers(&self) -> StoreResult<()> {
        sqlx::query("SELECT 1 FROM outbox LIMIT 1").fetch_optional(&self.readers).await?;
        self.begin().await?.rollback().await
    }

    /// Ends all connections, when those who use them are done.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// How long somebody waits for a connection: as long as any call may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A transaction that writes. Dropping it takes all of it back.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Sqlite>,
    wake: Wake,
    pub(super) recorded: bool,
}

impl Tx {
    /// Makes it true, all of it at once, and wakes whoever sends events on.
    ///
    /// # Errors
    /// Only those of the database. Nothing of it is true then.
    pub async fn commit(self) -> StoreResult<()> {
        self.inner.commit().await?;
        if self.recorded {
            self.wake.ring();
        }
        Ok(())
    }

    /// Takes all of it back.
    ///
    /// # Errors
    /// Only those of the database. Nothing of it is true then, either.
    pub async fn rollback(self) -> StoreResult<()> {
        Ok(self.inner.rollback().await?)
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }
}

/// A bell. Ringing it while nobody waits is remembered once.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes the one who waits, or the next who does.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until it rings, or has rung since the last wait.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
