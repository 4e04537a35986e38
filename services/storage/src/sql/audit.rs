//! The audit trail as a table: an act and the line about it commit together.

use async_trait::async_trait;
use kith_kernel::{
    Failure,
    audit::{Entry, Head, Line},
    ports::{Audit, AuditQuery},
};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::{At, Database, Engine, Tx};
use crate::{StoreError, StoreResult, sql};

#[sql]
impl Tx<Db> {
    /// Writes down what this transaction does: it is written if, and only if, the transaction commits. All who write down
    /// wait for each other from here to their commit, so it is said last, after all that is held.
    ///
    /// # Errors
    /// [`StoreError::Internal`] for an entry that has not the form of one; otherwise only those of the database.
    pub async fn audit(&mut self, entries: &[Entry]) -> StoreResult<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.hold("audit", &[]).await?;
        let (position, hash): (i64, Vec<u8>) =
            sqlx::query_as("SELECT position, hash FROM audit_head").fetch_one(&mut **self).await?;
        let mut head = head(position, &hash)?;
        for entry in entries {
            if !entry.is_well_formed() {
                return Err(StoreError::corrupt(format!("an entry about {} has no form", entry.act.word())));
            }
            head = head.after(entry);
            self.append_line(head, entry).await?;
        }
        Ok(())
    }

    async fn append_line(&mut self, head: Head, entry: &Entry) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO audit_log (position, id, at, actor, session, act, subject, detail, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(head.position)
        .bind(entry.id.uuid())
        .bind(At(entry.at))
        .bind(entry.actor.uuid())
        .bind(entry.session.map(kith_kernel::SessionId::uuid))
        .bind(entry.act.word())
        .bind(&entry.subject)
        .bind(&entry.detail)
        .bind(&head.hash[..])
        .execute(&mut **self)
        .await?;
        let moved = sqlx::query("UPDATE audit_head SET position = $1, hash = $2")
            .bind(head.position)
            .bind(&head.hash[..])
            .execute(&mut **self)
            .await?;
        if moved.rows_affected() == 1 { Ok(()) } else { Err(StoreError::corrupt("the audit log has no head")) }
    }
}

fn head(position: i64, hash: &[u8]) -> StoreResult<Head> {
    let hash = hash.try_into().map_err(|_| StoreError::corrupt("the audit log's head is no hash"))?;
    Ok(Head { position, hash })
}

/// The audit trail of a SQL database.
pub struct SqlAudit<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> SqlAudit<D> {
    /// The audit trail of this database.
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

#[derive(FromRow)]
struct Row {
    position: i64,
    id: Uuid,
    at: At,
    actor: Uuid,
    session: Option<Uuid>,
    act: String,
    subject: String,
    detail: String,
    hash: Vec<u8>,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        let Row { position, id, at, actor, session, act, subject, detail, hash } = row;
        Self { position, id, at: at.0.millis(), actor, session, act, subject, detail, hash }
    }
}

#[sql]
#[async_trait]
impl Audit for SqlAudit<Db> {
    async fn append(&self, entries: &[Entry]) -> Result<(), Failure> {
        let mut tx = self.database.begin().await?;
        tx.audit(entries).await?;
        Ok(tx.commit().await?)
    }

    async fn page(&self, about: &AuditQuery, limit: i64) -> Result<Vec<Line>, Failure> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT position, id, at, actor, session, act, subject, detail, hash FROM audit_log WHERE position < ",
        );
        query.push_bind(about.before.unwrap_or(i64::MAX));
        if let Some(actor) = about.actor {
            query.push(" AND actor = ").push_bind(actor.uuid());
        }
        if let Some(subject) = &about.subject {
            query.push(" AND subject = ").push_bind(subject.clone());
        }
        query.push(" ORDER BY position DESC LIMIT ").push_bind(limit);
        let rows: Result<Vec<Row>, _> = query.build_query_as().fetch_all(self.database.reader()).await;
        Ok(rows.map_err(StoreError::from)?.into_iter().map(Line::from).collect())
    }

    async fn head(&self) -> Result<Head, Failure> {
        let row = sqlx::query_as("SELECT position, hash FROM audit_head").fetch_one(self.database.reader()).await;
        let (position, hash): (i64, Vec<u8>) = row.map_err(StoreError::from)?;
        Ok(head(position, &hash)?)
    }

    async fn lines(&self, after: i64, limit: i64) -> Result<Vec<Line>, Failure> {
        let rows: Result<Vec<Row>, _> = sqlx::query_as(
            "SELECT position, id, at, actor, session, act, subject, detail, hash FROM audit_log
             WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self.database.reader())
        .await;
        Ok(rows.map_err(StoreError::from)?.into_iter().map(Line::from).collect())
    }
}
