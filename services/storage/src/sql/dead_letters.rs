//! The dead letters as a table: events that a consumer gave up, kept until somebody has looked at them.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Clock, EventId, Failure, Parcel, Timestamp, ports::DeadLetters};
use sqlx::Sqlite;
use uuid::Uuid;

use super::{At, Database, Engine};
use crate::{StoreError, StoreResult, sql};

/// The dead letters of a SQL database.
pub struct SqlDeadLetters<D: Engine = Sqlite> {
    database: Database<D>,
    clock: Arc<dyn Clock>,
}

/// One event that one consumer gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event, sealed.
    pub parcel: Parcel,
    /// Who gave it up.
    pub consumer: String,
    /// What they said.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

impl<D: Engine> SqlDeadLetters<D> {
    /// The dead letters of this database.
    #[must_use]
    pub const fn new(database: Database<D>, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }
}

#[sql]
impl SqlDeadLetters<Db> {
    /// How many there are.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn count(&self) -> StoreResult<i64> {
        let count = sqlx::query_as("SELECT count(*) FROM dead_letters").fetch_one(self.database.reader());
        let (count,) = self.database.within(async { Ok::<_, StoreError>(count.await?) }).await?;
        Ok(count)
    }

    /// The oldest of them.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn list(&self, limit: i64) -> StoreResult<Vec<DeadLetter>> {
        let rows =
            sqlx::query_as("SELECT event, consumer, parcel, why, at FROM dead_letters ORDER BY at, event LIMIT $1")
                .bind(limit)
                .fetch_all(self.database.reader());
        let rows: Vec<Row> = self.database.within(async { Ok::<_, StoreError>(rows.await?) }).await?;
        Ok(rows.into_iter().map(letter).collect())
    }

    /// Takes one away: its consumer has digested it after all.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn remove(&self, event: EventId, consumer: &str) -> StoreResult<bool> {
        self.database
            .within(async {
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

type Row = (Uuid, String, Vec<u8>, String, At);

fn letter((event, consumer, bytes, why, at): Row) -> DeadLetter {
    DeadLetter { parcel: Parcel { id: EventId::from_uuid(event), bytes }, consumer, why, at: at.0 }
}

#[sql]
#[async_trait]
impl DeadLetters for SqlDeadLetters<Db> {
    async fn bury(&self, parcel: &Parcel, consumer: &'static str, why: &str) -> Result<(), Failure> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO dead_letters (event, consumer, parcel, why, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (event, consumer) DO NOTHING",
        )
        .bind(parcel.id.uuid())
        .bind(consumer)
        .bind(&parcel.bytes)
        // Postgres keeps no such character in a text.
        .bind(why.replace('\0', ""))
        .bind(At(self.clock.now()))
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
        Ok(tx.commit().await?)
    }
}
