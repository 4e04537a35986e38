//! Credentials and sessions in SQLite or Postgres.

mod attempts;
mod rows;

use async_trait::async_trait;
use kith_kernel::{Event, SessionId, Timestamp, UserId, audit, ports::DataKey};
use kith_storage::{
    StoreResult, sql,
    sql::{Database, Engine, SqlTimestamp, Sqlite},
};
use uuid::Uuid;

use self::rows::{LOCK_NAMESPACE, Row};
use super::{EmailCredentials, LoginRecord, NewCredentials, RevocationEvent, Store};
use crate::domain::{Digest, PendingRetry, Session};

/// Store in a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

#[sql]
#[async_trait]
impl Store for Sql<Db> {
    async fn enroll(&self, credentials: &NewCredentials, session: &Session) -> StoreResult<()> {
        let email = credentials.email.as_ref();
        let mut tx = self.database.begin().await?;
        // Inserted first, so that a repeated enrollment is reported as `owner` and not as `email_index`.
        sqlx::query("INSERT INTO data_keys (owner, wrapped_key) VALUES ($1, $2)")
            .bind(credentials.account.uuid())
            .bind(credentials.data_key.0.as_slice())
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO email_credentials (account, recovery_digest, email, email_index, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(credentials.account.uuid())
        .bind(credentials.recovery_digest.as_slice())
        .bind(email.map(|email| email.encrypted_email.as_slice()))
        .bind(email.map(|email| email.email_index.as_slice()))
        .bind(email.map(|email| email.password_hash.as_str()))
        .bind(SqlTimestamp(credentials.created_at))
        .execute(&mut *tx)
        .await?;
        Self::insert(&mut tx, session).await?;
        tx.commit().await
    }

    async fn enroll_retry(
        &self,
        recovery_digest: &Digest,
        email_index: Option<&Digest>,
        session: &Session,
        event_for: RevocationEvent<'_>,
    ) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, session.account.uuid().as_bytes()).await?;
        let updated = sqlx::query(
            "UPDATE email_credentials SET recovery_digest = $2
                 WHERE account = $1 AND email_index IS NOT DISTINCT FROM $3",
        )
        .bind(session.account.uuid())
        .bind(recovery_digest.as_slice())
        .bind(email_index.map(Digest::as_slice))
        .execute(&mut *tx)
        .await?;
        if updated.rows_affected() == 0 {
            return Ok(false);
        }
        Self::end_oldest(&mut tx, session, 1, event_for).await?;
        Self::insert(&mut tx, session).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn upgrade(&self, account: UserId, email: &EmailCredentials) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let upgraded = sqlx::query(
            "UPDATE email_credentials SET email = $2, email_index = $3, password_hash = $4
             WHERE account = $1 AND email_index IS NULL",
        )
        .bind(account.uuid())
        .bind(email.encrypted_email.as_slice())
        .bind(email.email_index.as_slice())
        .bind(email.password_hash.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(upgraded.rows_affected() == 1)
    }

    async fn find_by_email_index(&self, email_index: &Digest) -> StoreResult<Option<LoginRecord>> {
        let found: Option<(Uuid, String)> =
            sqlx::query_as("SELECT account, password_hash FROM email_credentials WHERE email_index = $1")
                .bind(email_index.as_slice())
                .fetch_optional(self.database.reader())
                .await?;
        Ok(found.map(|(account, password_hash)| LoginRecord { account: UserId::from_uuid(account), password_hash }))
    }

    async fn find_by_recovery_digest(&self, recovery_digest: &Digest) -> StoreResult<Option<UserId>> {
        let found: Option<(Uuid,)> = sqlx::query_as("SELECT account FROM email_credentials WHERE recovery_digest = $1")
            .bind(recovery_digest.as_slice())
            .fetch_optional(self.database.reader())
            .await?;
        Ok(found.map(|(account,)| UserId::from_uuid(account)))
    }

