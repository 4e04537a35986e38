//! The migrations of this build, and how they are run.

use std::{collections::BTreeMap, time::Duration};

use aws_lc_rs::digest;
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
};

use super::{
    Database,
    layout::{Change, Layout},
    lease::Lease,
};
use crate::{StoreError, StoreResult};

/// The files of `migrations/mongo`, by name. The numbers are those of `migrations/sqlite`.
const FILES: [(&str, &str); 7] = [
    ("0001_events", include_str!("../../../../migrations/mongo/0001_events.json")),
    ("0005_posts", include_str!("../../../../migrations/mongo/0005_posts.json")),
    ("0006_support", include_str!("../../../../migrations/mongo/0006_support.json")),
    ("0008_audit", include_str!("../../../../migrations/mongo/0008_audit.json")),
    ("0011_contents", include_str!("../../../../migrations/mongo/0011_contents.json")),
    ("0012_progress", include_str!("../../../../migrations/mongo/0012_progress.json")),
    ("0017_inside", include_str!("../../../../migrations/mongo/0017_inside.json")),
];

/// Where it is kept what was done.
pub(super) const RECORDS: &str = "migrations";

/// How long all migrations may take together, waiting for another node's included.
const MIGRATING: Duration = Duration::from_mins(10);

/// What changes a database, step by step, as files say it.
///
/// A file is a JSON object. Each key is a collection, which is made if it is not there; each value is what is to be true
/// of it from then on:
///
/// | field | holds |
/// | --- | --- |
/// | `validator` | which documents it takes, in place of the rule before |
/// | `indexes` | more indexes, as `createIndexes` takes them. A name is never used twice, for none is ever changed |
/// | `drops` | names of indexes that it no longer has |
///
/// What takes a file back follows from the files before it, so no file says it.
pub struct Migrations(pub(super) Vec<Migration>);

/// One file.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub(super) checksum: String,
    pub(super) changes: BTreeMap<String, Change>,
}

/// One file, as the database remembers it.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Record {
    #[serde(rename = "_id")]
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) checksum: String,
    /// By the clock of the server; `None` while it is being done.
    pub(super) applied_at: Option<mongodb::bson::DateTime>,
}

impl Migrations {
    /// Those of this build.
    ///
    /// # Errors
    /// For a file that is none, which a test would have found.
    pub fn ours() -> StoreResult<Self> {
        Self::read(&FILES)
    }

    /// Those of these files, each with its name: `<number>_<name>`.
    ///
    /// # Errors
    /// For a file that is none.
    pub fn read(files: &[(&str, &str)]) -> StoreResult<Self> {
        let mut migrations = Vec::new();
        let mut layout = Layout::default();
        for (file, text) in files {
            let (number, name) = file.split_once('_').ok_or("a migration is called <number>_<name>").map_err(wrong)?;
            let changes: BTreeMap<String, Change> = serde_json::from_str(text).map_err(StoreError::corrupt)?;
            layout.add(&changes)?;
            migrations.push(Migration {
                version: number.parse().map_err(StoreError::corrupt)?,
                name: name.replace('_', " "),
                checksum: checksum(text),
                changes,
            });
        }
        if !migrations.is_sorted_by(|one, next| one.version < next.version) {
            return Err(wrong("migrations are in the order of their numbers"));
        }
        Ok(Self(migrations))
    }

    /// Brings the schema up to these. Nodes that start together do so one after the other. What a node began that died
    /// is done again: every step may be done twice.
    ///
    /// # Errors
    /// A migration that fails, and a schema that another build has migrated.
    pub async fn run(&self, database: &Database) -> StoreResult<()> {
        alone(database, self.apply(database)).await
    }

    /// Takes the last migration back, with all that is kept in what it made, and says which that was. For development.
    ///
    /// # Errors
    /// A schema that is not of these, or broken.
    pub async fn down(&self, database: &Database) -> StoreResult<Option<crate::sql::Step>> {
        alone(database, self.undo(database)).await
    }

