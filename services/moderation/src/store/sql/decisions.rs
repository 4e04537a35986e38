//! Queries of decisions and strikes, and expiry.

use std::collections::HashMap;

use async_trait::async_trait;
use kith_kernel::{CaseId, Timestamp, UserId};
use kith_storage::{StoreError, StoreResult, sql, sql::SqlTimestamp};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Sql,
    rows::{DecisionRow, count},
};
use crate::{
    domain::{Action, ContentOutcome, Decision, Restriction, Subject},
    policy::NEVER_ENDS,
    store::{DecisionStore, Restrictions},
};

/// Actions that restrict an account, as a SQL list.
fn restricting_actions() -> String {
    let actions = Action::ALL.iter().filter(|action| action.restriction().is_some());
    actions.map(|action| format!("'{}'", action.as_str())).collect::<Vec<_>>().join(", ")
}

#[sql]
#[async_trait]
impl DecisionStore for Sql<Db> {
    async fn decision(&self, decision: Uuid) -> StoreResult<Option<Decision>> {
        let select = format!("{} WHERE id = $1", DecisionRow::SELECT);
        let row: Option<DecisionRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(decision).fetch_optional(self.database.reader()).await?;
        row.map(DecisionRow::into_decision).transpose()
    }

    async fn decisions(&self, case: CaseId) -> StoreResult<Vec<Decision>> {
        let select = format!("{} WHERE case_id = $1 ORDER BY sequence", DecisionRow::SELECT);
        let rows: Vec<DecisionRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.uuid()).fetch_all(self.database.reader()).await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn decisions_about(&self, user: UserId, limit: i64) -> StoreResult<Vec<Decision>> {
        let select = format!(
            "{} WHERE affected_account = $1 ORDER BY created_at DESC, sequence DESC LIMIT $2",
            DecisionRow::SELECT,
        );
        let rows: Vec<DecisionRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn statements(&self, user: UserId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<Decision>> {
        let select = format!(
            "{} WHERE affected_account = $1 AND (action <> 'dismiss' OR content_outcome IS NOT NULL) AND ($2 IS NULL
                OR (created_at, sequence, id) < (SELECT last.created_at, last.sequence, last.id FROM decisions last
                    WHERE last.id = $2))
             ORDER BY created_at DESC, sequence DESC, id DESC LIMIT $3",
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

    async fn case_count(&self, user: UserId) -> StoreResult<u32> {
        let (cases,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM cases WHERE affected_account = $1")
            .bind(user.uuid())
            .fetch_one(self.database.reader())
            .await?;
        count(cases)
    }

    async fn current_outcome(&self, subject: Subject) -> StoreResult<Option<ContentOutcome>> {
        let latest: Option<(String,)> = sqlx::query_as(
            "SELECT content_outcome FROM decisions WHERE subject = $1 AND content_outcome IS NOT NULL
             ORDER BY sequence DESC LIMIT 1",
        )
        .bind(subject.uuid())
        .fetch_optional(self.database.reader())
        .await?;
        let parse = |(text,): (String,)| {
            ContentOutcome::parse(&text).ok_or_else(|| StoreError::corrupt("unknown content outcome"))
        };
        latest.map(parse).transpose()
    }

    async fn restrictions(&self, user: UserId, now: Timestamp) -> StoreResult<Restrictions> {
        let select = format!(
            "SELECT action, ends_at FROM decisions
             WHERE affected_account = $1 AND action IN ({}) AND overturned_at IS NULL
                AND (ends_at IS NULL OR ends_at > $2)",
            restricting_actions(),
        );
        let rows: Vec<(String, Option<SqlTimestamp>)> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(SqlTimestamp(now))
            .fetch_all(self.database.reader())
            .await?;
        let mut restrictions = Restrictions::default();
        for (action, until) in rows {
            let until = Some(until.map_or(NEVER_ENDS, |at| at.0));
            let end = match Action::parse(&action).and_then(Action::restriction) {
                Some(Restriction::Mute) => &mut restrictions.muted_until,
                Some(Restriction::Suspension) => &mut restrictions.suspended_until,
                None => return Err(StoreError::corrupt("unknown restriction")),
            };
            *end = until.max(*end);
        }
        Ok(restrictions)
    }

    async fn active_strike_weight(&self, user: UserId, now: Timestamp) -> StoreResult<u32> {
        let (weight,): (i64,) = sqlx::query_as(Self::STRIKES)
            .bind(user.uuid())
            .bind(SqlTimestamp(now))
            .fetch_one(self.database.reader())
            .await?;
        count(weight)
    }

    async fn strike_expirations(&self, user: UserId, now: Timestamp) -> StoreResult<HashMap<Uuid, Timestamp>> {
        let rows: Vec<(Uuid, SqlTimestamp)> = sqlx::query_as(
            "SELECT decision, expires_at FROM strikes WHERE account = $1 AND expires_at > $2 AND overturned_at IS NULL",
        )
        .bind(user.uuid())
        .bind(SqlTimestamp(now))
        .fetch_all(self.database.reader())
        .await?;
        Ok(rows.into_iter().map(|(decision, at)| (decision, at.0)).collect())
    }

    async fn expired(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<Decision>> {
        let select = format!(
            "{} WHERE ends_at <= $1 AND ended_at IS NULL AND overturned_at IS NULL AND ends_at IS NOT NULL
             ORDER BY ends_at LIMIT $2",
            DecisionRow::SELECT,
        );
        let rows: Vec<DecisionRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(SqlTimestamp(now))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn mark_expired(&self, decision: Uuid, now: Timestamp) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query("UPDATE decisions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL")
            .bind(decision)
            .bind(SqlTimestamp(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}
