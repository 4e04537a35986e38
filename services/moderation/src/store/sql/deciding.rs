//! Deciding, all of it or nothing.

use kith_kernel::UserId;
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{At, Tx},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    HELD, Sql,
    rows::{DecisionRow, ReportRow},
};
use crate::{
    domain::{Action, AppealState, Case, Decision, Measure, Outcome, Report, State, Strike, Subject},
    policy,
    store::{Ruled, Ruling, Telling},
};

#[sql]
impl Sql<Db> {
    pub(super) async fn decide_it(&self, ruling: &Ruling, told: Telling<'_, Vec<Report>>) -> StoreResult<Ruled> {
        let mut tx = self.database.begin().await?;
        let mut decision = ruling.decision.clone();
        tx.hold(HELD, decision.subject.uuid().as_bytes()).await?;
        let Some(case) = Self::find_case(&mut tx, decision.case.uuid()).await? else {
            tx.rollback().await?;
            return Ok(Ruled::Stale);
        };
        if let Some(made) = Self::find_decision(&mut tx, decision.id).await? {
            tx.rollback().await?;
            let same = made.case == decision.case && made.decider == decision.decider;
            return Ok(if same { Ruled::Again(case, made) } else { Ruled::Stale });
        }
        let about = match decision.about {
            Some(about) => Self::find_decision(&mut tx, about).await?,
            None => None,
        };
        if !may_be_decided(&case, ruling, about.as_ref()) {
            tx.rollback().await?;
            return Ok(Ruled::Stale);
        }
        if decision.action == Action::Overturn && !Self::has_last_word(&mut tx, &case).await? {
            decision.measure = None;
        }
        Self::insert_decision(&mut tx, &decision).await?;
        if let Some(strike) = &ruling.strike {
            Self::insert_strike(&mut tx, strike).await?;
        }
        if let Some(about) = &about {
            Self::judge_again(&mut tx, &decision, about).await?;
        }
        let closed = Self::close_reports(&mut tx, &case, &decision).await?;
        Self::close_case(&mut tx, &case, &decision).await?;
        tx.record(&told(&closed)).await?;
        Self::write_down(&mut tx, &ruling.entries).await?;
        let case = Self::find_case(&mut tx, case.id.uuid()).await?;
        tx.commit().await?;
        let case = case.ok_or_else(|| StoreError::corrupt("a case was decided and is not there"))?;
        Ok(Ruled::Done(case, decision))
    }

