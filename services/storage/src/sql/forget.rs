//! Forgetting what is old: as much as it is, a little at a time, so that no write waits for it.

use sqlx::{Encode, Type};

use super::Database;
use crate::{StoreResult, sql};

/// How many rows one transaction takes away.
const BATCH: i64 = 1_000;

#[sql]
impl Database<Db> {
    /// Runs a `DELETE` of what is before `$1`, of at most `$2` rows, until it finds no more; and says how many it found.
    /// Each transaction ends in time, all of them together when they are done.
    ///
    /// # Errors
    /// Only those of the database. What was forgotten before is forgotten.
    pub async fn forget<H>(&self, delete: &'static str, horizon: H) -> StoreResult<u64>
    where
        H: for<'q> Encode<'q, Db> + Type<Db> + Copy + Send + 'static,
    {
        let mut forgotten = 0_u64;
        loop {
            let some = self.within(self.forget_some(delete, horizon)).await?;
            forgotten = forgotten.saturating_add(some);
            if some < BATCH.unsigned_abs() {
                return Ok(forgotten);
            }
        }
    }

    async fn forget_some<H>(&self, delete: &'static str, horizon: H) -> StoreResult<u64>
    where
        H: for<'q> Encode<'q, Db> + Type<Db> + Copy + Send + 'static,
    {
        let mut tx = self.begin().await?;
        let forgotten = sqlx::query(delete).bind(horizon).bind(BATCH).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(forgotten.rows_affected())
    }
}
