//! Queries of cases and reports.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use kith_kernel::{CaseId, Cursor, ReportId, Timestamp, UserId, audit::AuditEntry};
use kith_storage::{StoreResult, sql, sql::SqlTimestamp};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Sql,
    rows::{CaseRow, EvidenceRow, ReportRow, count},
};
use crate::{
    domain::{Case, CaseState, Report, ReporterRecord, SealedEvidence},
    store::{CaseStore, Stats},
};

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);

#[sql]
#[async_trait]
impl CaseStore for Sql<Db> {
    async fn related_cases(&self, case: CaseId, limit: i64) -> StoreResult<Vec<CaseId>> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM cases
             WHERE state = 'open' AND id <> $1
                AND (affected_account = (SELECT affected_account FROM cases WHERE id = $1)
                OR id IN (SELECT other.case_id FROM reports one JOIN reports other ON other.reporter = one.reporter
                    WHERE one.case_id = $1 AND other.outcome IS NULL))
             ORDER BY risk DESC, id LIMIT $2",
        )
        .bind(case.uuid())
        .bind(limit)
        .fetch_all(self.database.reader())
        .await?;
        Ok(rows.into_iter().map(|(id,)| CaseId::from_uuid(id)).collect())
    }

    async fn case(&self, case: CaseId) -> StoreResult<Option<Case>> {
        let select = format!("{} WHERE id = $1", CaseRow::SELECT);
        let row: Option<CaseRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.uuid()).fetch_optional(self.database.reader()).await?;
        row.map(CaseRow::into_case).transpose()
    }

    async fn queue(
        &self,
        state: CaseState,
        staff: UserId,
        after: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<Case>> {
        let select = format!(
            "{} WHERE state = $1 AND (risk < $2 OR (risk = $2 AND id > $3)) AND affected_account IS DISTINCT FROM $4
                AND NOT EXISTS (SELECT 1 FROM reports WHERE case_id = cases.id AND reporter = $4)
             ORDER BY risk DESC, id LIMIT $5",
            CaseRow::SELECT,
        );
        let (rank, id) = after.map_or((i64::MAX, Uuid::nil()), |after| (after.rank, after.id));
        let rows: Vec<CaseRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(state.as_str())
            .bind(rank)
            .bind(id)
            .bind(staff.uuid())
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(CaseRow::into_case).collect()
    }

    async fn reports(&self, case: CaseId) -> StoreResult<Vec<Report>> {
        let select = format!("{} WHERE case_id = $1 ORDER BY created_at, id", ReportRow::SELECT);
        let rows: Vec<ReportRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.uuid()).fetch_all(self.database.reader()).await?;
        rows.into_iter().map(ReportRow::into_report).collect()
    }

    async fn evidence(&self, case: CaseId) -> StoreResult<Vec<SealedEvidence>> {
        let rows: Vec<EvidenceRow> = sqlx::query_as(
            "SELECT id, captured_at, snapshot FROM evidence WHERE case_id = $1 ORDER BY captured_at, id",
        )
        .bind(case.uuid())
        .fetch_all(self.database.reader())
        .await?;
        Ok(rows.into_iter().map(EvidenceRow::into_evidence).collect())
    }

    async fn reports_by(&self, reporter: UserId, before: Option<ReportId>, limit: i64) -> StoreResult<Vec<Report>> {
        let select = format!("{} WHERE reporter = $1 AND id < $2 ORDER BY id DESC LIMIT $3", ReportRow::SELECT);
        let rows: Vec<ReportRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(reporter.uuid())
            .bind(before.map_or(Uuid::max(), ReportId::uuid))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(ReportRow::into_report).collect()
    }

    async fn reporter_records(&self, case: CaseId) -> StoreResult<HashMap<UserId, ReporterRecord>> {
        let counts: Vec<(Uuid, String, i64)> = sqlx::query_as(Self::RECORDS)
            .bind(case.uuid())
            .bind(None::<Uuid>)
            .fetch_all(self.database.reader())
            .await?;
        Self::into_records(counts)
    }

    async fn reporter_record(&self, reporter: UserId) -> StoreResult<ReporterRecord> {
        let counts: Vec<(String, i64)> =
            sqlx::query_as(Self::RECORD).bind(reporter.uuid()).fetch_all(self.database.reader()).await?;
        Self::into_record(counts)
    }

    async fn append_audit(&self, entries: &[AuditEntry]) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        tx.append_audit(entries).await?;
        tx.commit().await
    }

    async fn stats(&self, now: Timestamp) -> StoreResult<Stats> {
        let (open, escalated, hidden, overdue, oldest): (i64, i64, i64, i64, Option<SqlTimestamp>) = sqlx::query_as(
            "SELECT COUNT(*), COUNT(escalated_at), COUNT(hidden_at), COUNT(CASE WHEN due_at <= $1 THEN 1 END),
                MIN(opened_at)
             FROM cases WHERE state = 'open'",
        )
        .bind(SqlTimestamp(now))
        .fetch_one(self.database.reader())
        .await?;
        let (appealed,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM cases WHERE state = 'appealed'")
            .fetch_one(self.database.reader())
            .await?;
        let (decided_today, overturned): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(CASE WHEN decider IS NOT NULL AND created_at > $1 THEN 1 END),
                COUNT(CASE WHEN action = 'overturn' THEN 1 END)
             FROM decisions WHERE created_at > $2",
        )
        .bind(SqlTimestamp(now.before(DAY)))
        .bind(SqlTimestamp(now.before(MONTH)))
        .fetch_one(self.database.reader())
        .await?;
        Ok(Stats {
            open: count(open)?,
            escalated: count(escalated)?,
            hidden: count(hidden)?,
            overdue: count(overdue)?,
            appealed: count(appealed)?,
            decided_today: count(decided_today)?,
            overturned: count(overturned)?,
            oldest: oldest.map(|at| at.0),
        })
    }
}

#[sql]
impl Sql<Db> {
    /// Number of decided reports of a reporter, by outcome.
    pub(super) const RECORD: &'static str =
        "SELECT outcome, COUNT(*) FROM reports WHERE reporter = $1 AND outcome IS NOT NULL GROUP BY outcome";
}
