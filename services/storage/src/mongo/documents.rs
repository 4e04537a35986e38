//! Reads and writes of documents that the driver does not offer.

use mongodb::{
    Collection, bson,
    error::{Error, ErrorKind, IndexedWriteError},
};

use super::error::DUPLICATE_KEY;
use crate::StoreResult;

/// Projection of a document to its id.
#[derive(serde::Deserialize)]
pub(super) struct IdOnly {
    #[serde(rename = "_id")]
    pub(super) id: bson::Uuid,
}

/// Inserts the documents whose ids are not in use. Existing documents stay unchanged.
///
/// # Errors
/// Database errors only.
pub async fn insert_ignoring_duplicates<T>(collection: &Collection<T>, documents: Vec<T>) -> StoreResult<()>
where
    T: serde::Serialize + Send + Sync,
{
    if documents.is_empty() {
        return Ok(());
    }
    match collection.insert_many(documents).ordered(false).await {
        Err(error) if !only_duplicates_failed(&error) => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn only_duplicates_failed(error: &Error) -> bool {
    let ErrorKind::InsertMany(failure) = error.kind.as_ref() else { return false };
    let is_duplicate = |error: &IndexedWriteError| error.code == DUPLICATE_KEY;
    let only_duplicates = failure.write_errors.as_ref().is_some_and(|errors| errors.iter().all(is_duplicate));
    only_duplicates && failure.write_concern_error.is_none()
}
