//! Decisions, as they are read, appealed and ended.

use std::collections::HashMap;

use async_trait::async_trait;
use kith_kernel::{CaseId, Event, Timestamp, UserId};
use kith_storage::{StoreResult, sql, sql::At};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    HELD, Sql,
    rows::{DecisionRow, count},
};
use crate::{
    domain::{Decision, Measure, Report, Subject},
    policy::FOR_EVER,
    store::{Appealing, Bounds, DecisionStore, Ruled, Ruling, Telling},
};

#[sql]
#[async_trait]
impl DecisionStore for Sql<Db> {
    async fn decide(&self, ruling: &Ruling, told: Telling<'_, Vec<Report>>) -> StoreResult<Ruled> {
        self.decide_it(ruling, told).await
    }

    async fn decision(&self, decision: Uuid) -> StoreResult<Option<Decision>> {
        let select = format!("{} WHERE id = $1", DecisionRow::SELECT);
        let row: Option<DecisionRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(decision).fetch_optional(self.database.reader()).await?;
        row.map(DecisionRow::into_decision).transpose()
    }

    async fn decisions(&self, case: CaseId) -> StoreResult<Vec<Decision>> {
        let select = format!("{} WHERE case_id = $1 ORDER BY turn", DecisionRow::SELECT);
        let rows: Vec<DecisionRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.uuid()).fetch_all(self.database.reader()).await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn decided_about(&self, user: UserId, limit: i64) -> StoreResult<Vec<Decision>> {
        let select =
            format!("{} WHERE concerned = $1 ORDER BY created_at DESC, turn DESC LIMIT $2", DecisionRow::SELECT);
        let rows: Vec<DecisionRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn statements(&self, user: UserId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<Decision>> {
        let select = format!(
            "{} WHERE concerned = $1 AND (action <> 'dismiss' OR measure IS NOT NULL) AND ($2 IS NULL
                OR (created_at, turn, id) < (SELECT last.created_at, last.turn, last.id FROM decisions last
                    WHERE last.id = $2))
             ORDER BY created_at DESC, turn DESC, id DESC LIMIT $3",
            DecisionRow::SELECT,
        );
        let rows: Vec<DecisionRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(before)
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn cases_about(&self, user: UserId) -> StoreResult<u32> {
        let (cases,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM cases WHERE concerned = $1")
            .bind(user.uuid())
            .fetch_one(self.database.reader())
            .await?;
        count(cases)
    }

    async fn measure(&self, subject: Subject) -> StoreResult<Option<Measure>> {
        self.last_measure(subject).await
    }

    async fn bounds(&self, user: UserId, now: Timestamp) -> StoreResult<Bounds> {
        let rows: Vec<(String, Option<At>)> = sqlx::query_as(
            "SELECT action, ends_at FROM decisions
             WHERE concerned = $1 AND action IN ('mute', 'suspend', 'ban') AND undone_at IS NULL
                AND (ends_at IS NULL OR ends_at > $2)",
        )
        .bind(user.uuid())
        .bind(At(now))
        .fetch_all(self.database.reader())
        .await?;
        let mut bounds = Bounds::default();
        for (action, until) in rows {
            let until = Some(until.map_or(FOR_EVER, |at| at.0));
            let bound = if action == "mute" { &mut bounds.muted_until } else { &mut bounds.suspended_until };
            *bound = until.max(*bound);
        }
        Ok(bounds)
    }

    async fn strikes(&self, user: UserId, now: Timestamp) -> StoreResult<u32> {
        let (weight,): (i64,) =
            sqlx::query_as(Self::STRIKES).bind(user.uuid()).bind(At(now)).fetch_one(self.database.reader()).await?;
        count(weight)
    }

    async fn strike_ends(&self, user: UserId, now: Timestamp) -> StoreResult<HashMap<Uuid, Timestamp>> {
        let rows: Vec<(Uuid, At)> = sqlx::query_as(
            "SELECT decision, ends_at FROM strikes WHERE account = $1 AND ends_at > $2 AND undone_at IS NULL",
        )
        .bind(user.uuid())
        .bind(At(now))
        .fetch_all(self.database.reader())
        .await?;
        Ok(rows.into_iter().map(|(decision, at)| (decision, at.0)).collect())
    }

    async fn appeal(&self, appealing: &Appealing, events: &[Event]) -> StoreResult<Option<Decision>> {
        let mut tx = self.database.begin().await?;
        let Some(decision) = Self::find_decision(&mut tx, appealing.decision).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        tx.hold(HELD, decision.subject.uuid().as_bytes()).await?;
        let appealed = sqlx::query(
            "UPDATE decisions SET appeal = 'open', appeal_words = $4
             WHERE id = $1 AND concerned = $2 AND appeal = 'none' AND appeal_until > $3",
        )
        .bind(appealing.decision)
        .bind(appealing.user.uuid())
        .bind(At(appealing.now))
        .bind(&appealing.words)
        .execute(&mut *tx)
        .await?;
        let waits = sqlx::query(
            "UPDATE cases SET state = 'appealed', holder = NULL, held_until = NULL, due_at = $2, version = version + 1
             WHERE id = $1 AND state = 'decided'",
        )
        .bind(decision.case.uuid())
        .bind(At(appealing.due))
        .execute(&mut *tx)
        .await?;
        if appealed.rows_affected() == 0 || waits.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        let decision = Self::find_decision(&mut tx, appealing.decision).await?;
        tx.record(events).await?;
        tx.commit().await?;
        Ok(decision)
    }

    async fn ended(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<Decision>> {
        let select = format!(
            "{} WHERE ends_at <= $1 AND ended_at IS NULL AND undone_at IS NULL AND ends_at IS NOT NULL
             ORDER BY ends_at LIMIT $2",
            DecisionRow::SELECT,
        );
        let rows: Vec<DecisionRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(At(now)).bind(limit).fetch_all(self.database.reader()).await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn end(&self, decision: Uuid, now: Timestamp) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query("UPDATE decisions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL")
            .bind(decision)
            .bind(At(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

#[sql]
impl Sql<Db> {
    /// The weight of what counts against somebody.
    pub(super) const STRIKES: &'static str = "SELECT CAST(COALESCE(SUM(weight), 0) AS BIGINT) FROM strikes
         WHERE account = $1 AND ends_at > $2 AND undone_at IS NULL";
}