    pub(super) async fn insert_decision(tx: &mut Tx<Db>, decision: &Decision) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO decisions (id, case_id, kind, subject, turn, concerned, decider, action, measure, rule,
                statement, created_at, ends_at, about, appeal, appeal_until, appeal_words)
             VALUES ($1, $2, $3, $4, (SELECT COALESCE(MAX(turn), 0) + 1 FROM decisions WHERE subject = $4), $5, $6, $7,
                $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(decision.id)
        .bind(decision.case.uuid())
        .bind(decision.subject.word())
        .bind(decision.subject.uuid())
        .bind(decision.concerned.map(UserId::uuid))
        .bind(decision.decider.map(UserId::uuid))
        .bind(decision.action.word())
        .bind(decision.measure.map(Measure::word))
        .bind(&decision.rule)
        .bind(&decision.statement)
        .bind(At(decision.at))
        .bind(decision.until.map(At))
        .bind(decision.about)
        .bind(decision.appeal.state.word())
        .bind(decision.appeal.until.map(At))
        .bind(&decision.appeal.words)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    pub(super) async fn find_decision(tx: &mut Tx<Db>, decision: Uuid) -> StoreResult<Option<Decision>> {
        let select = format!("{} WHERE id = $1", DecisionRow::SELECT);
        let row: Option<DecisionRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(decision).fetch_optional(&mut **tx).await?;
        row.map(DecisionRow::into_decision).transpose()
    }

    /// Whether nothing was said of the subject since this case said something of it.
    async fn has_last_word(tx: &mut Tx<Db>, case: &Case) -> StoreResult<bool> {
        let last: Option<(Uuid,)> = sqlx::query_as(
            "SELECT case_id FROM decisions WHERE subject = $1 AND measure IS NOT NULL ORDER BY turn DESC LIMIT 1",
        )
        .bind(case.subject.uuid())
        .fetch_optional(&mut **tx)
        .await?;
        Ok(last.is_some_and(|(of,)| of == case.id.uuid()))
    }

    async fn insert_strike(tx: &mut Tx<Db>, strike: &Strike) -> StoreResult<()> {
        sqlx::query("INSERT INTO strikes (decision, account, weight, created_at, ends_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(strike.decision)
            .bind(strike.user.uuid())
            .bind(i64::from(strike.weight))
            .bind(At(strike.at))
            .bind(At(strike.until))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// What an appeal makes of the decision that it was about.
    async fn judge_again(tx: &mut Tx<Db>, decision: &Decision, about: &Decision) -> StoreResult<()> {
        let overturned = decision.action == Action::Overturn;
        let came_to = if overturned { AppealState::Overturned } else { AppealState::Upheld };
        sqlx::query("UPDATE decisions SET appeal = $2, undone_at = $3 WHERE id = $1")
            .bind(about.id)
            .bind(came_to.word())
            .bind(overturned.then_some(At(decision.at)))
            .execute(&mut **tx)
            .await?;
        if overturned {
            sqlx::query("UPDATE strikes SET undone_at = $2 WHERE decision = $1")
                .bind(about.id)
                .bind(At(decision.at))
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    /// Says what came of the reports of a case, and gives those whose reporters have not been told.
    async fn close_reports(tx: &mut Tx<Db>, case: &Case, decision: &Decision) -> StoreResult<Vec<Report>> {
        if decision.action == Action::Uphold {
            return Ok(Vec::new());
        }
        let against = policy::is_against_somebody(decision.action);
        let outcome = if against { Outcome::Acted } else { Outcome::Dismissed };
        let select = format!("{} WHERE case_id = $1 AND outcome IS NULL ORDER BY id", ReportRow::SELECT);
        let rows: Vec<ReportRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(case.id.uuid()).fetch_all(&mut **tx).await?;
        sqlx::query("UPDATE reports SET outcome = $2 WHERE case_id = $1")
            .bind(case.id.uuid())
            .bind(outcome.word())
            .execute(&mut **tx)
            .await?;
        rows.into_iter().map(ReportRow::into_report).collect()
    }

    async fn close_case(tx: &mut Tx<Db>, case: &Case, decision: &Decision) -> StoreResult<()> {
        let state = if case.state == State::Appealed { State::Settled } else { State::Decided };
        sqlx::query(
            "UPDATE cases SET state = $2, decided_at = $3, hidden_at = NULL, holder = NULL, held_until = NULL,
                version = version + 1
             WHERE id = $1",
        )
        .bind(case.id.uuid())
        .bind(state.word())
        .bind(At(decision.at))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    pub(super) async fn last_measure(&self, subject: Subject) -> StoreResult<Option<Measure>> {
        let last: Option<(String,)> = sqlx::query_as(
            "SELECT measure FROM decisions WHERE subject = $1 AND measure IS NOT NULL ORDER BY turn DESC LIMIT 1",
        )
        .bind(subject.uuid())
        .fetch_optional(self.database.reader())
        .await?;
        let read = |(word,): (String,)| Measure::of(&word).ok_or_else(|| StoreError::corrupt("an unknown measure"));
        last.map(read).transpose()
    }
}

/// Whether the case is as the decider knew it, and theirs to decide.
fn may_be_decided(case: &Case, ruling: &Ruling, about: Option<&Decision>) -> bool {
    let decision = &ruling.decision;
    let theirs = case.holder(decision.at).is_some_and(|lease| Some(lease.holder) == decision.decider);
    let waits = match case.state {
        State::Open => decision.about.is_none(),
        State::Appealed => about.is_some_and(|about| {
            about.case == case.id && about.appeal.state == AppealState::Open && about.decider != decision.decider
        }),
        State::Decided | State::Settled => false,
    };
    case.version == ruling.version && theirs && waits
}
