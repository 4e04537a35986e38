//! Inputs of the risk score.

use std::collections::HashMap;

use kith_kernel::{Timestamp, UserId};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};
use uuid::Uuid;

use super::{Sql, rows::count};
use crate::domain::{Case, Reason, ReportOutcome, ReporterRecord, RiskInputs};

#[sql]
impl Sql<Db> {
    /// Number of decided reports of each reporter of a case, by outcome. `$2` is a further reporter, or null.
    pub(super) const RECORDS: &'static str = "SELECT reporter, outcome, COUNT(*) FROM reports
         WHERE outcome IS NOT NULL AND reporter IN (SELECT reporter FROM reports WHERE case_id = $1 UNION SELECT $2)
         GROUP BY reporter, outcome";

    /// Total weight of the active strikes of an account.
    pub(super) const STRIKES: &'static str = "SELECT CAST(COALESCE(SUM(weight), 0) AS BIGINT) FROM strikes
         WHERE account = $1 AND expires_at > $2 AND overturned_at IS NULL";

    /// Loads the risk inputs of a case, with the record of a reporter whose report is about to be added.
    pub(super) async fn load_risk_inputs(
        tx: &mut Tx<Db>,
        case: &Case,
        new_reporter: Option<UserId>,
        now: Timestamp,
    ) -> StoreResult<RiskInputs> {
        let reports: Vec<(Uuid, String)> = sqlx::query_as("SELECT reporter, reason FROM reports WHERE case_id = $1")
            .bind(case.id.uuid())
            .fetch_all(&mut **tx)
            .await?;
        let reports = reports.into_iter().map(|(reporter, reason)| {
            let reason = Reason::parse(&reason).ok_or_else(|| StoreError::corrupt("unknown reason"))?;
            Ok((UserId::from_uuid(reporter), reason))
        });
        let records: Vec<(Uuid, String, i64)> = sqlx::query_as(Self::RECORDS)
            .bind(case.id.uuid())
            .bind(new_reporter.map(UserId::uuid))
            .fetch_all(&mut **tx)
            .await?;
        let strikes = match case.affected_account {
            Some(user) => {
                let (weight,): (i64,) = sqlx::query_as(Self::STRIKES)
                    .bind(user.uuid())
                    .bind(SqlTimestamp(now))
                    .fetch_one(&mut **tx)
                    .await?;
                count(weight)?
            }
            None => 0,
        };
        Ok(RiskInputs {
            reports: reports.collect::<StoreResult<_>>()?,
            records: Self::into_records(records)?,
            shared_cases: Self::count_shared_cases(tx, case, new_reporter).await?,
            strikes,
        })
    }

    /// Counts the other cases that pairs of reporters have in common.
    async fn count_shared_cases(
        tx: &mut Tx<Db>,
        case: &Case,
        new_reporter: Option<UserId>,
    ) -> StoreResult<Vec<(UserId, UserId, u32)>> {
        let shared_cases: Vec<(Uuid, Uuid, i64)> = sqlx::query_as(
            "SELECT one.reporter, other.reporter, COUNT(DISTINCT one.case_id)
             FROM reports one JOIN reports other ON other.case_id = one.case_id AND one.reporter < other.reporter
             WHERE one.case_id <> $1 AND one.outcome IS DISTINCT FROM 'action_taken'
                AND one.reporter IN (SELECT reporter FROM reports WHERE case_id = $1 UNION SELECT $2)
                AND other.reporter IN (SELECT reporter FROM reports WHERE case_id = $1 UNION SELECT $2)
             GROUP BY one.reporter, other.reporter",
        )
        .bind(case.id.uuid())
        .bind(new_reporter.map(UserId::uuid))
        .fetch_all(&mut **tx)
        .await?;
        let pair = |(one, other, times)| Ok((UserId::from_uuid(one), UserId::from_uuid(other), count(times)?));
        shared_cases.into_iter().map(pair).collect()
    }

    pub(super) fn into_records(counts: Vec<(Uuid, String, i64)>) -> StoreResult<HashMap<UserId, ReporterRecord>> {
        let mut by_reporter: HashMap<UserId, Vec<(String, i64)>> = HashMap::new();
        for (reporter, outcome, times) in counts {
            by_reporter.entry(UserId::from_uuid(reporter)).or_default().push((outcome, times));
        }
        by_reporter.into_iter().map(|(reporter, counts)| Ok((reporter, Self::into_record(counts)?))).collect()
    }

    pub(super) fn into_record(counts: Vec<(String, i64)>) -> StoreResult<ReporterRecord> {
        let mut record = ReporterRecord::default();
        for (outcome, times) in counts {
            match ReportOutcome::parse(&outcome) {
                Some(ReportOutcome::ActionTaken) => record.action_taken = count(times)?,
                Some(ReportOutcome::Dismissed) => record.dismissed = count(times)?,
                None => return Err(StoreError::corrupt("unknown report outcome")),
            }
        }
        Ok(record)
    }
}
