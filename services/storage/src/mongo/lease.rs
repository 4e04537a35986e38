//! What one node holds and no other, until it gives it back or stops saying that it holds it.

use std::time::Duration;

use mongodb::{
    Collection,
    bson::{DateTime, Document, doc, oid::ObjectId},
};

use super::Database;
use crate::{StoreError, StoreResult};

/// How long a lease lasts that is not renewed: as long as the work of a node that died waits for another.
const LASTS: Duration = Duration::from_secs(30);
/// How often it is renewed, and how often in a row that may fail. A node that gives up does so before it lapses.
const RENEWED_EVERY: Duration = Duration::from_secs(5);
const FAILURES: u32 = 2;
/// How often somebody looks whether it is free.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(250);

/// When a lease ends that nobody holds.
const LONG_AGO: DateTime = DateTime::from_millis(0);

/// A lock with an owner and an end. All times are those of the server's clock, so it matters to nobody whether the nodes'
/// clocks agree.
pub(super) struct Lease<'d> {
    database: &'d Database,
    leases: Collection<Document>,
    name: &'static str,
    /// Tells holders apart, and guards nothing.
    owner: ObjectId,
}

impl<'d> Lease<'d> {
    /// Waits until it is free, and takes it.
    pub(super) async fn take(database: &'d Database, name: &'static str) -> StoreResult<Self> {
        let lease = Self { database, leases: database.collection("leases"), name, owner: ObjectId::new() };
        while !lease.is_taken_now().await? {
            tokio::time::sleep(LOOKED_AT_EVERY).await;
        }
        Ok(lease)
    }

    /// Does this work while the lease is held, and stops where it is if it is lost.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        tokio::select! {
            done = work => done,
            lost = self.renew() => Err(lost),
        }
    }

    /// Lets the next one have it at once.
    pub(super) async fn give_back(self) -> StoreResult<()> {
        let free = doc! { "$set": { "until": LONG_AGO } };
        self.database.within(async { Ok(self.leases.update_one(self.own(), free).await.map(drop)?) }).await
    }

    async fn is_taken_now(&self) -> StoreResult<bool> {
        // An upsert may not ask what time it is, so there is one to update.
        match self.make().await {
            Ok(()) | Err(StoreError::Taken(_)) => {}
            Err(failure) => return Err(failure),
        }
        self.set(doc! { "_id": self.name, "$expr": { "$lte": ["$until", "$$NOW"] } }).await
    }

    async fn make(&self) -> StoreResult<()> {
        let free = doc! { "_id": self.name, "until": LONG_AGO };
        self.database.within(async { Ok(self.leases.insert_one(free).await.map(drop)?) }).await
    }

    /// Ends when the lease is lost, and says how.
    async fn renew(&self) -> StoreError {
        let mut failures = 0;
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            match self.set(self.own()).await {
                Ok(true) => failures = 0,
                Ok(false) => return StoreError::Unavailable("somebody else took the lease".into()),
                Err(failure) if failures >= FAILURES => return failure,
                Err(_) => failures += 1,
            }
        }
    }

    fn own(&self) -> Document {
        doc! { "_id": self.name, "owner": self.owner }
    }

    /// Makes it ours from now on, if the filter finds it, and says whether it is.
    async fn set(&self, filter: Document) -> StoreResult<bool> {
        let millis = i64::try_from(LASTS.as_millis()).map_err(StoreError::corrupt)?;
        let until = doc! { "$add": ["$$NOW", millis] };
        let ours = vec![doc! { "$set": { "owner": self.owner, "until": until } }];
        self.database.within(async { Ok(self.leases.update_one(filter, ours).await?.matched_count == 1) }).await
    }
}
