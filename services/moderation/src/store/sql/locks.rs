//! Locks on subjects, and the state that is loaded under them.

use async_trait::async_trait;
use kith_kernel::{CaseId, Timestamp};
use kith_storage::{StoreError, StoreResult, sql, sql::Tx};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Sql,
    rows::{CaseRow, DecisionRow, ReportRow},
    save::SqlUnit,
};
use crate::{
    domain::{Case, CaseContext, CaseState, Decision, FilingState, NewFiling, Report, RiskInputs, Subject},
    store::{CaseLocks, Locked},
};

/// Namespace of the lock on a subject. Every change of a case and of its decisions takes it.
const LOCK_NAMESPACE: &str = "cases";
/// Name of the event handler in the inbox.
const CONSUMER: &str = "moderation";

#[sql]
#[async_trait]
impl CaseLocks for Sql<Db> {
    async fn lock_filing(&self, filing: &NewFiling) -> StoreResult<Locked<FilingState>> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, filing.case.subject.uuid().as_bytes()).await?;
        let open_case = Self::find_open_case(&mut tx, filing.case.subject).await?;
        let is_event_filed = match filing.event {
            Some(event) => !tx.mark_processed(CONSUMER, event).await?,
            None => false,
        };
        let earlier_report = match &filing.report {
            Some(report) => Self::find_earlier_report(&mut tx, report, open_case.as_ref()).await?,
            None => None,
        };
        let reporter = filing.report.as_ref().map(|report| report.reporter);
        let case = open_case.as_ref().unwrap_or(&filing.case);
        let risk = Self::load_risk_inputs(&mut tx, case, reporter, filing.evidence.at).await?;
        let state = FilingState { open_case, is_event_filed, earlier_report, risk };
        Ok(Locked::new(state, Box::new(SqlUnit::new(self.database.clone(), tx))))
    }

    async fn lock_case(&self, case: CaseId) -> StoreResult<Option<Locked<CaseContext>>> {
        let Some((mut tx, case)) = self.lock_subject_of(case).await? else { return Ok(None) };
        let decisions = Self::list_decisions(&mut tx, &case).await?;
        let reports = Self::list_reports(&mut tx, &case).await?;
        let latest_outcome = Self::find_latest_outcome(&mut tx, case.subject).await?;
        let context = CaseContext { case, decisions, reports, latest_outcome };
        if context.case.state == CaseState::Appealed && context.appealed_decision().is_none() {
            return Err(StoreError::corrupt("appealed case without an appealed decision"));
        }
        Ok(Some(Locked::new(context, Box::new(SqlUnit::new(self.database.clone(), tx)))))
    }

    async fn lock_risk(&self, case: CaseId, now: Timestamp) -> StoreResult<Option<Locked<(Case, RiskInputs)>>> {
        let Some((mut tx, case)) = self.lock_subject_of(case).await? else { return Ok(None) };
        let inputs = Self::load_risk_inputs(&mut tx, &case, None, now).await?;
        Ok(Some(Locked::new((case, inputs), Box::new(SqlUnit::new(self.database.clone(), tx)))))
    }
}

#[sql]
impl Sql<Db> {
    /// Locks the subject of a case, then loads the case. The subject of a case never changes.
    async fn lock_subject_of(&self, case: CaseId) -> StoreResult<Option<(Tx<Db>, Case)>> {
        let subject: Option<(Uuid,)> = sqlx::query_as("SELECT subject FROM cases WHERE id = $1")
            .bind(case.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        let Some((subject,)) = subject else { return Ok(None) };
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, subject.as_bytes()).await?;
        let case = Self::find_case(&mut tx, case).await?;
        Ok(case.map(|case| (tx, case)))
    }

    async fn find_open_case(tx: &mut Tx<Db>, subject: Subject) -> StoreResult<Option<Case>> {
        let select = format!("{} WHERE subject = $1 AND decided_at IS NULL", CaseRow::SELECT);
        let row: Option<CaseRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(subject.uuid()).fetch_optional(&mut **tx).await?;
        row.map(CaseRow::into_case).transpose()
    }

    async fn find_case(tx: &mut Tx<Db>, case: CaseId) -> StoreResult<Option<Case>> {
        let select = format!("{} WHERE id = $1", CaseRow::SELECT);
        let row: Option<CaseRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.uuid()).fetch_optional(&mut **tx).await?;
        row.map(CaseRow::into_case).transpose()
    }

    async fn find_earlier_report(
        tx: &mut Tx<Db>,
        report: &Report,
        open_case: Option<&Case>,
    ) -> StoreResult<Option<(Report, Case)>> {
        let select = format!("{} WHERE id = $1 OR (case_id = $2 AND reporter = $3)", ReportRow::SELECT);
        let row: Option<ReportRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(report.id.uuid())
            .bind(open_case.map(|case| case.id.uuid()))
            .bind(report.reporter.uuid())
            .fetch_optional(&mut **tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let report = row.into_report()?;
        let case = Self::find_case(tx, report.case).await?;
        let case = case.ok_or_else(|| StoreError::corrupt("report without a case"))?;
        Ok(Some((report, case)))
    }

    async fn list_decisions(tx: &mut Tx<Db>, case: &Case) -> StoreResult<Vec<Decision>> {
        let select = format!("{} WHERE case_id = $1 ORDER BY sequence", DecisionRow::SELECT);
        let rows: Vec<DecisionRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.id.uuid()).fetch_all(&mut **tx).await?;
        rows.into_iter().map(DecisionRow::into_decision).collect()
    }

    async fn list_reports(tx: &mut Tx<Db>, case: &Case) -> StoreResult<Vec<Report>> {
        let select = format!("{} WHERE case_id = $1 ORDER BY created_at, id", ReportRow::SELECT);
        let rows: Vec<ReportRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.id.uuid()).fetch_all(&mut **tx).await?;
        rows.into_iter().map(ReportRow::into_report).collect()
    }

    async fn find_latest_outcome(tx: &mut Tx<Db>, subject: Subject) -> StoreResult<Option<CaseId>> {
        let latest: Option<(Uuid,)> = sqlx::query_as(
            "SELECT case_id FROM decisions WHERE subject = $1 AND content_outcome IS NOT NULL
             ORDER BY sequence DESC LIMIT 1",
        )
        .bind(subject.uuid())
        .fetch_optional(&mut **tx)
        .await?;
        Ok(latest.map(|(case,)| CaseId::from_uuid(case)))
    }
}
