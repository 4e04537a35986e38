//! Idempotency store: responses of calls that carry an idempotency key.
//!
//! A response can contain secrets and private text, for example tokens or recovery codes. Responses are therefore
//! encrypted, and keys are stored as digests.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use kith_kernel::{
    Clock, Entropy, EventId, PortError,
    ports::{ClaimResult, FieldEncryption, FieldLocation, IdempotencyKey, IdempotencyStore, PeriodicJob},
};
use sqlx::Sqlite;
use uuid::Uuid;

use super::{Database, Engine, SqlTimestamp};
use crate::{StoreError, StoreResult, sql};

/// Retention of keys and responses, from the claim: clients retry within this time.
const RETENTION: Duration = Duration::from_hours(24);
/// Lifetime of a claim that is not completed. A call that takes longer loses its claim, and a repeated call can then run
/// at the same time. Configuration limits `http.call_timeout` to less, and storage operations have timeouts, so that in
/// practice only crashed calls lose their claim.
const CLAIM_TIMEOUT: Duration = Duration::from_mins(1);

/// [`IdempotencyStore`] in a SQL database.
pub struct SqlIdempotencyStore<D: Engine = Sqlite> {
    database: Database<D>,
    encryption: Arc<dyn FieldEncryption>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Claimed id, fingerprint, and the encrypted response if the call is completed. The claimed id is stored in the column
/// `resource_id`, because a create method uses it as the id of the new object.
type StoredKey = (Uuid, Vec<u8>, Option<Vec<u8>>);

impl<D: Engine> SqlIdempotencyStore<D> {
    #[must_use]
    pub const fn new(
        database: Database<D>,
        encryption: Arc<dyn FieldEncryption>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { database, encryption, clock, entropy }
    }

    fn decrypt(&self, claimed_id: Uuid, sealed: &[u8]) -> StoreResult<Vec<u8>> {
        self.encryption
            .open(&self.encryption.system_key(PURPOSE), &location(claimed_id), sealed)
            .map_err(StoreError::corrupt)
    }
}

#[sql]
impl SqlIdempotencyStore<Db> {
    async fn claim_key(&self, key: &IdempotencyKey, fingerprint: &[u8]) -> StoreResult<ClaimResult> {
        let (now, digest) = (self.clock.now(), digest(key));
        let mut tx = self.database.begin().await?;
        // An expired claim keeps its claimed id, so that the retry finds the resource that the crashed call created.
        let claimed: Option<(Uuid,)> = sqlx::query_as(
            "INSERT INTO idempotency_keys AS stored (key_digest, resource_id, fingerprint, claimed_at)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (key_digest) DO UPDATE SET
                resource_id = CASE WHEN stored.claimed_at < $5 THEN excluded.resource_id ELSE stored.resource_id END,
                fingerprint = excluded.fingerprint, claimed_at = excluded.claimed_at, response = NULL
             WHERE stored.claimed_at < $5
                OR (stored.response IS NULL AND stored.claimed_at < $6 AND stored.fingerprint = excluded.fingerprint)
             RETURNING resource_id",
        )
        .bind(digest.as_slice())
        .bind(EventId::new(now, &*self.entropy).uuid())
        .bind(fingerprint)
        .bind(SqlTimestamp(now))
        .bind(SqlTimestamp(now.before(RETENTION)))
        .bind(SqlTimestamp(now.before(CLAIM_TIMEOUT)))
        .fetch_optional(&mut *tx)
        .await?;
        if let Some((claimed_id,)) = claimed {
            tx.commit().await?;
            return Ok(ClaimResult::Acquired(claimed_id));
        }
        let stored: Option<StoredKey> =
            sqlx::query_as("SELECT resource_id, fingerprint, response FROM idempotency_keys WHERE key_digest = $1")
                .bind(digest.as_slice())
                .fetch_optional(&mut *tx)
                .await?;
        tx.rollback().await?;
        Ok(match stored {
            Some((_, stored, _)) if stored != fingerprint => ClaimResult::FingerprintMismatch,
            Some((claimed_id, _, Some(sealed))) => ClaimResult::Completed(self.decrypt(claimed_id, &sealed)?),
            // `None`: the key was released in the meantime. The next attempt acquires it.
            Some((_, _, None)) | None => ClaimResult::InProgress,
        })
    }

    async fn complete_key(&self, key: &IdempotencyKey, response: &[u8]) -> StoreResult<()> {
        let digest = digest(key);
        let mut tx = self.database.begin().await?;
        let stored: Option<(Uuid,)> = sqlx::query_as("SELECT resource_id FROM idempotency_keys WHERE key_digest = $1")
            .bind(digest.as_slice())
            .fetch_optional(&mut *tx)
            .await?;
        let Some((claimed_id,)) = stored else { return tx.rollback().await };
        let sealed = self.encryption.seal(&self.encryption.system_key(PURPOSE), &location(claimed_id), response);
        // The claimed id is compared again: another call may have taken over the key since the read.
        sqlx::query("UPDATE idempotency_keys SET response = $3 WHERE key_digest = $1 AND resource_id = $2")
            .bind(digest.as_slice())
            .bind(claimed_id)
            .bind(sealed.map_err(StoreError::corrupt)?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    async fn release_key(&self, key: &IdempotencyKey) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query("DELETE FROM idempotency_keys WHERE key_digest = $1 AND response IS NULL")
            .bind(digest(key).as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

const PURPOSE: &str = "idempotency_keys";

const fn location(claimed_id: Uuid) -> FieldLocation {
    FieldLocation { table: "idempotency_keys", column: "response", row: claimed_id, owner: Uuid::nil() }
}

fn digest(key: &IdempotencyKey) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in [key.caller.as_str(), key.method, key.key.as_str()] {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    context.finish().as_ref().to_vec()
}

#[sql]
#[async_trait]
impl IdempotencyStore for SqlIdempotencyStore<Db> {
    async fn claim(&self, key: &IdempotencyKey, fingerprint: &[u8]) -> Result<ClaimResult, PortError> {
        Ok(self.claim_key(key, fingerprint).await?)
    }

    async fn complete(&self, key: &IdempotencyKey, response: &[u8]) -> Result<(), PortError> {
        Ok(self.complete_key(key, response).await?)
    }

    async fn release(&self, key: &IdempotencyKey) -> Result<(), PortError> {
        Ok(self.release_key(key).await?)
    }
}

#[sql]
#[async_trait]
impl PeriodicJob for SqlIdempotencyStore<Db> {
    fn name(&self) -> &'static str {
        "purge-idempotency-keys"
    }

    #[no_timeout]
    async fn run(&self) -> Result<u64, PortError> {
        let horizon = SqlTimestamp(self.clock.now().before(RETENTION));
        let delete = "DELETE FROM idempotency_keys WHERE key_digest IN
            (SELECT key_digest FROM idempotency_keys WHERE claimed_at < $1 LIMIT $2)";
        Ok(self.database.delete_in_batches(delete, horizon).await?)
    }
}
