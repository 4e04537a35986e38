//! Schema changes of collections: validators and indexes.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use mongodb::{
    bson::{Document, doc},
    error::{Error, ErrorKind},
};

use super::Database;
use crate::{StoreError, StoreResult};

/// Changes of one migration to one collection.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CollectionChange {
    validator: Option<Document>,
    indexes: Vec<Document>,
    drops: Vec<String>,
}

/// Schemas of all collections after a series of migrations.
#[derive(Default)]
pub(super) struct CollectionSchemas(BTreeMap<String, CollectionSchema>);

#[derive(Default)]
struct CollectionSchema {
    validator: Document,
    indexes: BTreeMap<String, Document>,
    dropped: Vec<String>,
}

impl CollectionSchemas {
    /// Adds the changes of the next migration.
    pub(super) fn add(&mut self, changes: &BTreeMap<String, CollectionChange>) -> StoreResult<()> {
        for (collection, change) in changes {
            let schema = self.0.entry(collection.clone()).or_default();
            if let Some(validator) = &change.validator {
                schema.validator = validator.clone();
            }
            for index in &change.indexes {
                let name = name(index)?;
                let is_used = schema.dropped.contains(&name) || schema.indexes.insert(name, index.clone()).is_some();
                if is_used {
                    return Err(StoreError::corrupt("index name is used twice"));
                }
            }
            for name in &change.drops {
                schema.indexes.remove(name).ok_or("dropped index does not exist").map_err(StoreError::corrupt)?;
                schema.dropped.push(name.clone());
            }
        }
        Ok(())
    }
}

impl CollectionChange {
    /// Applies the change. Idempotent, also after a partial application.
    pub(super) async fn apply(&self, database: &Database, collection: &str) -> StoreResult<()> {
        validate(database, collection, self.validator.as_ref()).await?;
        create_indexes(database, collection, &self.indexes).await?;
        drop_indexes(database, collection, self.drops.iter()).await
    }

    /// Reverts the change: restores the schema of the collection in `before`.
    pub(super) async fn revert(
        &self,
        database: &Database,
        collection: &str,
        before: &CollectionSchemas,
    ) -> StoreResult<()> {
        let Some(schema) = before.0.get(collection) else {
            run(database, doc! { "drop": collection }).await?;
            return Ok(());
        };
        validate(database, collection, Some(&schema.validator)).await?;
        let names: Vec<String> = self.indexes.iter().map(name).collect::<StoreResult<_>>()?;
        let dropped: Vec<Document> = self.drops.iter().filter_map(|name| schema.indexes.get(name).cloned()).collect();
        create_indexes(database, collection, &dropped).await?;
        drop_indexes(database, collection, names.iter()).await
    }
}

/// Runs a command and waits until a majority of the replica set has applied it.
async fn run(database: &Database, mut command: Document) -> Result<Document, Error> {
    command.insert("writeConcern", doc! { "w": "majority" });
    database.raw().run_command(command).await
}

fn name(index: &Document) -> StoreResult<String> {
    Ok(index.get_str("name").map_err(StoreError::corrupt)?.to_owned())
}

async fn create_indexes(database: &Database, collection: &str, indexes: &[Document]) -> StoreResult<()> {
    if !indexes.is_empty() {
        run(database, doc! { "createIndexes": collection, "indexes": indexes }).await?;
    }
    Ok(())
}

async fn drop_indexes(
    database: &Database,
    collection: &str,
    names: impl Iterator<Item = &String> + Send,
) -> StoreResult<()> {
    for name in names {
        match run(database, doc! { "dropIndexes": collection, "index": name }).await {
            Err(error) if !has_code(&error, INDEX_NOT_FOUND) => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Creates the collection if it does not exist, and sets its validator. Existing documents are not validated.
async fn validate(database: &Database, collection: &str, validator: Option<&Document>) -> StoreResult<()> {
    let mut found = database.raw().list_collections().filter(doc! { "name": collection }).await?;
    let wanted = validator.cloned().unwrap_or_default();
    let Some(existing) = found.try_next().await? else {
        return create(database, collection, wanted).await;
    };
    if validator.is_none() || existing.options.validator.unwrap_or_default() == wanted {
        return Ok(());
    }
    let modified = run(database, doc! { "collMod": collection, "validator": wanted.clone() }).await;
    match modified {
        // The server of the tests cannot change a validator, but it can create a collection with one.
        Err(error) if has_code(&error, COMMAND_NOT_FOUND) => rebuild(database, collection, wanted).await,
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

async fn create(database: &Database, collection: &str, validator: Document) -> StoreResult<()> {
    let mut command = doc! { "create": collection };
    if !validator.is_empty() {
        command.insert("validator", validator);
    }
    run(database, command).await?;
    Ok(())
}

/// Replaces the collection by a copy with the same indexes and the new validator. Concurrent writes would be lost.
///
/// Used only for servers without `collMod`, which are not used in production.
async fn rebuild(database: &Database, collection: &str, validator: Document) -> StoreResult<()> {
    let (raw, copy) = (database.raw(), format!("{collection}_copy"));
    raw.collection::<Document>(&copy).drop().await?;
    create(database, &copy, validator).await?;
    let listed = raw.run_command(doc! { "listIndexes": collection }).await?;
    let batch = listed.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let indexes = batch.map_err(StoreError::corrupt)?.iter().filter_map(|index| index.as_document().cloned());
    let indexes: Vec<Document> =
        indexes.filter(|index| index.get_str("name").is_ok_and(|name| name != "_id_")).collect();
    create_indexes(database, &copy, &indexes).await?;
    let all = raw.collection::<Document>(collection);
    all.aggregate([doc! { "$merge": { "into": copy.clone() } }]).bypass_document_validation(true).await?;
    let (from, to) = (format!("{}.{copy}", raw.name()), format!("{}.{collection}", raw.name()));
    let rename = doc! { "renameCollection": from, "to": to, "dropTarget": true };
    raw.client().database("admin").run_command(rename).await?;
    Ok(())
}

const INDEX_NOT_FOUND: i32 = 27;
const COMMAND_NOT_FOUND: i32 = 59;

fn has_code(error: &Error, code: i32) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(error) if error.code == code)
}
