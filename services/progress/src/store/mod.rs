//! Storage of progress.
//!
//! Each promise below has a contract case in `tests/it/store.rs`, which runs on every adapter.

mod mongo;
mod sqlite;

use async_trait::async_trait;
use kith_kernel::{CheckInId, Cursor, Event, Timestamp, UserId};
use kith_storage::{StoreError, StoreResult};

pub use self::{mongo::Mongo, sqlite::Sqlite};
use crate::{CheckIn, Cravings, Date, Goal, Mood, RecoveryProfile, StreakStart, TimeZone, Trigger, Triggers};

/// Storage of profiles with their outbox, and of check-ins.
#[async_trait]
pub trait Store: Send + Sync {
    /// Returns the profile as it was saved last, with the version that the save has assigned.
    async fn get_profile(&self, owner: UserId) -> StoreResult<Option<RecoveryProfile>>;

    /// Replaces the stored profile of the same version, or inserts a profile of version 0, and stores the events,
    /// atomically. The stored version is one higher than that of `profile`.
    ///
    /// Returns false and stores nothing if the stored version is another one: exactly one of several concurrent callers
    /// gets true. `due` is the time from which [`list_due_owners`](Store::list_due_owners) returns the owner.
    async fn save_profile(
        &self,
        profile: &RecoveryProfile,
        due: Option<Timestamp>,
        events: &[Event],
    ) -> StoreResult<bool>;

    /// Returns up to `limit` owners that are due at or before `now`, earliest due time first.
    async fn list_due_owners(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<UserId>>;

    /// Inserts a check-in. An id in use, by any owner, is a
    /// [`UniqueViolation`](kith_storage::StoreError::UniqueViolation) of `id`.
    async fn insert_check_in(&self, check_in: &CheckIn) -> StoreResult<()>;

    /// Returns a check-in as it was inserted. `None` if it does not exist or belongs to another owner.
    async fn get_check_in(&self, owner: UserId, id: CheckInId) -> StoreResult<Option<CheckIn>>;

    /// Returns up to `limit` check-ins of the owner within the bounds, newest first, then by descending id. The first bound
    /// is inclusive, the second exclusive. With a cursor, the list starts after it; its rank is a time in milliseconds.
    async fn list_check_ins(
        &self,
        owner: UserId,
        bounds: (Timestamp, Timestamp),
        cursor: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<CheckIn>>;
}

/// Stored names of triggers.
fn trigger_names(triggers: &Triggers) -> Vec<&'static str> {
    Trigger::ALL.into_iter().filter(|(trigger, _)| triggers.contains(trigger)).map(|(_, name)| name).collect()
}

fn parse_triggers<'a>(names: impl IntoIterator<Item = &'a str>) -> StoreResult<Triggers> {
    let parse = |name: &str| {
        let found = Trigger::ALL.into_iter().find(|(_, known)| *known == name);
        found.map(|(trigger, _)| trigger).ok_or_else(|| StoreError::corrupt("unknown trigger"))
    };
    names.into_iter().map(parse).collect()
}

fn parse_goal(name: &str) -> StoreResult<Goal> {
    let found = Goal::ALL.into_iter().find(|goal| goal.as_str() == name);
    found.ok_or_else(|| StoreError::corrupt("unknown goal"))
}

fn parse_time_zone(name: Option<&str>) -> StoreResult<Option<TimeZone>> {
    name.map(TimeZone::new).transpose().map_err(StoreError::corrupt)
}

fn parse_start(date: Option<&str>, time_zone: Option<&str>) -> StoreResult<Option<StreakStart>> {
    match (date, parse_time_zone(time_zone)?) {
        (Some(date), Some(time_zone)) => {
            Ok(Some(StreakStart { date: Date::parse(date).map_err(StoreError::corrupt)?, time_zone }))
        }
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(StoreError::corrupt("start date without time zone or the reverse")),
    }
}

fn parse_mood(value: i64) -> StoreResult<Mood> {
    Mood::new(u32::try_from(value).map_err(StoreError::corrupt)?).map_err(StoreError::corrupt)
}

fn parse_cravings(met: i64, resisted: i64) -> StoreResult<Cravings> {
    let count = |count: i64| u32::try_from(count).map_err(StoreError::corrupt);
    Cravings::new(count(met)?, count(resisted)?).map_err(StoreError::corrupt)
}
