//! Opened storage: a data folder in embedded mode, or the servers of a cluster. Its users do not depend on the mode.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use kith_infra::{nats, redis::Redis};
use kith_kernel::{Clock, EventId};
use kith_storage::{
    MigrationStatus, SchemaState, StoreResult, mongo,
    sql::{Database, DeadLetter, PoolConfig, Postgres, SqlDeadLetterStore},
};

use super::data_dir::DataDir;
use crate::{
    config::{ClusterUrls, Config},
    wiring::{RuntimeContext, Servers, Settings, Stores},
};

/// Opened storage.
pub enum Backend {
    /// SQLite in a data folder, used by this process only.
    Embedded(Box<DataDir>),
    /// Four servers, shared by any number of nodes.
    Cluster(Box<Servers>),
}

/// Administration of the schema of one database.
#[async_trait]
pub trait SchemaAdmin: Send + Sync {
    /// Name for operators.
    fn name(&self) -> &'static str;
    /// Applies all pending migrations.
    async fn up(&self) -> StoreResult<()>;
    /// Reverts the last migration. `None` if no migration is applied.
    async fn down(&self) -> StoreResult<Option<MigrationStatus>>;
    /// Compares the schema with this build.
    async fn state(&self) -> StoreResult<SchemaState>;
    /// All migrations that this build or the database knows.
    async fn statuses(&self) -> StoreResult<Vec<MigrationStatus>>;
}

/// Administration of dead letters.
#[async_trait]
pub trait DeadLetterAdmin: Send + Sync {
    async fn count(&self) -> StoreResult<i64>;
    /// The oldest dead letters, at most `limit`.
    async fn list(&self, limit: i64) -> StoreResult<Vec<DeadLetter>>;
    /// Removes a dead letter. Returns false if it does not exist.
    async fn remove(&self, event: EventId, consumer: &str) -> StoreResult<bool>;
}

impl Backend {
    /// Opens the configured storage. Migrations are not applied.
    ///
    /// # Errors
    /// If the storage cannot be opened, or another process uses the data folder.
    pub async fn open(config: &Config, runtime: &RuntimeContext) -> Result<Self> {
        match config.server_urls().all() {
            None => Ok(Self::Embedded(Box::new(DataDir::open(&config.data_dir).await?))),
            Some(urls) => Ok(Self::Cluster(Box::new(connect(config, urls, runtime).await?))),
        }
    }

    /// Applies all pending migrations and verifies the result.
    ///
    /// # Errors
    /// If a migration fails, or a schema was migrated by a newer build.
    pub async fn migrate(&self) -> Result<()> {
        for schema in self.schemas() {
            let name = schema.name();
            schema.up().await.with_context(|| format!("failed to migrate {name}"))?;
            match schema.state().await? {
                SchemaState::Current => {}
                SchemaState::Outdated(count) => bail!("{count} migrations of {name} are still pending"),
                SchemaState::Newer(count) => {
                    bail!("{count} migrations of {name} belong to a newer build; run that build")
                }
                SchemaState::Dirty(version) => {
                    bail!("migration {version} of {name} is unknown to this build or incomplete")
                }
            }
        }
        Ok(())
    }

    #[must_use]
    pub fn schemas(&self) -> Vec<Box<dyn SchemaAdmin>> {
        match self {
            Self::Embedded(data) => vec![Box::new(data.database.clone())],
            Self::Cluster(servers) => vec![Box::new(servers.postgres.clone()), Box::new(servers.mongo.clone())],
        }
    }

    ///
    /// # Errors
    /// If a key cannot be derived.
    pub fn stores(&self, runtime: &RuntimeContext, settings: &Settings) -> Result<Stores> {
        match self {
            Self::Embedded(data) => Stores::embedded(&data.database, runtime, settings),
            Self::Cluster(servers) => Stores::cluster(servers, runtime, settings),
        }
    }

    #[must_use]
    pub fn dead_letters(&self, clock: Arc<dyn Clock>) -> Box<dyn DeadLetterAdmin> {
        match self {
            Self::Embedded(data) => Box::new(SqlDeadLetterStore::new(data.database.clone(), clock)),
            Self::Cluster(servers) => Box::new(SqlDeadLetterStore::new(servers.postgres.clone(), clock)),
        }
    }

    /// Closes all connections. Call it after their users have stopped.
    pub async fn close(&self) {
        match self {
            Self::Embedded(data) => data.database.close().await,
            Self::Cluster(servers) => {
                servers.postgres.close().await;
                servers.mongo.close().await;
            }
        }
    }
}

async fn connect(config: &Config, urls: ClusterUrls<'_>, runtime: &RuntimeContext) -> Result<Servers> {
    let (postgres, mongo) = databases(config, &urls).await?;
    let namespace = config.cluster.namespace.as_str();
    let redis =
        Redis::open(urls.redis.expose(), namespace, runtime.clock.clone(), runtime.entropy.clone()).context("Redis")?;
    let nats = nats::Connection::open(urls.nats.expose(), "kith", runtime.entropy.clone()).await.context("NATS")?;
    Ok(Servers { postgres, mongo, redis, nats })
}

/// Opens Postgres and MongoDB.
pub(super) async fn databases(
    config: &Config,
    urls: &ClusterUrls<'_>,
) -> Result<(Database<Postgres>, mongo::Database)> {
    let connections = u32::try_from(config.cluster.postgres_connections)?;
    let pool = PoolConfig { max_connections: connections, ..PoolConfig::default() };
    let postgres = Database::<Postgres>::connect(urls.postgres.expose(), &pool).context("Postgres")?;
    let pool = mongo::PoolConfig {
        max_connections: u32::try_from(config.cluster.mongodb_connections)?,
        ..mongo::PoolConfig::default()
    };
    let mongo = mongo::Database::open(urls.mongodb.expose(), &pool).await.context("MongoDB")?;
    Ok((postgres, mongo))
}

macro_rules! impl_schema_admin {
    ($($database:ty as $name:literal),+ $(,)?) => {$(
        #[async_trait]
        impl SchemaAdmin for $database {
            fn name(&self) -> &'static str {
                $name
            }

            async fn up(&self) -> StoreResult<()> {
                self.migrate().await
            }

            async fn down(&self) -> StoreResult<Option<MigrationStatus>> {
                self.revert_last_migration().await
            }

            async fn state(&self) -> StoreResult<SchemaState> {
                self.schema_state().await
            }

            async fn statuses(&self) -> StoreResult<Vec<MigrationStatus>> {
                self.migration_statuses().await
            }
        }
    )+};
}

impl_schema_admin!(Database as "database", Database<Postgres> as "Postgres", mongo::Database as "MongoDB");

macro_rules! impl_dead_letter_admin {
    ($($store:ty),+) => {$(
        #[async_trait]
        impl DeadLetterAdmin for $store {
            async fn count(&self) -> StoreResult<i64> {
                self.count().await
            }

            async fn list(&self, limit: i64) -> StoreResult<Vec<DeadLetter>> {
                self.list(limit).await
            }

            async fn remove(&self, event: EventId, consumer: &str) -> StoreResult<bool> {
                self.remove(event, consumer).await
            }
        }
    )+};
}

impl_dead_letter_admin!(SqlDeadLetterStore, SqlDeadLetterStore<Postgres>);
