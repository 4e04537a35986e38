//! Migrations of this build, and the record of those that are applied to a database.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;

use super::{
    Database,
    schema_changes::{CollectionChange, CollectionSchemas},
};
use crate::{StoreError, StoreResult};

/// Files of `migrations/mongo` by name. Their numbers are those of `migrations/sqlite`.
const FILES: [(&str, &str); 5] = [
    ("0001_events", include_str!("../../../../migrations/mongo/0001_events.json")),
    ("0005_posts", include_str!("../../../../migrations/mongo/0005_posts.json")),
    ("0006_support", include_str!("../../../../migrations/mongo/0006_support.json")),
    ("0009_admin", include_str!("../../../../migrations/mongo/0009_admin.json")),
    ("0011_progress", include_str!("../../../../migrations/mongo/0011_progress.json")),
];

/// Collection of [`AppliedMigration`] documents. Also the name of the migration lock.
pub(super) const MIGRATIONS_COLLECTION: &str = "migrations";

/// Declarative schema changes of a database, read from files.
///
/// A file is a JSON object. Each key is a collection, which is created if it does not exist. Each value describes its
/// changes:
///
/// | field | contents |
/// | --- | --- |
/// | `validator` | validator of documents; replaces the previous one |
/// | `indexes` | additional indexes in the form of `createIndexes`; a name is never reused, as indexes never change |
/// | `drops` | names of indexes to drop |
///
/// Files have no down script: the previous state follows from the files before.
pub struct Migrations(pub(super) Vec<Migration>);

/// A parsed file.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub(super) checksum: String,
    pub(super) changes: BTreeMap<String, CollectionChange>,
}

/// Record of a migration in the database.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct AppliedMigration {
    #[serde(rename = "_id")]
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) checksum: String,
    /// Time of the server's clock; `None` while the migration runs.
    pub(super) applied_at: Option<mongodb::bson::DateTime>,
}

impl Migrations {
    /// Returns the migrations of this build.
    ///
    /// # Errors
    /// A file is malformed. A unit test excludes this.
    pub fn of_this_build() -> StoreResult<Self> {
        Self::parse(&FILES)
    }

    /// Parses files, each with its name: `<number>_<name>`.
    ///
    /// # Errors
    /// A file is malformed, or the numbers do not increase.
    pub fn parse(files: &[(&str, &str)]) -> StoreResult<Self> {
        let mut migrations = Vec::new();
        let mut schemas = CollectionSchemas::default();
        for (file, text) in files {
            let name = file.split_once('_').ok_or("migration file name is not <number>_<name>");
            let (number, name) = name.map_err(StoreError::corrupt)?;
            let changes: BTreeMap<String, CollectionChange> =
                serde_json::from_str(text).map_err(StoreError::corrupt)?;
            schemas.add(&changes)?;
            migrations.push(Migration {
                version: number.parse().map_err(StoreError::corrupt)?,
                name: name.replace('_', " "),
                checksum: checksum(text),
                changes,
            });
        }
        if !migrations.is_sorted_by(|one, next| one.version < next.version) {
            return Err(StoreError::corrupt("migration numbers do not increase"));
        }
        Ok(Self(migrations))
    }
}

/// Returns the records of the database, by version.
pub(super) async fn applied_migrations(database: &Database) -> StoreResult<BTreeMap<i64, AppliedMigration>> {
    database
        .with_timeout(async {
            let found = database.collection(MIGRATIONS_COLLECTION).find(doc! {}).await?;
            let found: Vec<AppliedMigration> = found.try_collect().await?;
            Ok(found.into_iter().map(|migration| (migration.version, migration)).collect())
        })
        .await
}

fn checksum(text: &str) -> String {
    let bytes = digest::digest(&digest::SHA256, text.as_bytes());
    bytes.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_this_build_are_valid() {
        let versions: Vec<i64> =
            Migrations::of_this_build().unwrap().0.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, [1, 5, 6, 9, 11]);
    }

    #[test]
    fn malformed_migrations_are_rejected() {
        let index = r#"{ "a": { "indexes": [{ "name": "a_b", "key": { "b": 1 } }] } }"#;
        for files in [
            &[("1_a", "[]")][..],
            &[("a_1", "{}")],
            &[("2_a", "{}"), ("1_b", "{}")],
            &[("1_a", index), ("2_b", index)],
            &[("1_a", r#"{ "a": { "index": [] } }"#)],
            &[("1_a", r#"{ "a": { "drops": ["a_b"] } }"#)],
        ] {
            assert!(Migrations::parse(files).is_err(), "{files:?}");
        }
    }
}
