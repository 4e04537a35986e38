//! What a command needs that works beside a server: the databases alone, without the lock of the data folder.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use kith_kernel::ports::{Audit, Checkpoints};
use kith_storage::{
    audit::FileCheckpoints,
    mongo::{self, MongoCheckpoints},
    sql::{Database, Durability, Postgres, Schema, SqlAudit},
};

use super::{data::DATABASE, kept::databases, settings};
use crate::config::Config;

/// People and the audit trail, wherever they are.
pub struct Beside {
    /// People.
    pub people: Arc<dyn kith_users::store::Store>,
    /// What was written down.
    pub audit: Arc<dyn Audit>,
    /// Where it was signed.
    pub checkpoints: Vec<Arc<dyn Checkpoints>>,
    open: Open,
}

enum Open {
    File(Database),
    Servers(Database<Postgres>, mongo::Database),
}

impl Beside {
    /// Opens the databases, which have to be there and this build's.
    ///
    /// # Errors
    /// If they are not.
    pub async fn open(config: &Config) -> Result<Self> {
        let file = settings::checkpoints(config);
        let file = file.map(|path| -> Arc<dyn Checkpoints> { Arc::new(FileCheckpoints::new(path)) });
        let Some(urls) = config.urls().all() else {
            let path = config.data_dir.join(DATABASE);
            ensure!(path.is_file(), "there is no {}", path.display());
            let database = Database::open(path, Durability::Power).await.context("the database does not open")?;
            is_current(database.schema().await?)?;
            return Ok(Self {
                people: Arc::new(kith_users::store::Sql::new(database.clone())),
                audit: Arc::new(SqlAudit::new(database.clone())),
                checkpoints: file.into_iter().collect(),
                open: Open::File(database),
            });
        };
        let (postgres, mongo) = databases(config, &urls).await?;
        is_current(postgres.schema().await.context("Postgres")?)?;
        let server: Arc<dyn Checkpoints> = Arc::new(MongoCheckpoints::new(mongo.clone()));
        Ok(Self {
            people: Arc::new(kith_users::store::Sql::new(postgres.clone())),
            audit: Arc::new(SqlAudit::new(postgres.clone())),
            checkpoints: std::iter::once(server).chain(file).collect(),
            open: Open::Servers(postgres, mongo),
        })
    }

    /// Ends all connections.
    pub async fn close(&self) {
        match &self.open {
            Open::File(database) => database.close().await,
            Open::Servers(postgres, mongo) => {
                postgres.close().await;
                mongo.close().await;
            }
        }
    }
}

fn is_current(schema: Schema) -> Result<()> {
    ensure!(schema == Schema::Current, "the schema is not this build's: {schema:?}; see `kith migrate`");
    Ok(())
}
