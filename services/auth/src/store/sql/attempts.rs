//! Attempts to enter by a password, inside of a transaction.

use kith_kernel::Timestamp;
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};

use super::Sql;
use crate::{
    domain::Digest,
    policy::{Attempts, attempt},
};

/// What is held of an address while its attempts are counted.
const LOCK_NAMESPACE: &str = "password attempts";

#[sql]
impl Sql<Db> {
    /// Counts one more, or says when it may be made.
    pub(super) async fn count_attempt(
        tx: &mut Tx<Db>,
        email_index: &Digest,
        now: Timestamp,
    ) -> StoreResult<Option<Timestamp>> {
        tx.lock(LOCK_NAMESPACE, email_index).await?;
        let found: Option<(i64, SqlTimestamp)> =
            sqlx::query_as("SELECT failures, last_attempt_at FROM password_attempts WHERE email_index = $1")
                .bind(email_index.as_slice())
                .fetch_optional(&mut **tx)
                .await?;
        let former = match found {
            Some((failures, SqlTimestamp(last_at))) => {
                Some(Attempts { failures: u32::try_from(failures).map_err(StoreError::corrupt)?, last_at })
            }
            None => None,
        };
        let counted = match attempt(former, now) {
            Ok(counted) => counted,
            Err(opens_at) => return Ok(Some(opens_at)),
        };
        sqlx::query(
            "INSERT INTO password_attempts (email_index, failures, last_attempt_at) VALUES ($1, $2, $3)
             ON CONFLICT (email_index) DO UPDATE
             SET failures = excluded.failures, last_attempt_at = excluded.last_attempt_at",
        )
        .bind(email_index.as_slice())
        .bind(i64::from(counted.failures))
        .bind(SqlTimestamp(counted.last_at))
        .execute(&mut **tx)
        .await?;
        Ok(None)
    }

    /// Forgets those of one address.
    pub(super) async fn forget_attempts_of(tx: &mut Tx<Db>, email_index: &Digest) -> StoreResult<()> {
        tx.lock(LOCK_NAMESPACE, email_index).await?;
        sqlx::query("DELETE FROM password_attempts WHERE email_index = $1")
            .bind(email_index.as_slice())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}
