//! Where everything is kept: a folder of this machine, or the servers of a cluster. What stands on it does not ask which.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use kith_infra::{nats, redis::Redis};
use kith_kernel::{Clock, EventId};
use kith_storage::{
    StoreResult, mongo,
    sql::{Database, DeadLetter, Pool, Postgres, Schema, SqlDeadLetters, Step},
};

use super::data::Data;
use crate::{
    config::{Config, Four},
    wiring::{Servers, Settings, Stores, World},
};

/// Where everything is kept, open.
pub enum Kept {
    /// In one file, by this process.
    Folder(Box<Data>),
    /// By four servers, for any number of nodes.
    Servers(Box<Servers>),
}

/// A schema, wherever it is.
#[async_trait]
pub trait Migrates: Send + Sync {
    /// What an operator calls it.
    fn name(&self) -> &'static str;
    /// Brings it up to this build.
    async fn up(&self) -> StoreResult<()>;
    /// Takes the last step back.
    async fn down(&self) -> StoreResult<Option<Step>>;
    /// How it stands to this build.
    async fn schema(&self) -> StoreResult<Schema>;
    /// Every migration that this build or the database knows.
    async fn steps(&self) -> StoreResult<Vec<Step>>;
}

/// The dead letters, for who looks at them.
#[async_trait]
pub trait Letters: Send + Sync {
    /// How many there are.
    async fn count(&self) -> StoreResult<i64>;
    /// The oldest of them.
    async fn list(&self, limit: i64) -> StoreResult<Vec<DeadLetter>>;
    /// Takes one away; whether it was there.
    async fn remove(&self, event: EventId, consumer: &str) -> StoreResult<bool>;
}

impl Kept {
    /// Opens it, as the configuration says. Nothing is migrated yet.
    ///
    /// # Errors
    /// If it cannot be opened, or somebody else has it.
    pub async fn open(config: &Config, world: &World) -> Result<Self> {
        match config.urls().all() {
            None => Ok(Self::Folder(Box::new(Data::open(&config.data_dir).await?))),
            Some(urls) => Ok(Self::Servers(Box::new(reach(config, urls, world).await?))),
        }
    }

    /// Brings every schema up to this build, and sees that it is.
    ///
    /// # Errors
    /// A migration that fails, or a schema that a newer build has been at.
    pub async fn migrate(&self) -> Result<()> {
        for schema in self.schemas() {
            let name = schema.name();
            schema.up().await.with_context(|| format!("{name} cannot be migrated"))?;
            match schema.schema().await? {
                Schema::Current => {}
                Schema::Behind(count) => bail!("{count} migrations of {name} wait still"),
                Schema::Ahead(count) => bail!("{count} migrations of {name} are a newer build's; run that one"),
                Schema::Broken(version) => {
                    bail!("migration {version} of {name} is not this build's, or stopped half-way")
                }
            }
        }
        Ok(())
    }

    /// Every schema there is.
    #[must_use]
    pub fn schemas(&self) -> Vec<Box<dyn Migrates>> {
        match self {
            Self::Folder(data) => vec![Box::new(data.database.clone())],
            Self::Servers(servers) => vec![Box::new(servers.postgres.clone()), Box::new(servers.mongo.clone())],
        }
    }

    /// The stores on it.
    ///
    /// # Errors
    /// If the parts do not fit each other.
    pub fn stores(&self, world: &World, settings: &Settings) -> Result<Stores> {
        match self {
            Self::Folder(data) => Stores::embedded(&data.database, world, settings),
            Self::Servers(servers) => Stores::cluster(servers, world, settings),
        }
    }

    /// The dead letters in it.
    #[must_use]
    pub fn letters(&self, clock: Arc<dyn Clock>) -> Box<dyn Letters> {
        match self {
            Self::Folder(data) => Box::new(SqlDeadLetters::new(data.database.clone(), clock)),
            Self::Servers(servers) => Box::new(SqlDeadLetters::new(servers.postgres.clone(), clock)),
        }
    }

    /// Ends all connections, when those who use them are done.
    pub async fn close(&self) {
        match self {
            Self::Folder(data) => data.database.close().await,
            Self::Servers(servers) => {
                servers.postgres.close().await;
                servers.mongo.close().await;
            }
        }
    }
}

async fn reach(config: &Config, urls: Four<'_>, world: &World) -> Result<Servers> {
    let (postgres, mongo) = databases(config, &urls).await?;
    let namespace = config.cluster.namespace.text();
    let redis =
        Redis::open(urls.redis.reveal(), namespace, world.clock.clone(), world.entropy.clone()).context("Redis")?;
    let nats = nats::Connection::open(urls.nats.reveal(), "kith", world.entropy.clone()).await.context("NATS")?;
    Ok(Servers { postgres, mongo, redis, nats })
}

/// The two servers that keep what lasts.
pub(super) async fn databases(config: &Config, urls: &Four<'_>) -> Result<(Database<Postgres>, mongo::Database)> {
    let connections = u32::try_from(config.cluster.postgres_connections)?;
    let pool = Pool { connections, ..Pool::default() };
    let postgres = Database::<Postgres>::connect(urls.postgres.reveal(), &pool).context("Postgres")?;
    let pool =
        mongo::Pool { connections: u32::try_from(config.cluster.mongodb_connections)?, ..mongo::Pool::default() };
    let mongo = mongo::Database::open(urls.mongodb.reveal(), &pool).await.context("MongoDB")?;
    Ok((postgres, mongo))
}

macro_rules! migrates {
    ($($database:ty as $name:literal),+ $(,)?) => {$(
        #[async_trait]
        impl Migrates for $database {
            fn name(&self) -> &'static str {
                $name
            }

            async fn up(&self) -> StoreResult<()> {
                self.migrate().await
            }

            async fn down(&self) -> StoreResult<Option<Step>> {
                self.down().await
            }

            async fn schema(&self) -> StoreResult<Schema> {
                self.schema().await
            }

            async fn steps(&self) -> StoreResult<Vec<Step>> {
                self.steps().await
            }
        }
    )+};
}

migrates!(Database as "the database", Database<Postgres> as "Postgres", mongo::Database as "MongoDB");

macro_rules! letters {
    ($($kept:ty),+) => {$(
        #[async_trait]
        impl Letters for $kept {
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

letters!(SqlDeadLetters, SqlDeadLetters<Postgres>);
