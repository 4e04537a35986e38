//! What is to be true of collections: which documents they take, and which indexes they have.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use mongodb::{
    bson::{Document, doc},
    error::{Error, ErrorKind},
};

use super::{Database, migrations::wrong};
use crate::{StoreError, StoreResult};

/// What one migration changes about one collection.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Change {
    validator: Option<Document>,
    indexes: Vec<Document>,
    drops: Vec<String>,
}

/// What some migrations together have made of each collection.
#[derive(Default)]
pub(super) struct Layout(BTreeMap<String, Shape>);

#[derive(Default)]
struct Shape {
    validator: Document,
    indexes: BTreeMap<String, Document>,
    dropped: Vec<String>,
}

impl Layout {
    /// One migration more.
    pub(super) fn add(&mut self, changes: &BTreeMap<String, Change>) -> StoreResult<()> {
        for (collection, change) in changes {
            let shape = self.0.entry(collection.clone()).or_default();
            if let Some(validator) = &change.validator {
                shape.validator = validator.clone();
            }
            for index in &change.indexes {
                let name = name(index)?;
                let is_used = shape.dropped.contains(&name) || shape.indexes.insert(name, index.clone()).is_some();
                if is_used {
                    return Err(wrong("a name of an index is used once"));
                }
            }
            for gone in &change.drops {
                shape.indexes.remove(gone).ok_or("no such index is there to drop").map_err(wrong)?;
                shape.dropped.push(gone.clone());
            }
        }
        Ok(())
    }
}

impl Change {
    /// Makes it true, whatever of it is true already.
    pub(super) async fn apply(&self, database: &Database, collection: &str) -> StoreResult<()> {
        validate(database, collection, self.validator.as_ref()).await?;
        create_indexes(database, collection, &self.indexes).await?;
        drop_indexes(database, collection, self.drops.iter()).await
    }

    /// Makes true again what was true before.
    pub(super) async fn undo(&self, database: &Database, collection: &str, before: &Layout) -> StoreResult<()> {
        let Some(shape) = before.0.get(collection) else {
            run(database, doc! { "drop": collection }).await?;
            return Ok(());
        };
        validate(database, collection, Some(&shape.validator)).await?;
        let names: Vec<String> = self.indexes.iter().map(name).collect::<StoreResult<_>>()?;
        let dropped: Vec<Document> = self.drops.iter().filter_map(|name| shape.indexes.get(name).cloned()).collect();
        create_indexes(database, collection, &dropped).await?;
        drop_indexes(database, collection, names.iter()).await
    }
}

/// A change that most of the replica set has made before the next one begins.
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
            Err(error) if !is_refused_with(&error, NO_SUCH_INDEX) => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes the collection, if there is none, and lets it take these documents and no others. What it holds already is not
/// looked at.
async fn validate(database: &Database, collection: &str, validator: Option<&Document>) -> StoreResult<()> {
    let mut found = database.raw().list_collections().filter(doc! { "name": collection }).await?;
    let wanted = validator.cloned().unwrap_or_default();
    let Some(there) = found.try_next().await? else {
        return create(database, collection, wanted).await;
    };
    if validator.is_none() || there.options.validator.unwrap_or_default() == wanted {
        return Ok(());
    }
    let changed = run(database, doc! { "collMod": collection, "validator": wanted.clone() }).await;
    match changed {
        // The engine that tests run on cannot change a validator, but it can make a collection that has it.
        Err(error) if is_refused_with(&error, NO_SUCH_COMMAND) => rebuild(database, collection, wanted).await,
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

/// A copy, with the same indexes, that takes these documents, in the place of the collection. Nobody may write to it
/// meanwhile: it is for servers without `collMod`, which no community runs on.
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

const NO_SUCH_INDEX: i32 = 27;
const NO_SUCH_COMMAND: i32 = 59;

fn is_refused_with(error: &Error, code: i32) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(refusal) if refusal.code == code)
}
