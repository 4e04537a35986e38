//! Conversion of rows to domain types.

use kith_kernel::{CheckInId, RelapseId, Timestamp, UserId, ports::DataKey};
use kith_storage::{StoreError, StoreResult, sql::SqlTimestamp};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    AnnouncedMilestone, CheckIn, RecoveryProfile, Relapse, ZonedInstant,
    store::{parse_cravings, parse_goal, parse_mood, parse_start, parse_time_zone, parse_triggers},
};

#[derive(FromRow)]
struct ProfileRow {
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

/// A profile with one of its relapses.
#[derive(FromRow)]
pub(super) struct ProfileRelapseRow {
    #[sqlx(flatten)]
    profile: ProfileRow,
    relapse: Option<Uuid>,
    occurred_at: Option<SqlTimestamp>,
    relapse_time_zone: Option<String>,
    triggers: Option<String>,
}

/// Converts the rows of one profile. `None` if there are none.
pub(super) fn into_profile(rows: Vec<ProfileRelapseRow>) -> StoreResult<Option<RecoveryProfile>> {
    let mut profile = None;
    let mut relapses = Vec::new();
    for row in rows {
        relapses.extend(row.relapse()?);
        profile = Some(row.profile);
    }
    profile.map(|profile| profile.into_profile(relapses)).transpose()
}

impl ProfileRelapseRow {
    fn relapse(&self) -> StoreResult<Option<Relapse>> {
        let (Some(id), Some(at)) = (self.relapse, &self.occurred_at) else { return Ok(None) };
        Ok(Some(Relapse {
            id: RelapseId::from_uuid(id),
            occurred_at: ZonedInstant { at: at.0, time_zone: parse_time_zone(self.relapse_time_zone.as_deref())? },
            triggers: parse_triggers(self.triggers.iter().flat_map(|names| names.split_whitespace()))?,
        }))
    }
}

impl ProfileRow {
    fn into_profile(self, relapses: Vec<Relapse>) -> StoreResult<RecoveryProfile> {
        let announced = self.announced_milestones.split_whitespace().map(parse_announced_milestone);
        Ok(RecoveryProfile {
            owner: UserId::from_uuid(self.owner),
            version: self.version,
            settings_version: self.settings_version,
            time_zone: parse_time_zone(self.time_zone.as_deref())?,
            start: parse_start(self.start_date.as_deref(), self.start_time_zone.as_deref())?,
            goal: self.goal.as_deref().map(parse_goal).transpose()?,
            relapses,
            announced_milestones: announced.collect::<StoreResult<_>>()?,
            data_key: DataKey(self.data_key),
        })
    }
}

/// Parses `days@milliseconds`.
fn parse_announced_milestone(text: &str) -> StoreResult<AnnouncedMilestone> {
    let (days, at) = text.split_once('@').ok_or_else(|| StoreError::corrupt("announced milestone without a time"))?;
    let at = at.parse().map_err(StoreError::corrupt)?;
    let days = days.parse().map_err(StoreError::corrupt)?;
    Ok(AnnouncedMilestone { days, announced_at: Timestamp::from_millis(at) })
}

#[derive(FromRow)]
pub(super) struct CheckInRow {
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
    pub(super) fn into_check_in(self) -> StoreResult<CheckIn> {
        let time_zone = parse_time_zone(self.time_zone.as_deref())?;
        Ok(CheckIn {
            id: CheckInId::from_uuid(self.id),
            owner: UserId::from_uuid(self.owner),
            occurred_at: ZonedInstant { at: self.occurred_at.0, time_zone },
            mood: parse_mood(self.mood)?,
            cravings: parse_cravings(self.cravings, self.cravings_resisted)?,
            triggers: parse_triggers(self.triggers.split_whitespace())?,
            note: self.note,
        })
    }
}
