//! Audit log table. An action and its audit record commit in the same transaction.

use async_trait::async_trait;
use kith_kernel::{
    PortError,
    audit::{AuditEntry, AuditRecord, ChainHead},
    ports::{AuditLog, AuditQuery},
};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::{Database, Engine, SqlTimestamp, Tx};
use crate::{StoreError, StoreResult, sql};

#[sql]
impl Tx<Db> {
    /// Appends entries to the audit log. They are stored if and only if the transaction commits.
    ///
    /// Takes the lock of the chain until the transaction ends. Call it last, after all other locks, because it
    /// serializes all transactions that write audit entries.
    ///
    /// # Errors
    /// [`StoreError::Internal`] if an entry is malformed; otherwise database errors only.
    pub async fn append_audit(&mut self, entries: &[AuditEntry]) -> StoreResult<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.lock("audit", &[]).await?;
        let (position, hash): (i64, Vec<u8>) =
            sqlx::query_as("SELECT position, hash FROM audit_head").fetch_one(&mut **self).await?;
        let mut head = head(position, &hash)?;
        for entry in entries {
            if !entry.is_well_formed() {
                return Err(StoreError::corrupt(format!("malformed audit entry for action {}", entry.action.as_str())));
            }
            head = head.after(entry);
            self.append_record(head, entry).await?;
        }
        Ok(())
    }

    async fn append_record(&mut self, head: ChainHead, entry: &AuditEntry) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO audit_log (position, id, created_at, actor, session, action, subject, detail, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(head.position)
        .bind(entry.id.uuid())
        .bind(SqlTimestamp(entry.at))
        .bind(entry.actor.uuid())
        .bind(entry.session.map(kith_kernel::SessionId::uuid))
        .bind(entry.action.as_str())
        .bind(&entry.subject)
        .bind(&entry.detail)
        .bind(&head.hash[..])
        .execute(&mut **self)
        .await?;
        let updated = sqlx::query("UPDATE audit_head SET position = $1, hash = $2")
            .bind(head.position)
            .bind(&head.hash[..])
            .execute(&mut **self)
            .await?;
        if updated.rows_affected() == 1 { Ok(()) } else { Err(StoreError::corrupt("audit log has no head")) }
    }
}

fn head(position: i64, hash: &[u8]) -> StoreResult<ChainHead> {
    let hash = hash.try_into().map_err(|_| StoreError::corrupt("hash of the audit log head is malformed"))?;
    Ok(ChainHead { position, hash })
}

/// [`AuditLog`] in a SQL database.
pub struct SqlAuditLog<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> SqlAuditLog<D> {
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

#[derive(FromRow)]
struct Row {
    position: i64,
    id: Uuid,
    created_at: SqlTimestamp,
    actor: Uuid,
    session: Option<Uuid>,
    action: String,
    subject: String,
    detail: String,
    hash: Vec<u8>,
}

impl From<Row> for AuditRecord {
    fn from(row: Row) -> Self {
        let Row { position, id, created_at, actor, session, action, subject, detail, hash } = row;
        Self { position, id, at: created_at.0.millis(), actor, session, action, subject, detail, hash }
    }
}

#[sql]
#[async_trait]
impl AuditLog for SqlAuditLog<Db> {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), PortError> {
        let mut tx = self.database.begin().await?;
        tx.append_audit(entries).await?;
        Ok(tx.commit().await?)
    }

    async fn list(&self, filter: &AuditQuery, limit: i64) -> Result<Vec<AuditRecord>, PortError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT position, id, created_at, actor, session, action, subject, detail, hash FROM audit_log
             WHERE position < ",
        );
        query.push_bind(filter.before.unwrap_or(i64::MAX));
        if let Some(actor) = filter.actor {
            query.push(" AND actor = ").push_bind(actor.uuid());
        }
        if let Some(subject) = &filter.subject {
            query.push(" AND subject = ").push_bind(subject.clone());
        }
        query.push(" ORDER BY position DESC LIMIT ").push_bind(limit);
        let rows: Result<Vec<Row>, _> = query.build_query_as().fetch_all(self.database.reader()).await;
        Ok(rows.map_err(StoreError::from)?.into_iter().map(AuditRecord::from).collect())
    }

    async fn head(&self) -> Result<ChainHead, PortError> {
        let row = sqlx::query_as("SELECT position, hash FROM audit_head").fetch_one(self.database.reader()).await;
        let (position, hash): (i64, Vec<u8>) = row.map_err(StoreError::from)?;
        Ok(head(position, &hash)?)
    }

    async fn records_after(&self, after: i64, limit: i64) -> Result<Vec<AuditRecord>, PortError> {
        let rows: Result<Vec<Row>, _> = sqlx::query_as(
            "SELECT position, id, created_at, actor, session, action, subject, detail, hash FROM audit_log
             WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self.database.reader())
        .await;
        Ok(rows.map_err(StoreError::from)?.into_iter().map(AuditRecord::from).collect())
    }
}
