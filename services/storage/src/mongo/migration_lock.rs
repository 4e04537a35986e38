//! Lock that one node holds while it migrates the database.

use std::time::Duration;

use mongodb::{
    Collection,
    bson::{DateTime, Document, doc, oid::ObjectId},
};

use super::Database;
use crate::{StoreError, StoreResult};

/// Lifetime of the lock without renewal: longest time that the work of a crashed node waits for another node.
const TTL: Duration = Duration::from_secs(30);
const RENEW_INTERVAL: Duration = Duration::from_secs(5);
/// Number of consecutive failed renewals that are tolerated. The holder stops before the lock expires.
const MAX_RENEW_FAILURES: u32 = 2;
const ACQUIRE_INTERVAL: Duration = Duration::from_millis(250);

/// Expiry of a lock without a holder.
const EXPIRED: DateTime = DateTime::from_millis(0);

/// Lock document with an owner and an expiry. All times are the server's, so the nodes' clocks need not agree.
pub(super) struct MigrationLock<'d> {
    database: &'d Database,
    leases: Collection<Document>,
    name: &'static str,
    /// Distinguishes holders. Not a secret.
    owner: ObjectId,
}

impl<'d> MigrationLock<'d> {
    /// Waits until the lock is free or expired, and acquires it.
    pub(super) async fn acquire(database: &'d Database, name: &'static str) -> StoreResult<Self> {
        let lock = Self { database, leases: database.collection("leases"), name, owner: ObjectId::new() };
        while !lock.try_acquire().await? {
            tokio::time::sleep(ACQUIRE_INTERVAL).await;
        }
        Ok(lock)
    }

    /// Runs `work` while renewing the lock. Cancels `work` if the lock is lost.
    pub(super) async fn run_locked<T>(&self, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        tokio::select! {
            result = work => result,
            error = self.renew_until_lost() => Err(error),
        }
    }

    /// Releases the lock, so that a waiting node need not wait for its expiry.
    pub(super) async fn release(self) -> StoreResult<()> {
        let expired = doc! { "$set": { "until": EXPIRED } };
        self.database.with_timeout(async { Ok(self.leases.update_one(self.own(), expired).await.map(drop)?) }).await
    }

    async fn try_acquire(&self) -> StoreResult<bool> {
        // An upsert cannot refer to the server's clock, so the document is created first and then updated.
        match self.create().await {
            Ok(()) | Err(StoreError::UniqueViolation(_)) => {}
            Err(error) => return Err(error),
        }
        self.extend(doc! { "_id": self.name, "$expr": { "$lte": ["$until", "$$NOW"] } }).await
    }

    async fn create(&self) -> StoreResult<()> {
        let expired = doc! { "_id": self.name, "until": EXPIRED };
        self.database.with_timeout(async { Ok(self.leases.insert_one(expired).await.map(drop)?) }).await
    }

    /// Returns once the lock is lost.
    async fn renew_until_lost(&self) -> StoreError {
        let mut failures = 0;
        loop {
            tokio::time::sleep(RENEW_INTERVAL).await;
            match self.extend(self.own()).await {
                Ok(true) => failures = 0,
                Ok(false) => return StoreError::Unavailable("another node acquired the migration lock".into()),
                Err(error) if failures >= MAX_RENEW_FAILURES => return error,
                Err(_) => failures += 1,
            }
        }
    }

    fn own(&self) -> Document {
        doc! { "_id": self.name, "owner": self.owner }
    }

    /// Sets this holder as owner and renews the expiry if the filter matches. Returns true if it matched.
    async fn extend(&self, filter: Document) -> StoreResult<bool> {
        let ttl_ms = i64::try_from(TTL.as_millis()).map_err(StoreError::corrupt)?;
        let until = doc! { "$add": ["$$NOW", ttl_ms] };
        let update = vec![doc! { "$set": { "owner": self.owner, "until": until } }];
        self.database.with_timeout(async { Ok(self.leases.update_one(filter, update).await?.matched_count == 1) }).await
    }
}
