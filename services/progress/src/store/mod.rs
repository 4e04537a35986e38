//! Where progress is kept.
//!
//! Every promise below has a case in `tests/it/store.rs`, and every case runs on every adapter.

mod mongo;
mod sqlite;

use async_trait::async_trait;
use kith_kernel::{CheckInId, Cursor, Event, Timestamp, UserId};
use kith_storage::{StoreError, StoreResult};

pub use self::{mongo::Mongo, sqlite::Sqlite};
use crate::{CheckIn, Cravings, Day, Goal, Journey, Mood, Start, Trigger, Triggers, Zone};

/// What a store of progress promises.
#[async_trait]
pub trait Store: Send + Sync {
    /// The journey of this person, equal to the one that was saved last, but for its version, which is one more.
    async fn journey(&self, owner: UserId) -> StoreResult<Option<Journey>>;

    /// Keeps a journey over the one of its version, or as the first if that is 0, and adds the events, both or neither.
    /// `false`, and neither, if another one was saved meanwhile: of any number who change one version, one is told
    /// `true`. `due` is when its owner is to be looked at.
    async fn save(&self, journey: &Journey, due: Option<Timestamp>, events: &[Event]) -> StoreResult<bool>;

    /// Up to `limit` people who are due at this moment or before, whoever waits longest first.
    async fn due(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<UserId>>;

    /// Adds a check-in. An id in use is [`Taken`](kith_storage::StoreError::UniqueViolation) as `id`, whoever uses it.
    async fn add_check_in(&self, check_in: &CheckIn) -> StoreResult<()>;

    /// The check-in of this id, equal to what was added, if it is this owner's.
    async fn check_in(&self, owner: UserId, id: CheckInId) -> StoreResult<Option<CheckIn>>;

    /// Up to `limit` of this owner's check-ins, from the first moment of the span on and before the second, newest
    /// first; of one moment, the last id first. With a cursor, those behind it: its rank is a moment in milliseconds.
    async fn check_ins(
        &self,
        owner: UserId,
        span: (Timestamp, Timestamp),
        before: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<CheckIn>>;
}

/// These triggers as words.
fn words(triggers: &Triggers) -> Vec<&'static str> {
    Trigger::ALL.into_iter().filter(|(trigger, _)| triggers.contains(trigger)).map(|(_, word)| word).collect()
}

/// The triggers of these words.
fn triggers<'a>(words: impl IntoIterator<Item = &'a str>) -> StoreResult<Triggers> {
    let known = |word: &str| Trigger::ALL.into_iter().find(|(_, known)| *known == word).map(|(trigger, _)| trigger);
    let triggers = words.into_iter().map(|word| known(word).ok_or_else(|| StoreError::corrupt("an unknown trigger")));
    triggers.collect()
}

fn goal_word(goal: Goal) -> &'static str {
    match goal {
        Goal::Abstain => "abstain",
        Goal::Reduce => "reduce",
    }
}

fn goal(word: &str) -> StoreResult<Goal> {
    let known = Goal::ALL.into_iter().find(|(_, known)| *known == word);
    known.map(|(goal, _)| goal).ok_or_else(|| StoreError::corrupt("an unknown goal"))
}

fn zone(name: Option<&str>) -> StoreResult<Option<Zone>> {
    name.map(Zone::new).transpose().map_err(StoreError::corrupt)
}

fn start(day: Option<&str>, place: Option<&str>) -> StoreResult<Option<Start>> {
    match (day, zone(place)?) {
        (Some(day), Some(zone)) => Ok(Some(Start { day: Day::new(day).map_err(StoreError::corrupt)?, zone })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(StoreError::corrupt("a start is a day and a place")),
    }
}

fn mood(number: i64) -> StoreResult<Mood> {
    Mood::new(u32::try_from(number).map_err(StoreError::corrupt)?).map_err(StoreError::corrupt)
}

fn cravings(met: i64, resisted: i64) -> StoreResult<Cravings> {
    let count = |count: i64| u32::try_from(count).map_err(StoreError::corrupt);
    Cravings::new(count(met)?, count(resisted)?).map_err(StoreError::corrupt)
}
