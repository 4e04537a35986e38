//! Progress as messages.

use kith_proto::{
    convert::timestamp,
    users::v1::{
        CheckIn as WireCheckIn, ProgressStats as WireStats, GetProgressResponse, GoalKind, HeatMapDay as WireHeatMapDay,
        HourPattern, Milestone as WireMilestone, Relapse as WireRelapse, Streak as WireStreak, StreakState,
        Trigger as WireTrigger, TriggerPattern, WeekdayPattern,
    },
};

use crate::{
    Error, Figures, Goal, HeatDay, Milestone, Relapse, Streak, Trigger, Triggers,
    looking::{Opened, Progress},
    service::State,
};

pub(super) fn state(state: &State) -> StreakState {
    let journey = &state.journey;
    let goal = journey.goal.map_or(GoalKind::Unspecified, |goal| match goal {
        Goal::Abstain => GoalKind::Abstain,
        Goal::Reduce => GoalKind::Reduce,
    });
    StreakState {
        start_date: journey.start.as_ref().map(|start| start.day.to_string()).unwrap_or_default(),
        time_zone: journey.zone().name().to_owned(),
        goal_kind: goal.into(),
        current: state.current.as_ref().map(streak),
        longest: state.longest.as_ref().map(streak),
        reached: state.reached.iter().map(milestone).collect(),
        next: state.next.as_ref().map(milestone),
        etag: state.etag(),
    }
}

pub(super) fn check_in(opened: &Opened) -> WireCheckIn {
    let check_in = &opened.check_in;
    WireCheckIn {
        id: check_in.id.to_string(),
        occurred_at: Some(timestamp(check_in.moment.at)),
        mood: check_in.mood.number().into(),
        cravings_met: check_in.cravings.met(),
        cravings_resisted: check_in.cravings.resisted(),
        triggers: wire_triggers(&check_in.triggers),
        note: opened.note.clone(),
    }
}

pub(super) fn relapse(relapse: &Relapse) -> WireRelapse {
    WireRelapse {
        id: relapse.id.to_string(),
        occurred_at: Some(timestamp(relapse.moment.at)),
        triggers: wire_triggers(&relapse.triggers),
    }
}

pub(super) fn progress(went: &Progress, check_ins: &[Opened], next_page_token: String) -> GetProgressResponse {
    let patterns = &went.patterns;
    let weekday = |(weekday, known): &(u32, Figures)| WeekdayPattern { weekday: *weekday, stats: figures(known) };
    let hour = |(hour, known): &(u32, Figures)| HourPattern { hour: *hour, stats: figures(known) };
    let trigger = |(trigger, known): &(Trigger, Figures)| TriggerPattern {
        trigger: wire_trigger(*trigger).into(),
        stats: figures(known),
    };
    GetProgressResponse {
        from_date: went.period.first.to_string(),
        to_date: went.period.last.to_string(),
        streak: Some(state(&went.state)),
        check_ins: check_ins.iter().map(check_in).collect(),
        next_page_token,
        relapses: went.relapses.iter().map(relapse).collect(),
        streaks: went.streaks.iter().map(streak).collect(),
        milestones: went.milestones.iter().map(milestone).collect(),
        stats: figures(&patterns.all),
        weekdays: patterns.weekdays.iter().map(weekday).collect(),
        hours: patterns.hours.iter().map(hour).collect(),
        triggers: patterns.triggers.iter().map(trigger).collect(),
        heat_map: went.heat_map.iter().map(heat_day).collect(),
    }
}

fn streak(streak: &Streak) -> WireStreak {
    WireStreak { began_at: Some(timestamp(streak.began)), ended_at: streak.ended.map(timestamp), days: streak.days }
}

fn milestone(milestone: &Milestone) -> WireMilestone {
    WireMilestone { days: milestone.days, at: Some(timestamp(milestone.at)) }
}

/// Unset if there is nothing.
fn figures(figures: &Figures) -> Option<WireStats> {
    (*figures != Figures::default()).then(|| WireStats {
        check_ins: figures.check_ins,
        mean_mood_tenths: figures.mood_tenths(),
        cravings_met: figures.met,
        cravings_resisted: figures.resisted,
        relapses: figures.relapses,
    })
}

fn heat_day(day: &HeatDay) -> WireHeatMapDay {
    WireHeatMapDay { date: day.day.to_string(), stats: day.figures.as_ref().and_then(figures) }
}

/// The triggers of these numbers.
pub(super) fn triggers(numbers: &[i32]) -> Result<Triggers, Error> {
    let known = |number: &i32| {
        let all = Trigger::ALL.into_iter().map(|(trigger, _)| trigger);
        all.into_iter().find(|trigger| i32::from(wire_trigger(*trigger)) == *number).ok_or(Error::UnknownTrigger)
    };
    numbers.iter().map(known).collect()
}

fn wire_triggers(triggers: &Triggers) -> Vec<i32> {
    triggers.iter().map(|trigger| wire_trigger(*trigger).into()).collect()
}

const fn wire_trigger(trigger: Trigger) -> WireTrigger {
    match trigger {
        Trigger::Stress => WireTrigger::Stress,
        Trigger::Loneliness => WireTrigger::Loneliness,
        Trigger::Boredom => WireTrigger::Boredom,
        Trigger::Anger => WireTrigger::Anger,
        Trigger::Sadness => WireTrigger::Sadness,
        Trigger::Anxiety => WireTrigger::Anxiety,
        Trigger::Conflict => WireTrigger::Conflict,
        Trigger::Pain => WireTrigger::Pain,
        Trigger::Tiredness => WireTrigger::Tiredness,
        Trigger::Hunger => WireTrigger::Hunger,
        Trigger::Celebration => WireTrigger::Celebration,
        Trigger::Company => WireTrigger::Company,
        Trigger::Reminder => WireTrigger::Reminder,
        Trigger::Money => WireTrigger::Money,
    }
}
