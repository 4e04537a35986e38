//! Databases for commands that can run next to a server: without the lock of the data folder.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use kith_kernel::ports::{AuditLog, CheckpointStore};
use kith_storage::{
    SchemaState,
    audit::FileCheckpointStore,
    mongo::{self, MongoCheckpointStore},
    sql::{Database, Durability, Postgres, SqlAuditLog},
};

use super::{backend::databases, data_dir::DATABASE_FILE, settings};
use crate::config::Config;

/// Stores of accounts and of the audit log.
pub struct OfflineStores {
    pub users: Arc<dyn kith_users::store::Store>,
    pub audit: Arc<dyn AuditLog>,
    pub checkpoints: Vec<Arc<dyn CheckpointStore>>,
    databases: Databases,
}

enum Databases {
    Embedded(Database),
    Cluster(Database<Postgres>, mongo::Database),
}

impl OfflineStores {
    /// Opens existing databases.
    ///
    /// # Errors
    /// If a database does not exist or its schema is not up to date.
    pub async fn open(config: &Config) -> Result<Self> {
        let file = settings::checkpoint_file(config);
        let file = file.map(|path| -> Arc<dyn CheckpointStore> { Arc::new(FileCheckpointStore::new(path)) });
        let Some(urls) = config.server_urls().all() else {
            let path = config.data_dir.join(DATABASE_FILE);
            ensure!(path.is_file(), "{} does not exist", path.display());
            let database = Database::open(path, Durability::Power).await.context("failed to open the database")?;
            ensure_current(database.schema_state().await?)?;
            return Ok(Self {
                users: Arc::new(kith_users::store::Sql::new(database.clone())),
                audit: Arc::new(SqlAuditLog::new(database.clone())),
                checkpoints: file.into_iter().collect(),
                databases: Databases::Embedded(database),
            });
        };
        let (postgres, mongo) = databases(config, &urls).await?;
        ensure_current(postgres.schema_state().await.context("Postgres")?)?;
        let server: Arc<dyn CheckpointStore> = Arc::new(MongoCheckpointStore::new(mongo.clone()));
        Ok(Self {
            users: Arc::new(kith_users::store::Sql::new(postgres.clone())),
            audit: Arc::new(SqlAuditLog::new(postgres.clone())),
            checkpoints: std::iter::once(server).chain(file).collect(),
            databases: Databases::Cluster(postgres, mongo),
        })
    }

    pub async fn close(&self) {
        match &self.databases {
            Databases::Embedded(database) => database.close().await,
            Databases::Cluster(postgres, mongo) => {
                postgres.close().await;
                mongo.close().await;
            }
        }
    }
}

fn ensure_current(state: SchemaState) -> Result<()> {
    ensure!(state == SchemaState::Current, "schema is not up to date: {state:?}; run `kith migrate`");
    Ok(())
}
