//! Table of durable timers.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    PortError, Timestamp,
    ports::{Timer, TimerKey, Timers},
};
use sqlx::Sqlite;

use super::{Database, Engine, SqlTimestamp, Tx};
use crate::{
    StoreResult, sql,
    timers::{LeasedTimer, TimerStore},
};

/// Timers in a SQL database, shared by all slices.
pub struct SqlTimers<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> SqlTimers<D> {
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

impl<D: Engine> SqlTimers<D>
where
    Self: Timers + TimerStore + 'static,
{
    /// Returns the table as the port for slices and as the store for the worker.
    #[must_use]
    pub fn shared(database: Database<D>) -> (Arc<dyn Timers>, Arc<dyn TimerStore>) {
        let timers = Arc::new(Self::new(database));
        (timers.clone(), timers)
    }
}

#[sql]
impl Tx<Db> {
    /// Schedules a timer, or moves it if its key is already scheduled. Takes effect on commit.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn schedule_timer(&mut self, timer: &Timer) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO timers AS stored (handler, timer_key, due_at, payload, revision, attempts)
             VALUES ($1, $2, $3, $4, 1, 0)
             ON CONFLICT (handler, timer_key) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,
                revision = stored.revision + 1, attempts = 0, leased_until = NULL",
        )
        .bind(&timer.key.handler)
        .bind(&timer.key.key)
        .bind(SqlTimestamp(timer.due_at))
        .bind(&timer.payload)
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// Cancels a timer. Idempotent. Takes effect on commit.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn cancel_timer(&mut self, key: &TimerKey) -> StoreResult<()> {
        sqlx::query("DELETE FROM timers WHERE handler = $1 AND timer_key = $2")
            .bind(&key.handler)
            .bind(&key.key)
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}

#[sql]
#[async_trait]
impl Timers for SqlTimers<Db> {
    async fn schedule(&self, timer: &Timer) -> Result<(), PortError> {
        let mut tx = self.database.begin().await?;
        tx.schedule_timer(timer).await?;
        Ok(tx.commit().await?)
    }

    async fn cancel(&self, key: &TimerKey) -> Result<(), PortError> {
        let mut tx = self.database.begin().await?;
        tx.cancel_timer(key).await?;
        Ok(tx.commit().await?)
    }
}

type Row = (String, String, SqlTimestamp, Vec<u8>, i64, i64);

fn leased_timer((handler, key, due_at, payload, revision, attempts): Row) -> LeasedTimer {
    let timer = Timer { key: TimerKey { handler, key }, due_at: due_at.0, payload };
    LeasedTimer { timer, revision, attempts }
}

#[sql]
#[async_trait]
impl TimerStore for SqlTimers<Db> {
    async fn lease_due(&self, now: Timestamp, leased_until: Timestamp, limit: i64) -> StoreResult<Vec<LeasedTimer>> {
        let due: Option<(i64,)> = sqlx::query_as(
            "SELECT revision FROM timers WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1) LIMIT 1",
        )
        .bind(SqlTimestamp(now))
        .fetch_optional(self.database.reader())
        .await?;
        // Most polls find nothing and must not take the writer.
        if due.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.database.begin().await?;
        // The condition stands twice: in Postgres a concurrent lease blocks this update on the row and then re-evaluates
        // the outer condition only.
        let mut rows: Vec<Row> = sqlx::query_as(
            "UPDATE timers SET leased_until = $2, attempts = attempts + 1
             WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
               AND (handler, timer_key) IN (
                 SELECT handler, timer_key FROM timers
                 WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
                 ORDER BY due_at LIMIT $3)
             RETURNING handler, timer_key, due_at, payload, revision, attempts",
        )
        .bind(SqlTimestamp(now))
        .bind(SqlTimestamp(leased_until))
        .bind(limit)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.sort_by_key(|row| row.2.0);
        Ok(rows.into_iter().map(leased_timer).collect())
    }

    async fn complete(&self, timer: &LeasedTimer) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query("DELETE FROM timers WHERE handler = $1 AND timer_key = $2 AND revision = $3")
            .bind(&timer.timer.key.handler)
            .bind(&timer.timer.key.key)
            .bind(timer.revision)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    async fn retry(&self, timer: &LeasedTimer, due_at: Timestamp) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "UPDATE timers SET due_at = $4, leased_until = NULL
             WHERE handler = $1 AND timer_key = $2 AND revision = $3",
        )
        .bind(&timer.timer.key.handler)
        .bind(&timer.timer.key.key)
        .bind(timer.revision)
        .bind(SqlTimestamp(due_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}
