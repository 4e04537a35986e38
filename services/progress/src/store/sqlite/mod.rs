//! Progress in SQLite.
//!
//! | file | contents |
//! | --- | --- |
//! | [`row`] | conversion of rows to domain types |

mod row;

use async_trait::async_trait;
use kith_kernel::{CheckInId, Cursor, Event, RelapseId, Timestamp, UserId};
use kith_storage::{
    StoreResult,
    sql::{Database, SqlTimestamp, Tx},
};
use uuid::Uuid;

use self::row::{CheckInRow, ProfileRelapseRow};
use super::{Store, trigger_names};
use crate::{CheckIn, Goal, RecoveryProfile, TimeZone};

/// Progress in SQLite.
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// A profile with its relapses in one statement, so that the result is consistent: one row per relapse, or one row without
/// relapse.
const SELECT_PROFILE: &str = "SELECT recovery_profiles.*, relapses.id AS relapse, occurred_at,
        relapses.time_zone AS relapse_time_zone, triggers
    FROM recovery_profiles LEFT JOIN relapses ON relapses.owner = recovery_profiles.owner
    WHERE recovery_profiles.owner = $1 ORDER BY occurred_at, relapses.id";

/// Uses a partial index of the owners that have a due time.
const SELECT_DUE: &str = "SELECT owner FROM recovery_profiles WHERE next_due_at IS NOT NULL AND next_due_at <= $1
    ORDER BY next_due_at LIMIT $2";

/// Reads an index backwards from a position.
const SELECT_CHECK_INS: &str = "SELECT * FROM check_ins
    WHERE owner = $1 AND occurred_at >= $2 AND (occurred_at, id) < ($3, $4)
    ORDER BY occurred_at DESC, id DESC LIMIT $5";

#[async_trait]
impl Store for Sqlite {
    async fn get_profile(&self, owner: UserId) -> StoreResult<Option<RecoveryProfile>> {
        let rows: Vec<ProfileRelapseRow> =
            sqlx::query_as(SELECT_PROFILE).bind(owner.uuid()).fetch_all(self.database.reader()).await?;
        row::into_profile(rows)
    }

