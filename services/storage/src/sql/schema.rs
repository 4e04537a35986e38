//! How the schema of a database stands to this build, and how it is changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kith_kernel::Timestamp;
use sqlx::migrate::{MigrateError, Migration};

use super::{Database, Engine, engine::Dialect as _};
use crate::{StoreError, StoreResult, sql};

/// How a schema stands to this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// It is this build's.
    Current,
    /// So many migrations of this build are missing.
    Behind(usize),
    /// So many migrations are not this build's: a newer one has been here.
    Ahead(usize),
    /// This migration stopped half-way, or is not the one that this build has under its number.
    Broken(i64),
}

/// One migration: of this build, of the database, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub version: i64,
    /// What it is called.
    pub name: String,
    /// When it was applied; `None` if it waits.
    pub applied_at: Option<Timestamp>,
}

/// How long all migrations may take together, waiting for another node's included.
const MIGRATING: Duration = Duration::from_mins(10);

/// Version, name, whether it was finished, checksum, when.
type Applied = (i64, String, bool, Vec<u8>, i64);

#[sql]
impl Database<Db> {
    /// Brings the schema up to this build's. Nodes that start together do so one after the other.
    ///
    /// # Errors
    /// A migration that fails, or a schema that a newer build has migrated.
    pub async fn migrate(&self) -> StoreResult<()> {
        let own = Db::unhurried(&self.writer);
        let done = Db::migrations().run(own.as_ref().unwrap_or(&self.writer));
        let done = tokio::time::timeout(MIGRATING, done).await;
        close(own).await;
        answer(done)
    }

    /// Takes the last migration back, with all that is kept in what it made, and says which that was. For development.
    ///
    /// # Errors
    /// A schema that is not this build's own, or broken.
    pub async fn down(&self) -> StoreResult<Option<Step>> {
        if let Schema::Ahead(_) | Schema::Broken(_) = self.schema().await? {
            return Err(StoreError::Internal("the schema is not this build's".into()));
        }
        let mut applied = self.steps().await?;
        applied.retain(|step| step.applied_at.is_some());
        let Some(last) = applied.pop() else { return Ok(None) };
        if !Db::migrations().iter().any(|it| it.version == last.version && it.migration_type.is_down_migration()) {
            return Err(StoreError::Internal("this migration does not say how it is taken back".into()));
        }
        let target = applied.last().map_or(0, |step| step.version);
        let own = Db::unhurried(&self.writer);
        let done = Db::migrations().undo(own.as_ref().unwrap_or(&self.writer), target);
        let done = tokio::time::timeout(MIGRATING, done).await;
        close(own).await;
        answer(done)?;
        Ok(Some(last))
    }

    /// How the schema stands to this build. Nothing is changed.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn schema(&self) -> StoreResult<Schema> {
        let ours: BTreeMap<i64, &Migration> = Self::ours().map(|migration| (migration.version, migration)).collect();
        let mut missing: BTreeSet<i64> = ours.keys().copied().collect();
        let mut foreign = 0_usize;
        for (version, _, finished, checksum, _) in self.applied().await? {
            missing.remove(&version);
            match ours.get(&version) {
                None => foreign = foreign.saturating_add(1),
                Some(ours) if finished && ours.checksum.as_ref() == checksum => {}
                Some(_) => return Ok(Schema::Broken(version)),
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
    pub async fn steps(&self) -> StoreResult<Vec<Step>> {
        let waiting = Self::ours().map(|migration| Step {
            version: migration.version,
            name: migration.description.to_string(),
            applied_at: None,
        });
        let mut steps: BTreeMap<i64, Step> = waiting.map(|step| (step.version, step)).collect();
        for (version, name, _, _, millis) in self.applied().await? {
            let applied_at = Some(Timestamp::from_millis(millis));
            steps.insert(version, Step { version, name, applied_at });
        }
        Ok(steps.into_values().collect())
    }

    fn ours() -> impl Iterator<Item = &'static Migration> {
        Db::migrations().iter().filter(|migration| !migration.migration_type.is_down_migration())
    }

    async fn applied(&self) -> StoreResult<Vec<Applied>> {
        self.within(async {
            let (begun,): (bool,) = sqlx::query_as(Db::BEGUN).fetch_one(self.reader()).await?;
            if !begun {
                return Ok(Vec::new());
            }
            Ok(sqlx::query_as(Db::APPLIED).fetch_all(self.reader()).await?)
        })
        .await
    }
}

/// Before all else, for a migration that failed holds the lock of migrations as long as its connection stands.
async fn close<D: Engine>(own: Option<sqlx::Pool<D>>) {
    let Some(own) = own else { return };
    // What it says goodbye with changes nothing any more.
    let _ = tokio::time::timeout(Duration::from_secs(1), own.close()).await;
}

fn answer(done: Result<Result<(), MigrateError>, tokio::time::error::Elapsed>) -> StoreResult<()> {
    match done {
        Ok(Ok(())) => Ok(()),
        Ok(Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))) => Err(error.into()),
        Ok(Err(other)) => Err(StoreError::Internal(other.into())),
        Err(late) => Err(StoreError::Unavailable(late.into())),
    }
}
