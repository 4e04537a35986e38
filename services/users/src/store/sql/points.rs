//! The ledger of strength points.

use async_trait::async_trait;
use kith_kernel::{EventId, ResponseId};
use kith_storage::{StoreResult, sql, sql::Tx};
use uuid::Uuid;

use super::Sql;
use crate::{
    PointsEntry,
    policy::{MAX_DAILY_POINTS, day_number},
    store::{HoldChange, PointStore},
};

/// Name of this consumer in the inbox.
const CONSUMER: &str = "users";

/// Namespace of the locks on responses. A response is locked before the accounts that have points for it.
const RESPONSE_LOCKS: &str = "points of a response";
/// Namespace of the locks on accounts whose points change.
const LEDGER_LOCKS: &str = "points of an account";

#[sql]
#[async_trait]
impl PointStore for Sql<Db> {
    async fn credit(&self, entry: &PointsEntry) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        if !tx.mark_processed(CONSUMER, entry.event).await? {
            return tx.rollback().await;
        }
        let day = day_number(entry.at);
        tx.lock(RESPONSE_LOCKS, entry.response.uuid().as_bytes()).await?;
        tx.lock(LEDGER_LOCKS, entry.account.uuid().as_bytes()).await?;
        sqlx::query(
            "INSERT INTO points_ledger (event, account, response, day, points, granted)
             SELECT $1, $2, $3, $4, $5, 0
             WHERE EXISTS (SELECT 1 FROM accounts WHERE id = $2)
               AND NOT EXISTS (SELECT 1 FROM points_revoked WHERE response = $3)",
        )
        .bind(entry.event.uuid())
        .bind(entry.account.uuid())
        .bind(entry.response.uuid())
        .bind(day)
        .bind(i64::from(entry.points))
        .execute(&mut *tx)
        .await?;
        Self::grant_up_to_cap(&mut tx, entry.account.uuid(), day).await?;
        tx.commit().await
    }

    async fn revoke(&self, event: EventId, response: ResponseId) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        if !tx.mark_processed(CONSUMER, event).await? {
            return tx.rollback().await;
        }
        tx.lock(RESPONSE_LOCKS, response.uuid().as_bytes()).await?;
        sqlx::query("INSERT INTO points_revoked (response) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(response.uuid())
            .execute(&mut *tx)
            .await?;
        let days = Self::revoke_granted(&mut tx, response.uuid()).await?;
        sqlx::query("DELETE FROM points_ledger WHERE response = $1").bind(response.uuid()).execute(&mut *tx).await?;
        for (account, day) in days {
            Self::grant_up_to_cap(&mut tx, account, day).await?;
        }
        tx.commit().await
    }

    async fn hold_points(&self, event: EventId, response: ResponseId, change: HoldChange) -> StoreResult<()> {
        let step = match change {
            HoldChange::Add => 1_i64,
            HoldChange::Remove => -1,
        };
        let mut tx = self.database.begin().await?;
        if !tx.mark_processed(CONSUMER, event).await? {
            return tx.rollback().await;
        }
        tx.lock(RESPONSE_LOCKS, response.uuid().as_bytes()).await?;
        sqlx::query(
            "INSERT INTO points_held (response, hold_count) VALUES ($1, $2)
             ON CONFLICT (response) DO UPDATE SET hold_count = points_held.hold_count + $2",
        )
        .bind(response.uuid())
        .bind(step)
        .execute(&mut *tx)
        .await?;
        // From here on only `grant_up_to_cap` grants points of the response, and it checks the hold.
        for (account, day) in Self::revoke_granted(&mut tx, response.uuid()).await? {
            Self::grant_up_to_cap(&mut tx, account, day).await?;
        }
        tx.commit().await
    }
}

#[sql]
impl Sql<Db> {
    /// Sets the granted points of a response to 0 and returns the accounts and days that lost points. The accounts stay
    /// locked until the transaction ends.
    async fn revoke_granted(tx: &mut Tx<Db>, response: Uuid) -> StoreResult<Vec<(Uuid, i64)>> {
        // The accounts are locked before the granted points are read, so that no other transaction changes them.
        let accounts: Vec<(Uuid,)> =
            sqlx::query_as("SELECT DISTINCT account FROM points_ledger WHERE response = $1 ORDER BY account")
                .bind(response)
                .fetch_all(&mut **tx)
                .await?;
        for (account,) in accounts {
            tx.lock(LEDGER_LOCKS, account.as_bytes()).await?;
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
        let mut affected = Vec::new();
        for (account, day, granted) in days {
            Self::adjust_balance(tx, account, -granted).await?;
            affected.push((account, day));
        }
        Ok(affected)
    }

    /// Grants the missing points of the entries of a day, oldest first, up to the daily cap.
    async fn grant_up_to_cap(tx: &mut Tx<Db>, account: Uuid, day: i64) -> StoreResult<()> {
        let (granted,): (i64,) = sqlx::query_as(
            "SELECT CAST(COALESCE(SUM(granted), 0) AS BIGINT) FROM points_ledger WHERE account = $1 AND day = $2",
        )
        .bind(account)
        .bind(day)
        .fetch_one(&mut **tx)
        .await?;
        let room = i64::from(MAX_DAILY_POINTS) - granted;
        // Each entry lacks at least one point, so more than `room` entries are not needed.
        let incomplete: Vec<(Uuid, i64)> = sqlx::query_as(
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
        for (event, missing) in incomplete {
            let grant = missing.min(left);
            if grant == 0 {
                break;
            }
            sqlx::query("UPDATE points_ledger SET granted = granted + $2 WHERE event = $1")
                .bind(event)
                .bind(grant)
                .execute(&mut **tx)
                .await?;
            left -= grant;
        }
        Self::adjust_balance(tx, account, room - left).await
    }

    /// Adds points to the balance of the account; a negative number subtracts.
    async fn adjust_balance(tx: &mut Tx<Db>, account: Uuid, points: i64) -> StoreResult<()> {
        sqlx::query("UPDATE accounts SET points = points + $2 WHERE id = $1")
            .bind(account)
            .bind(points)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}
