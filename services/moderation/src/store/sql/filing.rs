//! Filing reports and cases.

use kith_kernel::UserId;
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{At, Tx},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    HELD, Sql,
    rows::{CaseRow, ReportRow, reason_words},
};
use crate::{
    domain::{Case, Decision, Origin, Reason, Report, Subject},
    store::{Evidence, Filed, Filing, How, Telling},
};

/// Who reacts, for the inbox.
const CONSUMER: &str = "moderation";

#[sql]
impl Sql<Db> {
    pub(super) async fn file_it(&self, filing: &Filing, told: Telling<'_, Filed>) -> StoreResult<Filed> {
        let mut tx = self.database.begin().await?;
        tx.hold(HELD, filing.case.subject.uuid().as_bytes()).await?;
        let open = Self::open_case(&mut tx, filing.case.subject).await?;
        if let Some(again) = Self::filed_before(&mut tx, filing, open.as_ref()).await? {
            tx.rollback().await?;
            return Ok(again);
        }
        let how = if open.is_some() { How::Joined } else { How::Opened };
        let mut case = open.unwrap_or_else(|| filing.case.clone());
        if how == How::Opened {
            Self::insert_case(&mut tx, &case).await?;
        }
        let read = case.version;
        Self::insert_evidence(&mut tx, &case, &filing.evidence).await?;
        let report = filing.report.as_ref().map(|report| Report { case: case.id, ..report.clone() });
        if let Some(report) = &report {
            Self::insert_report(&mut tx, report, filing.evidence.id).await?;
            case.reports += 1;
            Self::add_reason(&mut case, report.reason, how);
        }
        if filing.case.origin == Origin::Watch {
            case.origin = Origin::Watch;
        }
        let hold = filing.hold.as_ref().filter(|_| case.hidden_at.is_none());
        let hold = hold.map(|hold| Decision { case: case.id, ..hold.clone() });
        if let Some(hold) = &hold {
            case.hidden_at = Some(hold.at);
            case.version += 1;
            Self::insert_decision(&mut tx, hold).await?;
        }
        Self::weigh(&mut tx, &mut case, filing.reach, filing.evidence.at).await?;
        Self::update_case(&mut tx, &case, read, filing.reach).await?;
        let filed = Filed { case, report, how, hold };
        tx.record(&told(&filed)).await?;
        tx.commit().await?;
        Ok(filed)
    }

    /// What there is already of this filing.
    async fn filed_before(tx: &mut Tx<Db>, filing: &Filing, open: Option<&Case>) -> StoreResult<Option<Filed>> {
        if let Some(event) = filing.event
            && !tx.first_time(CONSUMER, event).await?
        {
            let case = open.unwrap_or(&filing.case).clone();
            return Ok(Some(Filed { case, report: None, how: How::Again, hold: None }));
        }
        let Some(report) = &filing.report else { return Ok(None) };
        let select = format!("{} WHERE id = $1 OR (case_id = $2 AND reporter = $3)", ReportRow::SELECT);
        let found: Option<ReportRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(report.id.uuid())
            .bind(open.map(|case| case.id.uuid()))
            .bind(report.reporter.uuid())
            .fetch_optional(&mut **tx)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let report = found.into_report()?;
        let case = Self::find_case(tx, report.case.uuid()).await?;
        let case = case.ok_or_else(|| StoreError::corrupt("a report without a case"))?;
        Ok(Some(Filed { case, report: Some(report), how: How::Again, hold: None }))
    }

    /// A reason that is new to an open case changes what a decision would be made on.
    fn add_reason(case: &mut Case, reason: Reason, how: How) {
        if case.reasons.contains(&reason) {
            return;
        }
        case.reasons.push(reason);
        case.reasons.sort_unstable();
        if how == How::Joined {
            case.version += 1;
        }
    }

    pub(super) async fn open_case(tx: &mut Tx<Db>, subject: Subject) -> StoreResult<Option<Case>> {
        let select = format!("{} WHERE subject = $1 AND decided_at IS NULL", CaseRow::SELECT);
        let row: Option<CaseRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(subject.uuid()).fetch_optional(&mut **tx).await?;
        row.map(CaseRow::into_case).transpose()
    }

    pub(super) async fn find_case(tx: &mut Tx<Db>, case: Uuid) -> StoreResult<Option<Case>> {
        let select = format!("{} WHERE id = $1", CaseRow::SELECT);
        let row: Option<CaseRow> = sqlx::query_as(AssertSqlSafe(select)).bind(case).fetch_optional(&mut **tx).await?;
        row.map(CaseRow::into_case).transpose()
    }

    async fn insert_case(tx: &mut Tx<Db>, case: &Case) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO cases (id, kind, subject, concerned, persona, circle, origin, state, reports, reasons, risk,
                opened_at, due_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(case.id.uuid())
        .bind(case.subject.word())
        .bind(case.subject.uuid())
        .bind(case.concerned.map(UserId::uuid))
        .bind(case.persona.map(kith_kernel::PersonaId::uuid))
        .bind(case.circle.map(kith_kernel::CircleId::uuid))
        .bind(case.origin.word())
        .bind(case.state.word())
        .bind(i64::from(case.reports))
        .bind(reason_words(&case.reasons))
        .bind(i64::from(case.risk))
        .bind(At(case.opened_at))
        .bind(At(case.due_at))
        .bind(case.version)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn insert_evidence(tx: &mut Tx<Db>, case: &Case, evidence: &Evidence) -> StoreResult<()> {
        sqlx::query("INSERT INTO evidence (id, case_id, taken_at, sealed) VALUES ($1, $2, $3, $4)")
            .bind(evidence.id)
            .bind(case.id.uuid())
            .bind(At(evidence.at))
            .bind(&evidence.sealed)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    async fn insert_report(tx: &mut Tx<Db>, report: &Report, evidence: Uuid) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO reports (id, case_id, evidence, kind, subject, reporter, reason, words, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(report.id.uuid())
        .bind(report.case.uuid())
        .bind(evidence)
        .bind(report.subject.word())
        .bind(report.subject.uuid())
        .bind(report.reporter.uuid())
        .bind(report.reason.word())
        .bind(&report.words)
        .bind(At(report.at))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn update_case(tx: &mut Tx<Db>, case: &Case, read: i64, reach: u32) -> StoreResult<()> {
        sqlx::query(
            "UPDATE cases SET origin = $2, hidden_at = $3, reports = $4, reasons = $5, risk = $6, due_at = $7,
                version = version + $8, reach = $9
             WHERE id = $1",
        )
        .bind(case.id.uuid())
        .bind(case.origin.word())
        .bind(case.hidden_at.map(At))
        .bind(i64::from(case.reports))
        .bind(reason_words(&case.reasons))
        .bind(i64::from(case.risk))
        .bind(At(case.due_at))
        // Somebody may have taken the case since it was read: that is a step of its own.
        .bind(case.version - read)
        .bind(i64::from(reach))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