    async fn save_profile(
        &self,
        profile: &RecoveryProfile,
        due: Option<Timestamp>,
        events: &[Event],
    ) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        if !write_profile(&mut tx, profile, due).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        write_relapses(&mut tx, profile).await?;
        tx.append_events(events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn list_due_owners(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<UserId>> {
        let rows: Vec<(Uuid,)> =
            sqlx::query_as(SELECT_DUE).bind(SqlTimestamp(now)).bind(limit).fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(|(owner,)| UserId::from_uuid(owner)).collect())
    }

    async fn insert_check_in(&self, check_in: &CheckIn) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO check_ins (id, owner, occurred_at, time_zone, mood, cravings, cravings_resisted,
                triggers, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(check_in.id.uuid())
        .bind(check_in.owner.uuid())
        .bind(SqlTimestamp(check_in.occurred_at.at))
        .bind(check_in.occurred_at.time_zone.as_ref().map(TimeZone::name))
        .bind(i64::from(check_in.mood.get()))
        .bind(i64::from(check_in.cravings.met()))
        .bind(i64::from(check_in.cravings.resisted()))
        .bind(trigger_names(&check_in.triggers).join(" "))
        .bind(check_in.note.as_deref())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    async fn get_check_in(&self, owner: UserId, id: CheckInId) -> StoreResult<Option<CheckIn>> {
        let row: Option<CheckInRow> = sqlx::query_as("SELECT * FROM check_ins WHERE id = $1 AND owner = $2")
            .bind(id.uuid())
            .bind(owner.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(CheckInRow::into_check_in).transpose()
    }

    async fn list_check_ins(
        &self,
        owner: UserId,
        (start, end): (Timestamp, Timestamp),
        cursor: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<CheckIn>> {
        // The end of the bounds is a position, too: before the smallest id at that time.
        let end = Cursor { rank: end.millis(), id: Uuid::nil() };
        let position = cursor.filter(|cursor| (cursor.rank, cursor.id) < (end.rank, end.id)).unwrap_or(end);
        let rows: Vec<CheckInRow> = sqlx::query_as(SELECT_CHECK_INS)
            .bind(owner.uuid())
            .bind(SqlTimestamp(start))
            .bind(SqlTimestamp(Timestamp::from_millis(position.rank)))
            .bind(position.id)
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(CheckInRow::into_check_in).collect()
    }
}

/// Returns false if the stored version is another one.
async fn write_profile(tx: &mut Tx, profile: &RecoveryProfile, due: Option<Timestamp>) -> StoreResult<bool> {
    let statement = if profile.version == 0 {
        "INSERT INTO recovery_profiles (owner, version, settings_version, time_zone, start_date, start_time_zone, goal,
            announced_milestones, data_key, next_due_at)
         VALUES ($1, $2 + 1, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (owner) DO NOTHING"
    } else {
        "UPDATE recovery_profiles SET version = version + 1, settings_version = $3, time_zone = $4, start_date = $5,
            start_time_zone = $6, goal = $7, announced_milestones = $8, data_key = $9, next_due_at = $10
         WHERE owner = $1 AND version = $2"
    };
    let start = profile.start.as_ref();
    let announced = profile.announced_milestones.iter();
    let announced: Vec<String> =
        announced.map(|milestone| format!("{}@{}", milestone.days, milestone.announced_at.millis())).collect();
    let written = sqlx::query(statement)
        .bind(profile.owner.uuid())
        .bind(profile.version)
        .bind(profile.settings_version)
        .bind(profile.time_zone.as_ref().map(TimeZone::name))
        .bind(start.map(|start| start.date.to_string()))
        .bind(start.map(|start| start.time_zone.name()))
        .bind(profile.goal.map(Goal::as_str))
        .bind(announced.join(" "))
        .bind(profile.data_key.0.as_slice())
        .bind(due.map(SqlTimestamp))
        .execute(&mut **tx)
        .await?;
    Ok(written.rows_affected() == 1)
}

/// Deletes withdrawn relapses and inserts new ones. A relapse is never changed.
async fn write_relapses(tx: &mut Tx, profile: &RecoveryProfile) -> StoreResult<()> {
    let stored: Vec<(Uuid,)> = sqlx::query_as("SELECT id FROM relapses WHERE owner = $1")
        .bind(profile.owner.uuid())
        .fetch_all(&mut **tx)
        .await?;
    let stored: Vec<RelapseId> = stored.into_iter().map(|(id,)| RelapseId::from_uuid(id)).collect();
    for withdrawn in stored.iter().filter(|id| profile.relapse(**id).is_none()) {
        sqlx::query("DELETE FROM relapses WHERE owner = $1 AND id = $2")
            .bind(profile.owner.uuid())
            .bind(withdrawn.uuid())
            .execute(&mut **tx)
            .await?;
    }
    for new in profile.relapses.iter().filter(|relapse| !stored.contains(&relapse.id)) {
        sqlx::query("INSERT INTO relapses (owner, id, occurred_at, time_zone, triggers) VALUES ($1, $2, $3, $4, $5)")
            .bind(profile.owner.uuid())
            .bind(new.id.uuid())
            .bind(SqlTimestamp(new.occurred_at.at))
            .bind(new.occurred_at.time_zone.as_ref().map(TimeZone::name))
            .bind(trigger_names(&new.triggers).join(" "))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;

    async fn query_plan(statement: &str, parameters: usize) -> String {
        let database = kith_testkit::sqlite_database().await;
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let mut query = sqlx::query_as(AssertSqlSafe(explain));
        for _ in 0..parameters {
            query = query.bind(0_i64);
        }
        let steps: Vec<(i64, i64, i64, String)> = query.fetch_all(database.reader()).await.unwrap();
        steps.into_iter().map(|(.., step)| step).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn lists_use_their_index_and_need_no_sort() {
        kith_testkit::block_on(async {
            let statements =
                [(SELECT_CHECK_INS, 5, "check_ins_owner"), (SELECT_DUE, 2, "recovery_profiles_next_due_at")];
            for (statement, parameters, index) in statements {
                let plan = query_plan(statement, parameters).await;
                assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
            }
        });
    }
}
