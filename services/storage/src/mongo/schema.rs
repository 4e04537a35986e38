//! How the schema of a database stands to this build.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt as _;
use mongodb::bson::doc;

use super::{
    Database, Migrations, at,
    migrations::{RECORDS, Record},
};
use crate::{
    StoreResult,
    sql::{Schema, Step},
};

impl Migrations {
    /// How the schema stands to these. Nothing is changed.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn schema(&self, database: &Database) -> StoreResult<Schema> {
        let mut missing: BTreeSet<i64> = self.0.iter().map(|migration| migration.version).collect();
        let mut foreign = 0_usize;
        for record in records(database).await?.into_values() {
            missing.remove(&record.version);
            match self.0.iter().find(|migration| migration.version == record.version) {
                None => foreign = foreign.saturating_add(1),
                Some(ours) if record.applied_at.is_some() && ours.checksum == record.checksum => {}
                Some(_) => return Ok(Schema::Broken(record.version)),
            }
        }
        Ok(match (foreign, missing.len()) {
            (0, 0) => Schema::Current,
            (0, missing) => Schema::Behind(missing),
            (foreign, _) => Schema::Ahead(foreign),
        })
    }

    /// All migrations that this build or this database knows, in their order.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn steps(&self, database: &Database) -> StoreResult<Vec<Step>> {
        let ours = self.0.iter().map(|ours| (ours.version, ours.name.clone()));
        let waiting = ours.map(|(version, name)| (version, Step { version, name, applied_at: None }));
        let mut steps: BTreeMap<i64, Step> = waiting.collect();
        for Record { version, name, applied_at, .. } in records(database).await?.into_values() {
            steps.insert(version, Step { version, name, applied_at: applied_at.map(at) });
        }
        Ok(steps.into_values().collect())
    }
}

impl Database {
    /// All migrations that this build or this database knows, in their order.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn steps(&self) -> StoreResult<Vec<Step>> {
        Migrations::ours()?.steps(self).await
    }

    /// Takes the last migration back, with all that is kept in what it made, and says which that was. For development.
    ///
    /// # Errors
    /// A schema that is not this build's own, or broken.
    pub async fn down(&self) -> StoreResult<Option<Step>> {
        Migrations::ours()?.down(self).await
    }
}

/// What was done to this database.
pub(super) async fn records(database: &Database) -> StoreResult<BTreeMap<i64, Record>> {
    database
        .within(async {
            let found: Vec<Record> = database.collection(RECORDS).find(doc! {}).await?.try_collect().await?;
            Ok(found.into_iter().map(|record| (record.version, record)).collect())
        })
        .await
}
