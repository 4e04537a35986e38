//! Deletion of old rows in batches.

use sqlx::{Encode, Type};

use super::Database;
use crate::{StoreResult, sql};

/// Number of rows per transaction. Small batches keep other writers from waiting.
const BATCH: i64 = 1_000;

#[sql]
impl Database<Db> {
    /// Runs `delete` until it finds no more rows, and returns the number of deleted rows.
    ///
    /// `delete` is a `DELETE` of at most `$2` rows that are older than `$1`. Each batch is a transaction with the
    /// operation timeout; the whole call has none.
    ///
    /// # Errors
    /// Database errors. Earlier batches stay deleted.
    pub async fn delete_in_batches<H>(&self, delete: &'static str, horizon: H) -> StoreResult<u64>
    where
        H: for<'q> Encode<'q, Db> + Type<Db> + Copy + Send + 'static,
    {
        let mut total = 0_u64;
        loop {
            let deleted = self.with_timeout(self.delete_batch(delete, horizon)).await?;
            total = total.saturating_add(deleted);
            if deleted < BATCH.unsigned_abs() {
                return Ok(total);
            }
        }
    }

    async fn delete_batch<H>(&self, delete: &'static str, horizon: H) -> StoreResult<u64>
    where
        H: for<'q> Encode<'q, Db> + Type<Db> + Copy + Send + 'static,
    {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query(delete).bind(horizon).bind(BATCH).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }
}
