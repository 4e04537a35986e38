//! Rows of the `sessions` table, and writes inside a transaction.

use kith_kernel::{Event, SessionId, UserId};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};
use uuid::Uuid;

use super::Sql;
use crate::{
    domain::{Digest, PendingRetry, Session},
    store::RevocationEvent,
};

/// Namespace of the lock on an account under which its sessions are created.
pub(super) const LOCK_NAMESPACE: &str = "sessions";

#[sql]
impl Sql<Db> {
    /// Ends the oldest live sessions of the account, so that at most `limit` remain including `session`. The caller
    /// holds the lock on the account.
    pub(super) async fn end_oldest(
        tx: &mut Tx<Db>,
        session: &Session,
        limit: u32,
        event_for: RevocationEvent<'_>,
    ) -> StoreResult<Vec<SessionId>> {
        // The condition is repeated outside the subquery: a logout, which does not take the lock, can end a session
        // between the two, and it must not be ended twice.
        let ended: Vec<(Uuid,)> = sqlx::query_as(
            "UPDATE sessions SET ended_at = $2, previous_digest = NULL, encrypted_successor = NULL
             WHERE ended_at IS NULL AND expires_at > $2 AND id IN (
                SELECT id FROM sessions WHERE account = $1 AND ended_at IS NULL AND expires_at > $2
                ORDER BY id DESC LIMIT $4 OFFSET $3
             )
             RETURNING id",
        )
        .bind(session.account.uuid())
        .bind(SqlTimestamp(session.created_at))
        .bind(i64::from(limit.saturating_sub(1)))
        .bind(i64::MAX)
        .fetch_all(&mut **tx)
        .await?;
        let ended: Vec<SessionId> = ended.into_iter().map(|(id,)| SessionId::from_uuid(id)).collect();
        let events: Vec<Event> = ended.iter().map(|id| event_for(*id)).collect();
        tx.append_events(&events).await?;
        Ok(ended)
    }

    pub(super) async fn insert(tx: &mut Tx<Db>, session: &Session) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO sessions
                (id, account, device, created_at, refreshed_at, expires_at, absolute_expires_at, generation,
                current_digest)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(session.id.uuid())
        .bind(session.account.uuid())
        .bind(session.device.as_slice())
        .bind(SqlTimestamp(session.created_at))
        .bind(SqlTimestamp(session.refreshed_at))
        .bind(SqlTimestamp(session.expires_at))
        .bind(SqlTimestamp(session.absolute_expiry))
        .bind(session.generation)
        .bind(session.current_digest.as_slice())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

/// Row of the `sessions` table.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    account: Uuid,
    device: Vec<u8>,
    created_at: SqlTimestamp,
    refreshed_at: SqlTimestamp,
    expires_at: SqlTimestamp,
    absolute_expires_at: SqlTimestamp,
    generation: i64,
    current_digest: Vec<u8>,
    previous_digest: Option<Vec<u8>>,
    encrypted_successor: Option<Vec<u8>>,
    ended_at: Option<SqlTimestamp>,
}

impl Row {
    pub(super) fn into_session(self) -> StoreResult<Session> {
        let pending_retry = match self.previous_digest.zip(self.encrypted_successor) {
            Some((previous, encrypted_successor)) => {
                Some(PendingRetry { previous_digest: digest(&previous)?, encrypted_successor })
            }
            None => None,
        };
        Ok(Session {
            id: SessionId::from_uuid(self.id),
            account: UserId::from_uuid(self.account),
            device: self.device,
            created_at: self.created_at.0,
            refreshed_at: self.refreshed_at.0,
            expires_at: self.expires_at.0,
            absolute_expiry: self.absolute_expires_at.0,
            generation: self.generation,
            current_digest: digest(&self.current_digest)?,
            pending_retry,
            ended_at: self.ended_at.map(|at| at.0),
        })
    }
}

fn digest(bytes: &[u8]) -> StoreResult<Digest> {
    Digest::try_from(bytes).map_err(StoreError::corrupt)
}
