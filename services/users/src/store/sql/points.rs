//! The ledger of strength points.

use async_trait::async_trait;
use kith_kernel::{EventId, ResponseId};
use kith_storage::{StoreResult, sql, sql::Tx};
use uuid::Uuid;

use super::Sql;
use crate::{
    Earning,
    policy::{DAILY_POINTS, day},
    store::{PointStore, Withheld},
};

/// Who reads the inbox here.
const CONSUMER: &str = "users";

/// What is held of an answer while it earns or is taken back, and of an account while its points change: in this order.
const ANSWERS: &str = "answers that earn";
const LEDGERS: &str = "ledgers of points";

#[sql]
#[async_trait]
impl PointStore for Sql<Db> {
    async fn earn(&self, earning: &Earning) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        if !tx.mark_processed(CONSUMER, earning.event).await? {
            return tx.rollback().await;
        }
        let day = day(earning.at);
        tx.lock(ANSWERS, earning.response.uuid().as_bytes()).await?;
        tx.lock(LEDGERS, earning.account.uuid().as_bytes()).await?;
        sqlx::query(
            "INSERT INTO points_ledger (event, account, response, day, points, granted)
             SELECT $1, $2, $3, $4, $5, 0
             WHERE EXISTS (SELECT 1 FROM accounts WHERE id = $2)
               AND NOT EXISTS (SELECT 1 FROM points_revoked WHERE response = $3)",
        )
        .bind(earning.event.uuid())
        .bind(earning.account.uuid())
        .bind(earning.response.uuid())
        .bind(day)
        .bind(i64::from(earning.worth))
        .execute(&mut *tx)
        .await?;
        Self::fill(&mut tx, earning.account.uuid(), day).await?;
        tx.commit().await
    }

    async fn take_back(&self, event: EventId, response: ResponseId) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        if !tx.mark_processed(CONSUMER, event).await? {
            return tx.rollback().await;
        }
        tx.lock(ANSWERS, response.uuid().as_bytes()).await?;
        sqlx::query("INSERT INTO points_revoked (response) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(response.uuid())
            .execute(&mut *tx)
            .await?;
        let days = Self::ungrant(&mut tx, response.uuid()).await?;
        sqlx::query("DELETE FROM points_ledger WHERE response = $1").bind(response.uuid()).execute(&mut *tx).await?;
        for (account, day) in days {
            Self::fill(&mut tx, account, day).await?;
        }
        tx.commit().await
    }

    async fn withhold(&self, event: EventId, response: ResponseId, withheld: Withheld) -> StoreResult<()> {
        let step = match withheld {
            Withheld::More => 1_i64,
            Withheld::Less => -1,
        };
        let mut tx = self.database.begin().await?;
        if !tx.mark_processed(CONSUMER, event).await? {
            return tx.rollback().await;
        }
        tx.lock(ANSWERS, response.uuid().as_bytes()).await?;
        sqlx::query(
            "INSERT INTO points_held (response, hold_count) VALUES ($1, $2)
             ON CONFLICT (response) DO UPDATE SET hold_count = points_held.hold_count + $2",
        )
        .bind(response.uuid())
        .bind(step)
        .execute(&mut *tx)
        .await?;
        // Nothing of it is granted after this but by `fill`, which asks whether it is withheld.
        for (account, day) in Self::ungrant(&mut tx, response.uuid()).await? {
            Self::fill(&mut tx, account, day).await?;
        }
        tx.commit().await
    }
}

#[sql]
impl Sql<Db> {
    /// Takes what was granted for an answer, and says whose it was, and of which days. Who has points for it is held from
    /// then on.
    async fn ungrant(tx: &mut Tx<Db>, response: Uuid) -> StoreResult<Vec<(Uuid, i64)>> {
        // What was granted is read when nobody else can change it any more.
        let earners: Vec<(Uuid,)> =
            sqlx::query_as("SELECT DISTINCT account FROM points_ledger WHERE response = $1 ORDER BY account")
                .bind(response)
                .fetch_all(&mut **tx)
                .await?;
        for (account,) in earners {
            tx.lock(LEDGERS, account.as_bytes()).await?;
        }
        let days: Vec<(Uuid, i64, i64)> = sqlx::query_as(
            "SELECT account, day, CAST(SUM(granted) AS BIGINT) FROM points_ledger WHERE response = $1
             GROUP BY account, day ORDER BY account, day",
        )
        .bind(response)
        .fetch_all(&mut **tx)
        .await?;
        sqlx::query("UPDATE points_ledger SET granted = 0 WHERE response = $1")
            .bind(response)
            .execute(&mut **tx)
            .await?;
        let mut concerned = Vec::new();
        for (account, day, granted) in days {
            Self::pay(tx, account, -granted).await?;
            concerned.push((account, day));
        }
        Ok(concerned)
    }

    /// Grants what a day's earnings still lack, the oldest first, as far as its limit leaves room.
    async fn fill(tx: &mut Tx<Db>, account: Uuid, day: i64) -> StoreResult<()> {
        let (granted,): (i64,) = sqlx::query_as(
            "SELECT CAST(COALESCE(SUM(granted), 0) AS BIGINT) FROM points_ledger WHERE account = $1 AND day = $2",
        )
        .bind(account)
        .bind(day)
        .fetch_one(&mut **tx)
        .await?;
        let room = i64::from(DAILY_POINTS) - granted;
        // Each of them lacks a point at least, so no more of them are needed than there is room for.
        let lacking: Vec<(Uuid, i64)> = sqlx::query_as(
            "SELECT event, points - granted FROM points_ledger
             WHERE account = $1 AND day = $2 AND granted < points
               AND NOT EXISTS (SELECT 1 FROM points_held AS held
                   WHERE held.response = points_ledger.response AND held.hold_count > 0)
             ORDER BY event LIMIT $3",
        )
        .bind(account)
        .bind(day)
        .bind(room.max(0))
        .fetch_all(&mut **tx)
        .await?;
        let mut left = room;
        for (event, lacks) in lacking {
            let more = lacks.min(left);
            if more == 0 {
                break;
            }
            sqlx::query("UPDATE points_ledger SET granted = granted + $2 WHERE event = $1")
                .bind(event)
                .bind(more)
                .execute(&mut **tx)
                .await?;
            left -= more;
        }
        Self::pay(tx, account, room - left).await
    }

    /// Adds to what an account has, or takes from it.
    async fn pay(tx: &mut Tx<Db>, account: Uuid, points: i64) -> StoreResult<()> {
        sqlx::query("UPDATE accounts SET points = points + $2 WHERE id = $1")
            .bind(account)
            .bind(points)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}
