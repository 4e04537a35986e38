//! Checkpoints of the audit trail in MongoDB: on another server than the trail itself.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{
    Failure,
    audit::{Checkpoint, Head},
    ports::Checkpoints,
};
use mongodb::{
    Collection,
    bson::{Binary, DateTime, doc, spec::BinarySubtype},
};
use serde::{Deserialize, Serialize};

use super::{Database, at, date};
use crate::{StoreError, StoreResult};

/// The checkpoints of this database.
pub struct MongoCheckpoints {
    database: Database,
    checkpoints: Collection<Document>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    position: i64,
    hash: Binary,
    at: DateTime,
    key: Binary,
    signature: Binary,
}

impl MongoCheckpoints {
    /// The checkpoints of this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let checkpoints = database.collection("audit_checkpoints");
        Self { database, checkpoints }
    }

    async fn insert(&self, checkpoint: &Checkpoint) -> StoreResult<()> {
        let Checkpoint { head, at, key, signature } = checkpoint;
        let document = Document {
            position: head.position,
            hash: binary(&head.hash),
            at: date(*at),
            key: binary(key),
            signature: binary(signature),
        };
        match self.database.within(async { Ok(self.checkpoints.insert_one(document).await.map(drop)?) }).await {
            // Another node has signed the same place.
            Err(StoreError::Taken(_)) => Ok(()),
            done => done,
        }
    }

    async fn find(&self) -> StoreResult<Vec<Document>> {
        let found = async { Ok(self.checkpoints.find(doc! {}).sort(doc! { "_id": 1 }).await?.try_collect().await?) };
        self.database.within(found).await
    }

    async fn newest(&self) -> StoreResult<Option<Document>> {
        let found = async { Ok(self.checkpoints.find_one(doc! {}).sort(doc! { "_id": -1 }).await?) };
        self.database.within(found).await
    }
}

fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

impl Document {
    fn checkpoint(self) -> StoreResult<Checkpoint> {
        let broken = |_| StoreError::corrupt("a document is no checkpoint");
        Ok(Checkpoint {
            head: Head { position: self.position, hash: self.hash.bytes.try_into().map_err(broken)? },
            at: at(self.at),
            key: self.key.bytes.try_into().map_err(broken)?,
            signature: self.signature.bytes,
        })
    }
}

#[async_trait]
impl Checkpoints for MongoCheckpoints {
    fn place(&self) -> String {
        "MongoDB".to_owned()
    }

    async fn keep(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        Ok(self.insert(checkpoint).await?)
    }

    async fn all(&self) -> Result<Vec<Checkpoint>, Failure> {
        let found = self.find().await?;
        Ok(found.into_iter().map(Document::checkpoint).collect::<StoreResult<_>>()?)
    }

    async fn last(&self) -> Result<Option<Checkpoint>, Failure> {
        Ok(self.newest().await?.map(Document::checkpoint).transpose()?)
    }
}
