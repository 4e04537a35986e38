//! Cases, as they are read and taken.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use kith_kernel::{CaseId, Cursor, ReportId, Timestamp, UserId, audit::Entry};
use kith_storage::{StoreError, StoreResult, sql, sql::At};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Sql,
    rows::{CaseRow, EvidenceRow, ReportRow, count},
};
use crate::{
    domain::{Case, Lease, Outcome, Record, Report, State},
    store::{CaseStore, Evidence, Filed, Filing, Notes, Stats, Telling},
};

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);

#[sql]
#[async_trait]
impl CaseStore for Sql<Db> {
    async fn file(&self, filing: &Filing, told: Telling<'_, Filed>) -> StoreResult<Filed> {
        self.file_it(filing, told).await
    }

    async fn beside(&self, case: CaseId, limit: i64) -> StoreResult<Vec<CaseId>> {
        self.cases_beside(case, limit).await
    }

    async fn weigh(&self, case: CaseId, now: Timestamp) -> StoreResult<()> {
        self.weigh_again(case, now).await
    }

    async fn case(&self, case: CaseId) -> StoreResult<Option<Case>> {
        let select = format!("{} WHERE id = $1", CaseRow::SELECT);
        let row: Option<CaseRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.uuid()).fetch_optional(self.database.reader()).await?;
        row.map(CaseRow::into_case).transpose()
    }

    async fn queue(&self, state: State, staff: UserId, after: Option<Cursor>, limit: i64) -> StoreResult<Vec<Case>> {
        let select = format!(
            "{} WHERE state = $1 AND (risk < $2 OR (risk = $2 AND id > $3)) AND concerned IS DISTINCT FROM $4
                AND NOT EXISTS (SELECT 1 FROM reports WHERE case_id = cases.id AND reporter = $4)
             ORDER BY risk DESC, id LIMIT $5",
            CaseRow::SELECT,
        );
        let (rank, id) = after.map_or((i64::MAX, Uuid::nil()), |after| (after.rank, after.id));
        let rows: Vec<CaseRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(state.word())
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

    async fn evidence(&self, case: CaseId) -> StoreResult<Vec<Evidence>> {
        let rows: Vec<EvidenceRow> =
            sqlx::query_as("SELECT id, taken_at, sealed FROM evidence WHERE case_id = $1 ORDER BY taken_at, id")
                .bind(case.uuid())
                .fetch_all(self.database.reader())
                .await?;
        Ok(rows.into_iter().map(EvidenceRow::into_evidence).collect())
    }

    async fn reported(&self, reporter: UserId, before: Option<ReportId>, limit: i64) -> StoreResult<Vec<Report>> {
        let select = format!("{} WHERE reporter = $1 AND id < $2 ORDER BY id DESC LIMIT $3", ReportRow::SELECT);
        let rows: Vec<ReportRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(reporter.uuid())
            .bind(before.map_or(Uuid::max(), ReportId::uuid))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(ReportRow::into_report).collect()
    }

    async fn records(&self, case: CaseId) -> StoreResult<HashMap<UserId, Record>> {
        let counts: Vec<(Uuid, String, i64)> =
            sqlx::query_as(Self::RECORDS).bind(case.uuid()).fetch_all(self.database.reader()).await?;
        Self::into_records(counts)
    }

    async fn record(&self, reporter: UserId) -> StoreResult<Record> {
        let counts: Vec<(String, i64)> =
            sqlx::query_as(Self::RECORD).bind(reporter.uuid()).fetch_all(self.database.reader()).await?;
        Self::into_record(counts)
    }

    async fn take(&self, case: CaseId, lease: Lease, now: Timestamp, notes: &Notes) -> StoreResult<Option<Case>> {
        let mut tx = self.database.begin().await?;
        let taken = sqlx::query(
            "UPDATE cases SET version = CASE WHEN holder IS DISTINCT FROM $2 THEN version + 1 ELSE version END,
                holder = $2, held_until = $3
             WHERE id = $1 AND state IN ('open', 'appealed') AND (holder IS NULL OR holder = $2 OR held_until <= $4)",
        )
        .bind(case.uuid())
        .bind(lease.holder.uuid())
        .bind(At(lease.until))
        .bind(At(now))
        .execute(&mut *tx)
        .await?;
        if taken.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        let case = Self::find_case(&mut tx, case.uuid()).await?;
        tx.record(&notes.events).await?;
        Self::write_down(&mut tx, &notes.entries).await?;
        tx.commit().await?;
        Ok(case)
    }

    async fn escalate(&self, case: CaseId, version: i64, now: Timestamp, notes: &Notes) -> StoreResult<Option<Case>> {
        let mut tx = self.database.begin().await?;
        let left = sqlx::query(
            "UPDATE cases SET escalated_at = COALESCE(escalated_at, $3), holder = NULL, held_until = NULL,
                version = version + 1
             WHERE id = $1 AND version = $2 AND state IN ('open', 'appealed')",
        )
        .bind(case.uuid())
        .bind(version)
        .bind(At(now))
        .execute(&mut *tx)
        .await?;
        if left.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        let case = Self::find_case(&mut tx, case.uuid()).await?;
        tx.record(&notes.events).await?;
        Self::write_down(&mut tx, &notes.entries).await?;
        tx.commit().await?;
        Ok(case)
    }

    async fn note(&self, entries: &[Entry]) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        Self::write_down(&mut tx, entries).await?;
        tx.commit().await
    }

    async fn stats(&self, now: Timestamp) -> StoreResult<Stats> {
        let (open, escalated, hidden, overdue, oldest): (i64, i64, i64, i64, Option<At>) = sqlx::query_as(
            "SELECT COUNT(*), COUNT(escalated_at), COUNT(hidden_at), COUNT(CASE WHEN due_at <= $1 THEN 1 END),
                MIN(opened_at)
             FROM cases WHERE state = 'open'",
        )
        .bind(At(now))
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
        .bind(At(now.before(DAY)))
        .bind(At(now.before(MONTH)))
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
    /// What came of somebody's reports.
    pub(super) const RECORD: &'static str =
        "SELECT outcome, COUNT(*) FROM reports WHERE reporter = $1 AND outcome IS NOT NULL GROUP BY outcome";

    /// What came of the reports of all who reported in a case.
    pub(super) const RECORDS: &'static str = "SELECT reporter, outcome, COUNT(*) FROM reports
         WHERE outcome IS NOT NULL AND reporter IN (SELECT reporter FROM reports WHERE case_id = $1)
         GROUP BY reporter, outcome";

    pub(super) fn into_records(counts: Vec<(Uuid, String, i64)>) -> StoreResult<HashMap<UserId, Record>> {
        let mut of: HashMap<UserId, Vec<(String, i64)>> = HashMap::new();
        for (reporter, outcome, times) in counts {
            of.entry(UserId::from_uuid(reporter)).or_default().push((outcome, times));
        }
        of.into_iter().map(|(reporter, counts)| Ok((reporter, Self::into_record(counts)?))).collect()
    }

    pub(super) fn into_record(counts: Vec<(String, i64)>) -> StoreResult<Record> {
        let mut record = Record::default();
        for (word, times) in counts {
            match Outcome::of(&word) {
                Some(Outcome::Acted) => record.acted = count(times)?,
                Some(Outcome::Dismissed) => record.dismissed = count(times)?,
                None => return Err(StoreError::corrupt("an outcome that this build does not know")),
            }
        }
        Ok(record)
    }
}
