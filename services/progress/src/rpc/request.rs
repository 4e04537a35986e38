//! Conversion of requests to domain types.

use kith_kernel::{RelapseId, id::InvalidId};
use kith_proto::{
    convert::timestamp_from,
    users::v1::{GoalKind, RecordCheckInRequest, UpdateStreakRequest},
};

use super::presenter::trigger_message;
use crate::{
    Cravings, Error, Goal, Mood, Note, TimeZone, Trigger, Triggers,
    service::{CheckInInput, StreakUpdate},
};

/// Parses an id. Malformed ids are reported as not found.
pub(super) fn relapse_id(text: &str) -> Result<RelapseId, Error> {
    text.parse().map_err(|InvalidId| Error::RelapseNotFound)
}

pub(super) fn streak_update(request: &UpdateStreakRequest) -> Result<StreakUpdate, Error> {
    Ok(StreakUpdate {
        start_date: request.start_date.clone(),
        time_zone: request.time_zone.as_deref().map(TimeZone::new).transpose()?,
        goal: request.goal_kind.map(goal).transpose()?,
    })
}

pub(super) fn check_in_input(request: &RecordCheckInRequest) -> Result<CheckInInput, Error> {
    Ok(CheckInInput {
        occurred_at: request.occurred_at.as_ref().map(timestamp_from),
        mood: Mood::new(request.mood)?,
        cravings: Cravings::new(request.cravings_met, request.cravings_resisted)?,
        triggers: triggers(&request.triggers)?,
        note: Note::new(&request.note)?,
    })
}

/// Converts enum numbers of [`kith_proto::users::v1::Trigger`].
pub(super) fn triggers(numbers: &[i32]) -> Result<Triggers, Error> {
    let trigger = |number: &i32| {
        let mut triggers = Trigger::ALL.into_iter().map(|(trigger, _)| trigger);
        triggers.find(|trigger| i32::from(trigger_message(*trigger)) == *number).ok_or(Error::UnknownTrigger)
    };
    numbers.iter().map(trigger).collect()
}

fn goal(number: i32) -> Result<Goal, Error> {
    match GoalKind::try_from(number) {
        Ok(GoalKind::Abstain) => Ok(Goal::Abstain),
        Ok(GoalKind::Reduce) => Ok(Goal::Reduce),
        Ok(GoalKind::Unspecified) | Err(_) => Err(Error::UnknownGoal),
    }
}
