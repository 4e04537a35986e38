//! What a case weighs, of all that is known of those who reported it.

use kith_kernel::{CaseId, Timestamp, UserId};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{At, Tx},
};
use uuid::Uuid;

use super::{HELD, Sql, rows::count};
use crate::{
    domain::{Case, Reason, State},
    policy::{self, Voice},
};

#[sql]
impl Sql<Db> {
    pub(super) async fn cases_beside(&self, case: CaseId, limit: i64) -> StoreResult<Vec<CaseId>> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM cases
             WHERE state = 'open' AND id <> $1 AND (concerned = (SELECT concerned FROM cases WHERE id = $1)
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

    pub(super) async fn weigh_again(&self, case: CaseId, now: Timestamp) -> StoreResult<()> {
        let subject: Option<(Uuid,)> = sqlx::query_as("SELECT subject FROM cases WHERE id = $1")
            .bind(case.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        let Some((subject,)) = subject else { return Ok(()) };
        let mut tx = self.database.begin().await?;
        tx.hold(HELD, subject.as_bytes()).await?;
        let Some(before) = Self::find_case(&mut tx, case.uuid()).await?.filter(|case| case.state == State::Open) else {
            return tx.rollback().await;
        };
        let (reach,): (i64,) =
            sqlx::query_as("SELECT reach FROM cases WHERE id = $1").bind(case.uuid()).fetch_one(&mut *tx).await?;
        let mut case = before.clone();
        Self::weigh(&mut tx, &mut case, count(reach)?, now).await?;
        if case == before {
            return tx.rollback().await;
        }
        sqlx::query("UPDATE cases SET risk = $2, due_at = $3 WHERE id = $1")
            .bind(case.id.uuid())
            .bind(i64::from(case.risk))
            .bind(At(case.due_at))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Computes the risk of a case, and when it is due: sooner than it was, never later.
    pub(super) async fn weigh(tx: &mut Tx<Db>, case: &mut Case, reach: u32, now: Timestamp) -> StoreResult<()> {
        let reports: Vec<(Uuid, String)> = sqlx::query_as("SELECT reporter, reason FROM reports WHERE case_id = $1")
            .bind(case.id.uuid())
            .fetch_all(&mut **tx)
            .await?;
        let records: Vec<(Uuid, String, i64)> =
            sqlx::query_as(Self::RECORDS).bind(case.id.uuid()).fetch_all(&mut **tx).await?;
        let records = Self::into_records(records)?;
        let mut voices = Vec::with_capacity(reports.len());
        for (reporter, reason) in reports {
            let reporter = UserId::from_uuid(reporter);
            let reason = Reason::of(&reason).ok_or_else(|| StoreError::corrupt("an unknown reason"))?;
            voices.push(Voice { reporter, reason, record: records.get(&reporter).copied().unwrap_or_default() });
        }
        let together = Self::together(tx, case).await?;
        let strikes = match case.concerned {
            Some(user) => Self::strikes_of(tx, user, now).await?,
            None => 0,
        };
        case.risk = policy::risk(case.origin, &voices, &together, strikes, reach);
        case.due_at = case.due_at.min(policy::due(case.risk, now));
        Ok(())
    }

    /// How many other things each two of a case's reporters have reported. What both were right about does not count:
    /// who is right together has seen the same.
    async fn together(tx: &mut Tx<Db>, case: &Case) -> StoreResult<Vec<(UserId, UserId, u32)>> {
        let together: Vec<(Uuid, Uuid, i64)> = sqlx::query_as(
            "SELECT one.reporter, other.reporter, COUNT(DISTINCT one.case_id)
             FROM reports one JOIN reports other ON other.case_id = one.case_id AND one.reporter < other.reporter
             WHERE one.case_id <> $1 AND one.outcome IS DISTINCT FROM 'acted'
                AND one.reporter IN (SELECT reporter FROM reports WHERE case_id = $1)
                AND other.reporter IN (SELECT reporter FROM reports WHERE case_id = $1)
             GROUP BY one.reporter, other.reporter",
        )
        .bind(case.id.uuid())
        .fetch_all(&mut **tx)
        .await?;
        let pair = |(one, other, times)| Ok((UserId::from_uuid(one), UserId::from_uuid(other), count(times)?));
        together.into_iter().map(pair).collect()
    }

    async fn strikes_of(tx: &mut Tx<Db>, user: UserId, now: Timestamp) -> StoreResult<u32> {
        let (weight,): (i64,) =
            sqlx::query_as(Self::STRIKES).bind(user.uuid()).bind(At(now)).fetch_one(&mut **tx).await?;
        count(weight)
    }
}
