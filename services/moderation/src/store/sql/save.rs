//! Writes under the lock of a subject.

use async_trait::async_trait;
use kith_kernel::{CircleId, PersonaId, UserId};
use kith_storage::{
    StoreResult, sql,
    sql::{Database, Engine, SqlTimestamp, Tx},
};
use uuid::Uuid;

use super::rows::join_reasons;
use crate::{
    ExpireSanctions,
    domain::{Case, ContentOutcome, Decision, Report, ReportOutcome, SealedEvidence, Strike},
    store::{CaseChanges, UnitOfWork},
};

/// Transaction that holds the lock of a subject.
pub(super) struct SqlUnit<D: Engine> {
    database: Database<D>,
    tx: Tx<D>,
}

impl<D: Engine> SqlUnit<D> {
    pub(super) const fn new(database: Database<D>, tx: Tx<D>) -> Self {
        Self { database, tx }
    }
}

#[sql]
#[async_trait]
impl UnitOfWork for SqlUnit<Db> {
    // The limit is applied in the body, because the call consumes the transaction.
    #[no_timeout]
    async fn save(self: Box<Self>, changes: &CaseChanges) -> StoreResult<()> {
        let Self { database, mut tx } = *self;
        let write = async move {
            Self::write(&mut tx, changes).await?;
            tx.append_events(&changes.events).await?;
            tx.append_audit(&changes.audit).await?;
            tx.commit().await
        };
        database.with_timeout(write).await
    }
}

#[sql]
impl SqlUnit<Db> {
    async fn write(tx: &mut Tx<Db>, changes: &CaseChanges) -> StoreResult<()> {
        let case = &changes.case;
        Self::upsert_case(tx, case).await?;
        if let Some(evidence) = &changes.evidence {
            Self::insert_evidence(tx, case, evidence).await?;
            if let Some(report) = &changes.report {
                Self::insert_report(tx, report, evidence.id).await?;
            }
        }
        if let Some(decision) = &changes.decision {
            Self::insert_decision(tx, decision).await?;
            if let Some(timer) = ExpireSanctions::timer(decision) {
                tx.schedule_timer(&timer).await?;
            }
        }
        if let Some(strike) = &changes.strike {
            Self::insert_strike(tx, strike).await?;
        }
        if let Some(appealed) = &changes.appealed {
            Self::update_appeal(tx, appealed).await?;
        }
        if let Some(outcome) = changes.report_outcome {
            Self::update_report_outcome(tx, case, outcome).await?;
        }
        Ok(())
    }

    async fn upsert_case(tx: &mut Tx<Db>, case: &Case) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO cases (id, subject_kind, subject, affected_account, persona, circle, origin, state,
                escalated_at, hidden_at, report_count, reasons, reach, risk, assignee, assigned_until, opened_at, due_at, decided_at,
                version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
             ON CONFLICT (id) DO UPDATE SET origin = excluded.origin, state = excluded.state,
                escalated_at = excluded.escalated_at, hidden_at = excluded.hidden_at,
                report_count = excluded.report_count, reasons = excluded.reasons, reach = excluded.reach,
                risk = excluded.risk, assignee = excluded.assignee, assigned_until = excluded.assigned_until,
                due_at = excluded.due_at, decided_at = excluded.decided_at, version = excluded.version",
        )
        .bind(case.id.uuid())
        .bind(case.subject.kind())
        .bind(case.subject.uuid())
        .bind(case.affected_account.map(UserId::uuid))
        .bind(case.persona.map(PersonaId::uuid))
        .bind(case.circle.map(CircleId::uuid))
        .bind(case.origin.as_str())
        .bind(case.state.as_str())
        .bind(case.escalated_at.map(SqlTimestamp))
        .bind(case.hidden_at.map(SqlTimestamp))
        .bind(i64::from(case.report_count))
        .bind(join_reasons(&case.reasons))
        .bind(i64::from(case.reach))
        .bind(i64::from(case.risk))
        .bind(case.assignment.map(|assignment| assignment.assignee.uuid()))
        .bind(case.assignment.map(|assignment| SqlTimestamp(assignment.until)))
        .bind(SqlTimestamp(case.opened_at))
        .bind(SqlTimestamp(case.due_at))
        .bind(case.decided_at.map(SqlTimestamp))
        .bind(case.version)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn insert_evidence(tx: &mut Tx<Db>, case: &Case, evidence: &SealedEvidence) -> StoreResult<()> {
        sqlx::query("INSERT INTO evidence (id, case_id, captured_at, snapshot) VALUES ($1, $2, $3, $4)")
            .bind(evidence.id)
            .bind(case.id.uuid())
            .bind(SqlTimestamp(evidence.at))
            .bind(&evidence.sealed)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    async fn insert_report(tx: &mut Tx<Db>, report: &Report, evidence: Uuid) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO reports (id, case_id, evidence, subject_kind, subject, reporter, reason, comment, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(report.id.uuid())
        .bind(report.case.uuid())
        .bind(evidence)
        .bind(report.subject.kind())
        .bind(report.subject.uuid())
        .bind(report.reporter.uuid())
        .bind(report.reason.as_str())
        .bind(&report.comment)
        .bind(SqlTimestamp(report.at))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn insert_decision(tx: &mut Tx<Db>, decision: &Decision) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO decisions (id, case_id, subject_kind, subject, sequence, affected_account, decider, action,
                content_outcome, rule, statement, created_at, ends_at, appealed_decision, appeal_state,
                appeal_deadline, appeal_text)
             VALUES ($1, $2, $3, $4, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM decisions WHERE subject = $4), $5, $6,
                $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(decision.id)
        .bind(decision.case.uuid())
        .bind(decision.subject.kind())
        .bind(decision.subject.uuid())
        .bind(decision.affected_account.map(UserId::uuid))
        .bind(decision.decider.map(UserId::uuid))
        .bind(decision.action.as_str())
        .bind(decision.outcome.map(ContentOutcome::as_str))
        .bind(&decision.rule)
        .bind(&decision.statement)
        .bind(SqlTimestamp(decision.at))
        .bind(decision.until.map(SqlTimestamp))
        .bind(decision.appeals)
        .bind(decision.appeal.state.as_str())
        .bind(decision.appeal.until.map(SqlTimestamp))
        .bind(&decision.appeal.text)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn insert_strike(tx: &mut Tx<Db>, strike: &Strike) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO strikes (decision, account, weight, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(strike.decision)
        .bind(strike.user.uuid())
        .bind(i64::from(strike.weight))
        .bind(SqlTimestamp(strike.at))
        .bind(SqlTimestamp(strike.until))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Updates the appeal of a decision. The strike of an overturned decision carries the same time.
    async fn update_appeal(tx: &mut Tx<Db>, decision: &Decision) -> StoreResult<()> {
        sqlx::query("UPDATE decisions SET appeal_state = $2, appeal_text = $3, overturned_at = $4 WHERE id = $1")
            .bind(decision.id)
            .bind(decision.appeal.state.as_str())
            .bind(&decision.appeal.text)
            .bind(decision.overturned_at.map(SqlTimestamp))
            .execute(&mut **tx)
            .await?;
        sqlx::query("UPDATE strikes SET overturned_at = $2 WHERE decision = $1")
            .bind(decision.id)
            .bind(decision.overturned_at.map(SqlTimestamp))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    async fn update_report_outcome(tx: &mut Tx<Db>, case: &Case, outcome: ReportOutcome) -> StoreResult<()> {
        sqlx::query("UPDATE reports SET outcome = $2 WHERE case_id = $1")
            .bind(case.id.uuid())
            .bind(outcome.as_str())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}
