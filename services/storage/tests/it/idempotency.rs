//! Contract of the idempotency store.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{
    Clock as _, SystemClock, SystemEntropy,
    ports::{ClaimResult, IdempotencyKey, IdempotencyStore, PeriodicJob},
};
use kith_storage::{
    StoreResult, sql,
    sql::{Database, Engine, SqlIdempotencyStore},
};
use kith_testkit::{ManualClock, user};

struct Harness {
    store: Arc<dyn StoreWithCleanup>,
    clock: Arc<ManualClock>,
    raw: Arc<dyn RawRows>,
    _database: Box<dyn Any + Send + Sync>,
}

trait StoreWithCleanup: IdempotencyStore + PeriodicJob {}

impl<O: IdempotencyStore + PeriodicJob> StoreWithCleanup for O {}

async fn sqlite() -> Harness {
    let (clock, file) = (Arc::new(ManualClock::at(SystemClock.now())), kith_testkit::sqlite_database().await);
    let database = (*file).clone();
    let store = SqlIdempotencyStore::new(
        database.clone(),
        kith_testkit::test_encryption(),
        clock.clone(),
        Arc::new(SystemEntropy),
    );
    Harness { store: Arc::new(store), clock, raw: Arc::new(Raw { database }), _database: Box::new(file) }
}

async fn postgres() -> Harness {
    let (clock, server) = (Arc::new(ManualClock::at(SystemClock.now())), kith_testkit::postgres_database().await);
    let database = (*server).clone();
    let store = SqlIdempotencyStore::new(
        database.clone(),
        kith_testkit::test_encryption(),
        clock.clone(),
        Arc::new(SystemEntropy),
    );
    Harness { store: Arc::new(store), clock, raw: Arc::new(Raw { database }), _database: Box::new(server) }
}

#[async_trait]
trait RawRows: Send + Sync {
    /// Stored response and key digest.
    async fn stored(&self) -> StoreResult<(Vec<u8>, Vec<u8>)>;
}

struct Raw<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl RawRows for Raw<Db> {
    async fn stored(&self) -> StoreResult<(Vec<u8>, Vec<u8>)> {
        Ok(sqlx::query_as("SELECT response, key_digest FROM idempotency_keys")
            .fetch_one(self.database.reader())
            .await?)
    }
}

fn key() -> IdempotencyKey {
    IdempotencyKey { caller: user().to_string(), method: "/a.B/C", key: "once".to_owned() }
}

async fn claim(harness: &Harness, key: &IdempotencyKey, fingerprint: &[u8]) -> ClaimResult {
    harness.store.claim(key, fingerprint).await.unwrap()
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_key_is_acquired_once_and_then_returns_the_stored_response(harness: &Harness) {
        let key = key();
        assert!(matches!(claim(harness, &key, b"f").await, ClaimResult::Acquired(_)));
        assert_eq!(claim(harness, &key, b"f").await, ClaimResult::InProgress);
        harness.store.complete(&key, b"done").await.unwrap();
        assert_eq!(claim(harness, &key, b"f").await, ClaimResult::Completed(b"done".to_vec()));
        assert_eq!(claim(harness, &key, b"g").await, ClaimResult::FingerprintMismatch);
    }

    async fn one_of_several_concurrent_claims_is_acquired_also_after_a_claim_expired(harness: &Harness) {
        let key = key();
        for _ in 0..2 {
            let tasks: Vec<_> = (0..32)
                .map(|_| {
                    let (store, key) = (harness.store.clone(), key.clone());
                    tokio::spawn(async move { store.claim(&key, b"f").await.unwrap() })
                })
                .collect();
            let mut acquired = 0;
            for task in tasks {
                let claim = task.await.unwrap();
                acquired += u32::from(matches!(claim, ClaimResult::Acquired(_)));
                assert!(matches!(claim, ClaimResult::Acquired(_) | ClaimResult::InProgress), "{claim:?}");
            }
            assert_eq!(acquired, 1);
            harness.clock.advance(Duration::from_secs(61));
        }
    }

    async fn cleanup_deletes_more_expired_keys_than_one_batch(harness: &Harness) {
        for _ in 0..1_100 {
            claim(harness, &key(), b"f").await;
        }
        harness.clock.advance(Duration::from_hours(25));
        claim(harness, &key(), b"f").await;
        assert_eq!(harness.store.run().await.unwrap(), 1_100);
    }

    async fn keys_are_scoped_to_caller_and_method(harness: &Harness) {
        let (key, other_caller) = (key(), key());
        let other_method = IdempotencyKey { method: "/a.B/D", ..key.clone() };
        for key in [key, other_caller, other_method] {
            assert!(matches!(claim(harness, &key, b"f").await, ClaimResult::Acquired(_)));
        }
    }

    async fn a_released_key_can_be_claimed_and_a_completed_key_cannot_be_released(harness: &Harness) {
        let key = key();
        claim(harness, &key, b"f").await;
        harness.store.release(&key).await.unwrap();
        assert!(matches!(claim(harness, &key, b"f").await, ClaimResult::Acquired(_)));
        harness.store.complete(&key, b"done").await.unwrap();
        harness.store.release(&key).await.unwrap();
        assert_eq!(claim(harness, &key, b"f").await, ClaimResult::Completed(b"done".to_vec()));
    }

    async fn an_expired_claim_keeps_its_claimed_id_and_a_response_is_deleted_after_a_day(harness: &Harness) {
        let key = key();
        let ClaimResult::Acquired(first) = claim(harness, &key, b"f").await else { panic!("key is not free") };
        harness.clock.advance(Duration::from_secs(61));
        assert_eq!(
            claim(harness, &key, b"f").await,
            ClaimResult::Acquired(first),
            "the retry finds the resource of the crashed call"
        );
        harness.store.complete(&key, b"done").await.unwrap();
        harness.clock.advance(Duration::from_hours(25));
        assert!(matches!(claim(harness, &key, b"another").await, ClaimResult::Acquired(id) if id != first));
        harness.store.complete(&key, b"done").await.unwrap();
        harness.clock.advance(Duration::from_hours(25));
        assert_eq!(harness.store.run().await.unwrap(), 1);
    }

    async fn stored_responses_are_encrypted_and_keys_are_digests(harness: &Harness) {
        let key = IdempotencyKey { key: "a-key-to-search-for".to_owned(), ..key() };
        claim(harness, &key, b"f").await;
        harness.store.complete(&key, b"a-secret-to-search-for").await.unwrap();
        let (response, key_digest) = harness.raw.stored().await.unwrap();
        assert!(!response.windows(8).any(|window| window == b"a-secret"));
        assert!(!key_digest.windows(6).any(|window| window == b"a-key-"));
    }
}