    async fn apply(&self, database: &Database) -> StoreResult<()> {
        let done = self.known(database).await?;
        for migration in &self.0 {
            match done.get(&migration.version) {
                Some(record) if record.applied_at.is_some() => continue,
                Some(_) => {}
                None => begin(database, migration).await?,
            }
            for (collection, change) in &migration.changes {
                change.apply(database, collection).await?;
            }
            let finished = vec![doc! { "$set": { "applied_at": "$$NOW" } }];
            records(database).update_one(doc! { "_id": migration.version }, finished).await?;
        }
        Ok(())
    }

    async fn undo(&self, database: &Database) -> StoreResult<Option<crate::sql::Step>> {
        self.known(database).await?;
        let mut steps = self.steps(database).await?;
        steps.retain(|step| step.applied_at.is_some());
        let Some(last) = steps.pop() else { return Ok(None) };
        let mut before = Layout::default();
        for migration in &self.0 {
            if migration.version < last.version {
                before.add(&migration.changes)?;
                continue;
            }
            if migration.version == last.version {
                let begun = vec![doc! { "$set": { "applied_at": Bson::Null } }];
                records(database).update_one(doc! { "_id": last.version }, begun).await?;
                for (collection, change) in &migration.changes {
                    change.undo(database, collection, &before).await?;
                }
                records(database).delete_one(doc! { "_id": last.version }).await?;
            }
        }
        Ok(Some(last))
    }

    /// What was done to this database, all of it ours.
    async fn known(&self, database: &Database) -> StoreResult<BTreeMap<i64, Record>> {
        let done = super::schema::records(database).await?;
        for record in done.values() {
            let ours = self.0.iter().find(|migration| migration.version == record.version);
            let ours = ours.ok_or("a newer build has migrated this database").map_err(wrong)?;
            if ours.checksum != record.checksum {
                return Err(wrong("a migration was changed after it was applied"));
            }
        }
        Ok(done)
    }
}

/// Does it while no other node does anything of the kind.
async fn alone<T>(database: &Database, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    let work = async {
        let lease = Lease::take(database, RECORDS).await?;
        let done = lease.hold(work).await;
        // If this fails it lapses by itself.
        let _ = lease.give_back().await;
        done
    };
    let done = tokio::time::timeout(MIGRATING, Box::pin(work)).await;
    done.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into())))
}

async fn begin(database: &Database, migration: &Migration) -> StoreResult<()> {
    let record = Record {
        version: migration.version,
        name: migration.name.clone(),
        checksum: migration.checksum.clone(),
        applied_at: None,
    };
    database.collection::<Record>(RECORDS).insert_one(record).await?;
    Ok(())
}

fn records(database: &Database) -> Collection<Document> {
    database.collection(RECORDS)
}

pub(super) fn wrong(what: &'static str) -> StoreError {
    StoreError::Internal(what.into())
}

fn checksum(text: &str) -> String {
    let bytes = digest::digest(&digest::SHA256, text.as_bytes());
    bytes.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_this_build_are_read() {
        let versions: Vec<i64> = Migrations::ours().unwrap().0.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, [1, 5, 6, 8, 11, 12, 17]);
    }

    #[test]
    fn what_is_no_migration_is_refused() {
        let index = r#"{ "a": { "indexes": [{ "name": "a_b", "key": { "b": 1 } }] } }"#;
        for files in [
            &[("1_a", "[]")][..],
            &[("a_1", "{}")],
            &[("2_a", "{}"), ("1_b", "{}")],
            &[("1_a", index), ("2_b", index)],
            &[("1_a", r#"{ "a": { "index": [] } }"#)],
            &[("1_a", r#"{ "a": { "drops": ["a_b"] } }"#)],
        ] {
            assert!(Migrations::read(files).is_err(), "{files:?}");
        }
    }
}
