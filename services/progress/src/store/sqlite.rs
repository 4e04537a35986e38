//! Progress in SQLite.

use async_trait::async_trait;
use kith_kernel::{CheckInId, Cursor, Event, RelapseId, Timestamp, UserId, ports::DataKey};
use kith_storage::{
    StoreError, StoreResult,
    sql::{SqlTimestamp, Database, Tx},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, cravings, goal, goal_word, mood, start, triggers, words, zone};
use crate::{CheckIn, Journey, Moment, Relapse, Told, Zone};

/// Progress in SQLite.
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    /// The progress of this database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// One statement, so that all of it is of one moment: a row for each relapse, or one if there is none.
const WHOLE: &str = "SELECT recovery_profiles.*, relapses.id AS relapse, occurred_at,
        relapses.time_zone AS relapse_time_zone, triggers
    FROM recovery_profiles LEFT JOIN relapses ON relapses.owner = recovery_profiles.owner
    WHERE recovery_profiles.owner = $1 ORDER BY occurred_at, relapses.id";

/// Those whose moment has come, along an index that holds nobody else.
const DUE: &str = "SELECT owner FROM recovery_profiles WHERE next_due_at IS NOT NULL AND next_due_at <= $1
    ORDER BY next_due_at LIMIT $2";

/// From a place on, backwards along an index.
const LISTED: &str = "SELECT * FROM check_ins
    WHERE owner = $1 AND occurred_at >= $2 AND (occurred_at, id) < ($3, $4)
    ORDER BY occurred_at DESC, id DESC LIMIT $5";

#[async_trait]
impl Store for Sqlite {
    async fn journey(&self, owner: UserId) -> StoreResult<Option<Journey>> {
        let rows: Vec<Row> = sqlx::query_as(WHOLE).bind(owner.uuid()).fetch_all(self.database.reader()).await?;
        whole(rows)
    }

