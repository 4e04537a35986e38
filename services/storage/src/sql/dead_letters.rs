//! Dead letter table: events whose handler failed permanently, stored until an operator replays or discards them.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Clock, EncodedEvent, EventId, PortError, Timestamp, ports::DeadLetterStore};
use sqlx::Sqlite;
use uuid::Uuid;

use super::{Database, Engine, SqlTimestamp};
use crate::{StoreError, StoreResult, sql};

/// [`DeadLetterStore`] in a SQL database.
pub struct SqlDeadLetterStore<D: Engine = Sqlite> {
    database: Database<D>,
    clock: Arc<dyn Clock>,
}

/// An event that one consumer failed to process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub event: EncodedEvent,
    pub consumer: String,
    /// Last error of the consumer.
    pub error: String,
    pub created_at: Timestamp,
}

impl<D: Engine> SqlDeadLetterStore<D> {
    #[must_use]
    pub const fn new(database: Database<D>, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }
}

#[sql]
impl SqlDeadLetterStore<Db> {
    /// Number of dead letters.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn count(&self) -> StoreResult<i64> {
        let count = sqlx::query_as("SELECT count(*) FROM dead_letters").fetch_one(self.database.reader());
        let (count,) = self.database.with_timeout(async { Ok::<_, StoreError>(count.await?) }).await?;
        Ok(count)
    }

    /// Returns at most `limit` dead letters, oldest first.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn list(&self, limit: i64) -> StoreResult<Vec<DeadLetter>> {
        let rows = sqlx::query_as(
            "SELECT event, consumer, payload, error, created_at FROM dead_letters
             ORDER BY created_at, event LIMIT $1",
        )
        .bind(limit)
        .fetch_all(self.database.reader());
        let rows: Vec<Row> = self.database.with_timeout(async { Ok::<_, StoreError>(rows.await?) }).await?;
        Ok(rows.into_iter().map(dead_letter).collect())
    }

    /// Deletes a dead letter. Returns false if it does not exist.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn remove(&self, event: EventId, consumer: &str) -> StoreResult<bool> {
        self.database
            .with_timeout(async {
                let mut tx = self.database.begin().await?;
                let removed = sqlx::query("DELETE FROM dead_letters WHERE event = $1 AND consumer = $2")
                    .bind(event.uuid())
                    .bind(consumer)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                Ok(removed.rows_affected() == 1)
            })
            .await
    }
}

type Row = (Uuid, String, Vec<u8>, String, SqlTimestamp);

fn dead_letter((event, consumer, bytes, error, created_at): Row) -> DeadLetter {
    let event = EncodedEvent { id: EventId::from_uuid(event), bytes };
    DeadLetter { event, consumer, error, created_at: created_at.0 }
}

#[sql]
#[async_trait]
impl DeadLetterStore for SqlDeadLetterStore<Db> {
    async fn add(&self, event: &EncodedEvent, consumer: &'static str, error: &str) -> Result<(), PortError> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO dead_letters (event, consumer, payload, error, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (event, consumer) DO NOTHING",
        )
        .bind(event.id.uuid())
        .bind(consumer)
        .bind(&event.bytes)
        // Postgres rejects NUL characters in text.
        .bind(error.replace('\0', ""))
        .bind(SqlTimestamp(self.clock.now()))
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
        Ok(tx.commit().await?)
    }
}
