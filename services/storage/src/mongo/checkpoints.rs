//! Audit checkpoints in MongoDB, on another server than the audit log.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{
    PortError,
    audit::{ChainHead, Checkpoint},
    ports::CheckpointStore,
};
use mongodb::{
    Collection,
    bson::{Binary, DateTime, doc},
};
use serde::{Deserialize, Serialize};

use super::{
    Database,
    convert::{binary, bson_date, timestamp},
};
use crate::{StoreError, StoreResult};

/// [`CheckpointStore`] in MongoDB.
pub struct MongoCheckpointStore {
    database: Database,
    checkpoints: Collection<Document>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    position: i64,
    hash: Binary,
    created_at: DateTime,
    key_id: Binary,
    signature: Binary,
}

impl MongoCheckpointStore {
    #[must_use]
    pub fn new(database: Database) -> Self {
        let checkpoints = database.collection("audit_checkpoints");
        Self { database, checkpoints }
    }

    async fn insert(&self, checkpoint: &Checkpoint) -> StoreResult<()> {
        let Checkpoint { head, at, key, signature } = checkpoint;
        let document = Document {
            position: head.position,
            hash: binary(head.hash.to_vec()),
            created_at: bson_date(*at),
            key_id: binary(key.to_vec()),
            signature: binary(signature.clone()),
        };
        match self.database.with_timeout(async { Ok(self.checkpoints.insert_one(document).await.map(drop)?) }).await {
            // Another node has signed the same position.
            Err(StoreError::UniqueViolation(_)) => Ok(()),
            result => result,
        }
    }

    async fn find(&self) -> StoreResult<Vec<Document>> {
        let found = async { Ok(self.checkpoints.find(doc! {}).sort(doc! { "_id": 1 }).await?.try_collect().await?) };
        self.database.with_timeout(found).await
    }

    async fn newest(&self) -> StoreResult<Option<Document>> {
        let found = async { Ok(self.checkpoints.find_one(doc! {}).sort(doc! { "_id": -1 }).await?) };
        self.database.with_timeout(found).await
    }
}

impl Document {
    fn into_checkpoint(self) -> StoreResult<Checkpoint> {
        let malformed = |_| StoreError::corrupt("malformed checkpoint document");
        Ok(Checkpoint {
            head: ChainHead { position: self.position, hash: self.hash.bytes.try_into().map_err(malformed)? },
            at: timestamp(self.created_at),
            key: self.key_id.bytes.try_into().map_err(malformed)?,
            signature: self.signature.bytes,
        })
    }
}

#[async_trait]
impl CheckpointStore for MongoCheckpointStore {
    fn location(&self) -> String {
        "MongoDB".to_owned()
    }

    async fn append(&self, checkpoint: &Checkpoint) -> Result<(), PortError> {
        Ok(self.insert(checkpoint).await?)
    }

    async fn list(&self) -> Result<Vec<Checkpoint>, PortError> {
        let found = self.find().await?;
        Ok(found.into_iter().map(Document::into_checkpoint).collect::<StoreResult<_>>()?)
    }

    async fn latest(&self) -> Result<Option<Checkpoint>, PortError> {
        Ok(self.newest().await?.map(Document::into_checkpoint).transpose()?)
    }
}