    async fn has_email(&self, account: UserId) -> StoreResult<bool> {
        let (has,): (bool,) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM email_credentials WHERE account = $1 AND email_index IS NOT NULL)",
        )
        .bind(account.uuid())
        .fetch_one(self.database.reader())
        .await?;
        Ok(has)
    }

    async fn data_key(&self, account: UserId) -> StoreResult<Option<DataKey>> {
        let found: Option<(Vec<u8>,)> = sqlx::query_as("SELECT wrapped_key FROM data_keys WHERE owner = $1")
            .bind(account.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        Ok(found.map(|(wrapped,)| DataKey(wrapped)))
    }

    async fn record_attempt(&self, email_index: &Digest, now: Timestamp) -> StoreResult<Option<Timestamp>> {
        let mut tx = self.database.begin().await?;
        let permitted_at = Self::count_attempt(&mut tx, email_index, now).await?;
        tx.commit().await?;
        Ok(permitted_at)
    }

    async fn clear_attempts(&self, email_index: &Digest) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        Self::delete_attempts(&mut tx, email_index).await?;
        tx.commit().await
    }

    #[no_timeout]
    async fn purge_attempts(&self, before: Timestamp) -> StoreResult<u64> {
        let delete = "DELETE FROM password_attempts WHERE email_index IN
            (SELECT email_index FROM password_attempts WHERE last_attempt_at < $1 LIMIT $2) AND last_attempt_at < $1";
        self.database.delete_in_batches(delete, SqlTimestamp(before)).await
    }

    async fn update_hash(&self, account: UserId, previous: &str, hash: &str) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let updated =
            sqlx::query("UPDATE email_credentials SET password_hash = $3 WHERE account = $1 AND password_hash = $2")
                .bind(account.uuid())
                .bind(previous)
                .bind(hash)
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn create_session(
        &self,
        session: &Session,
        limit: u32,
        event_for: RevocationEvent<'_>,
    ) -> StoreResult<Vec<SessionId>> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, session.account.uuid().as_bytes()).await?;
        let ended = Self::end_oldest(&mut tx, session, limit, event_for).await?;
        Self::insert(&mut tx, session).await?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn find_session(&self, id: SessionId) -> StoreResult<Option<Session>> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM sessions WHERE id = $1")
            .bind(id.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(Row::into_session).transpose()
    }

    async fn rotate(&self, rotated: &Session) -> StoreResult<bool> {
        let Some(PendingRetry { previous_digest, encrypted_successor }) = &rotated.pending_retry else {
            return Ok(false);
        };
        let mut tx = self.database.begin().await?;
        let updated = sqlx::query(
            "UPDATE sessions SET current_digest = $3, previous_digest = $2, encrypted_successor = $4,
                generation = $5, refreshed_at = $6, expires_at = $7
             WHERE id = $1 AND current_digest = $2 AND ended_at IS NULL AND expires_at > $6",
        )
        .bind(rotated.id.uuid())
        .bind(previous_digest.as_slice())
        .bind(rotated.current_digest.as_slice())
        .bind(encrypted_successor.as_slice())
        .bind(rotated.generation)
        .bind(SqlTimestamp(rotated.refreshed_at))
        .bind(SqlTimestamp(rotated.expires_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn confirm_rotation(&self, id: SessionId, generation: i64) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let confirmed = sqlx::query(
            "UPDATE sessions SET previous_digest = NULL, encrypted_successor = NULL
             WHERE id = $1 AND generation = $2 AND encrypted_successor IS NOT NULL",
        )
        .bind(id.uuid())
        .bind(generation)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(confirmed.rows_affected() == 1)
    }

    async fn end_session(
        &self,
        id: SessionId,
        account: UserId,
        now: Timestamp,
        events: &[Event],
        entries: &[audit::AuditEntry],
    ) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let ended = sqlx::query(
            "UPDATE sessions SET ended_at = $3, previous_digest = NULL, encrypted_successor = NULL
             WHERE id = $1 AND account = $2 AND ended_at IS NULL AND expires_at > $3",
        )
        .bind(id.uuid())
        .bind(account.uuid())
        .bind(SqlTimestamp(now))
        .execute(&mut *tx)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        tx.append_events(events).await?;
        tx.append_audit(entries).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn list_sessions(
        &self,
        account: UserId,
        before: Option<SessionId>,
        now: Timestamp,
        limit: i64,
    ) -> StoreResult<Vec<Session>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM sessions WHERE account = $1 AND id < $2 AND ended_at IS NULL AND expires_at > $3
             ORDER BY id DESC LIMIT $4",
        )
        .bind(account.uuid())
        .bind(before.map_or(Uuid::max(), SessionId::uuid))
        .bind(SqlTimestamp(now))
        .bind(limit)
        .fetch_all(self.database.reader())
        .await?;
        rows.into_iter().map(Row::into_session).collect()
    }

    #[no_timeout]
    async fn purge_sessions(&self, ended_before: Timestamp) -> StoreResult<u64> {
        let delete = "DELETE FROM sessions WHERE id IN
            (SELECT id FROM sessions WHERE ended_at < $1 OR expires_at < $1 LIMIT $2)";
        self.database.delete_in_batches(delete, SqlTimestamp(ended_before)).await
    }
}