    async fn save(&self, journey: &Journey, due: Option<Timestamp>, events: &[Event]) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        if !keep(&mut tx, journey, due).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        keep_relapses(&mut tx, journey).await?;
        tx.append_events(events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn due(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<UserId>> {
        let rows: Vec<(Uuid,)> =
            sqlx::query_as(DUE).bind(SqlTimestamp(now)).bind(limit).fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(|(owner,)| UserId::from_uuid(owner)).collect())
    }

    async fn add_check_in(&self, check_in: &CheckIn) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO check_ins (id, owner, occurred_at, time_zone, mood, cravings, cravings_resisted,
                triggers, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(check_in.id.uuid())
        .bind(check_in.owner.uuid())
        .bind(SqlTimestamp(check_in.moment.at))
        .bind(check_in.moment.zone.as_ref().map(Zone::name))
        .bind(i64::from(check_in.mood.number()))
        .bind(i64::from(check_in.cravings.met()))
        .bind(i64::from(check_in.cravings.resisted()))
        .bind(words(&check_in.triggers).join(" "))
        .bind(check_in.note.as_deref())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    async fn check_in(&self, owner: UserId, id: CheckInId) -> StoreResult<Option<CheckIn>> {
        let row: Option<CheckInRow> = sqlx::query_as("SELECT * FROM check_ins WHERE id = $1 AND owner = $2")
            .bind(id.uuid())
            .bind(owner.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(CheckInRow::into_check_in).transpose()
    }

    async fn check_ins(
        &self,
        owner: UserId,
        (from, until): (Timestamp, Timestamp),
        before: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<CheckIn>> {
        // The end of the span is a place as well: that of the first id that its moment could have.
        let end = Cursor { rank: until.millis(), id: Uuid::nil() };
        let place = before.filter(|cursor| (cursor.rank, cursor.id) < (end.rank, end.id)).unwrap_or(end);
        let rows: Vec<CheckInRow> = sqlx::query_as(LISTED)
            .bind(owner.uuid())
            .bind(SqlTimestamp(from))
            .bind(SqlTimestamp(Timestamp::from_millis(place.rank)))
            .bind(place.id)
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(CheckInRow::into_check_in).collect()
    }
}

/// Whether it was kept: it is not if another version is there.
async fn keep(tx: &mut Tx, journey: &Journey, due: Option<Timestamp>) -> StoreResult<bool> {
    let statement = if journey.version == 0 {
        "INSERT INTO recovery_profiles (owner, version, settings_version, time_zone, start_date, start_time_zone, goal,
            announced_milestones, data_key, next_due_at)
         VALUES ($1, $2 + 1, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (owner) DO NOTHING"
    } else {
        "UPDATE recovery_profiles SET version = version + 1, settings_version = $3, time_zone = $4, start_date = $5,
            start_time_zone = $6, goal = $7, announced_milestones = $8, data_key = $9, next_due_at = $10
         WHERE owner = $1 AND version = $2"
    };
    let start = journey.start.as_ref();
    let told: Vec<String> = journey.told.iter().map(|told| format!("{}@{}", told.days, told.at.millis())).collect();
    let kept = sqlx::query(statement)
        .bind(journey.owner.uuid())
        .bind(journey.version)
        .bind(journey.edition)
        .bind(journey.zone.as_ref().map(Zone::name))
        .bind(start.map(|start| start.day.to_string()))
        .bind(start.map(|start| start.zone.name()))
        .bind(journey.goal.map(goal_word))
        .bind(told.join(" "))
        .bind(journey.key.0.as_slice())
        .bind(due.map(SqlTimestamp))
        .execute(&mut **tx)
        .await?;
    Ok(kept.rows_affected() == 1)
}

/// What is gone goes, and what is new comes: a relapse is never changed.
async fn keep_relapses(tx: &mut Tx, journey: &Journey) -> StoreResult<()> {
    let kept: Vec<(Uuid,)> = sqlx::query_as("SELECT id FROM relapses WHERE owner = $1")
        .bind(journey.owner.uuid())
        .fetch_all(&mut **tx)
        .await?;
    let kept: Vec<RelapseId> = kept.into_iter().map(|(id,)| RelapseId::from_uuid(id)).collect();
    for gone in kept.iter().filter(|id| journey.relapse(**id).is_none()) {
        sqlx::query("DELETE FROM relapses WHERE owner = $1 AND id = $2")
            .bind(journey.owner.uuid())
            .bind(gone.uuid())
            .execute(&mut **tx)
            .await?;
    }
    for new in journey.relapses.iter().filter(|relapse| !kept.contains(&relapse.id)) {
        sqlx::query("INSERT INTO relapses (owner, id, occurred_at, time_zone, triggers) VALUES ($1, $2, $3, $4, $5)")
            .bind(journey.owner.uuid())
            .bind(new.id.uuid())
            .bind(SqlTimestamp(new.moment.at))
            .bind(new.moment.zone.as_ref().map(Zone::name))
            .bind(words(&new.triggers).join(" "))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct JourneyRow {
    owner: Uuid,
    version: i64,
    settings_version: i64,
    time_zone: Option<String>,
    start_date: Option<String>,
    start_time_zone: Option<String>,
    goal: Option<String>,
    announced_milestones: String,
    data_key: Vec<u8>,
}

/// A journey, with one of its relapses.
#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    journey: JourneyRow,
    relapse: Option<Uuid>,
    occurred_at: Option<SqlTimestamp>,
    relapse_time_zone: Option<String>,
    triggers: Option<String>,
}

fn whole(rows: Vec<Row>) -> StoreResult<Option<Journey>> {
    let mut journey = None;
    let mut relapses = Vec::new();
    for row in rows {
        relapses.extend(row.relapse()?);
        journey = Some(row.journey);
    }
    journey.map(|journey| journey.into_journey(relapses)).transpose()
}

impl Row {
    fn relapse(&self) -> StoreResult<Option<Relapse>> {
        let (Some(id), Some(at)) = (self.relapse, &self.occurred_at) else { return Ok(None) };
        Ok(Some(Relapse {
            id: RelapseId::from_uuid(id),
            moment: Moment { at: at.0, zone: zone(self.relapse_time_zone.as_deref())? },
            triggers: triggers(self.triggers.iter().flat_map(|words| words.split_whitespace()))?,
        }))
    }
}

impl JourneyRow {
    fn into_journey(self, relapses: Vec<Relapse>) -> StoreResult<Journey> {
        Ok(Journey {
            owner: UserId::from_uuid(self.owner),
            version: self.version,
            edition: self.settings_version,
            zone: zone(self.time_zone.as_deref())?,
            start: start(self.start_date.as_deref(), self.start_time_zone.as_deref())?,
            goal: self.goal.as_deref().map(goal).transpose()?,
            relapses,
            told: self.announced_milestones.split_whitespace().map(told).collect::<StoreResult<_>>()?,
            key: DataKey(self.data_key),
        })
    }
}

fn told(word: &str) -> StoreResult<Told> {
    let (days, at) = word.split_once('@').ok_or_else(|| StoreError::corrupt("a milestone was told at a moment"))?;
    let at = at.parse().map_err(StoreError::corrupt)?;
    Ok(Told { days: days.parse().map_err(StoreError::corrupt)?, at: Timestamp::from_millis(at) })
}

#[derive(FromRow)]
struct CheckInRow {
    id: Uuid,
    owner: Uuid,
    occurred_at: SqlTimestamp,
    time_zone: Option<String>,
    mood: i64,
    cravings: i64,
    cravings_resisted: i64,
    triggers: String,
    note: Option<Vec<u8>>,
}

impl CheckInRow {
    fn into_check_in(self) -> StoreResult<CheckIn> {
        Ok(CheckIn {
            id: CheckInId::from_uuid(self.id),
            owner: UserId::from_uuid(self.owner),
            moment: Moment { at: self.occurred_at.0, zone: zone(self.time_zone.as_deref())? },
            mood: mood(self.mood)?,
            cravings: cravings(self.cravings, self.cravings_resisted)?,
            triggers: triggers(self.triggers.split_whitespace())?,
            note: self.note,
        })
    }
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;

    async fn plan(statement: &str, values: usize) -> String {
        let database = kith_testkit::sqlite_database().await;
        let explained = format!("EXPLAIN QUERY PLAN {statement}");
        let mut question = sqlx::query_as(AssertSqlSafe(explained));
        for _ in 0..values {
            question = question.bind(0_i64);
        }
        let steps: Vec<(i64, i64, i64, String)> = question.fetch_all(database.reader()).await.unwrap();
        steps.into_iter().map(|(.., step)| step).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn lists_are_read_along_their_index_and_sorted_by_it() {
        kith_testkit::block_on(async {
            let statements = [(LISTED, 5, "check_ins_owner"), (DUE, 2, "recovery_profiles_next_due_at")];
            for (statement, values, index) in statements {
                let plan = plan(statement, values).await;
                assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
            }
        });
    }
}
