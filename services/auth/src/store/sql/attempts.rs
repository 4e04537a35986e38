//! Password attempts, inside a transaction.

use kith_kernel::Timestamp;
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};

use super::Sql;
use crate::{
    domain::Digest,
    policy::{FailedAttempts, record_attempt},
};

/// Namespace of the lock on an e-mail index under which its attempts are attempts.
const LOCK_NAMESPACE: &str = "password attempts";

#[sql]
impl Sql<Db> {
    /// Records an attempt. Returns the time of the next permitted attempt if this one is rejected.
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
        let previous = match found {
            Some((failures, SqlTimestamp(last_at))) => {
                Some(FailedAttempts { failures: u32::try_from(failures).map_err(StoreError::corrupt)?, last_at })
            }
            None => None,
        };
        let attempts = match record_attempt(previous, now) {
            Ok(attempts) => attempts,
            Err(permitted_at) => return Ok(Some(permitted_at)),
        };
        sqlx::query(
            "INSERT INTO password_attempts (email_index, failures, last_attempt_at) VALUES ($1, $2, $3)
             ON CONFLICT (email_index) DO UPDATE
             SET failures = excluded.failures, last_attempt_at = excluded.last_attempt_at",
        )
        .bind(email_index.as_slice())
        .bind(i64::from(attempts.failures))
        .bind(SqlTimestamp(attempts.last_at))
        .execute(&mut **tx)
        .await?;
        Ok(None)
    }

    pub(super) async fn delete_attempts(tx: &mut Tx<Db>, email_index: &Digest) -> StoreResult<()> {
        tx.lock(LOCK_NAMESPACE, email_index).await?;
        sqlx::query("DELETE FROM password_attempts WHERE email_index = $1")
            .bind(email_index.as_slice())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}
