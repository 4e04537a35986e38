//! Conversion of domain types to messages.

use kith_proto::{
    convert::timestamp,
    users::v1::{
        CheckIn as CheckInMessage, GetProgressResponse, GoalKind, HeatMapDay as HeatMapDayMessage, HourPattern,
        Milestone as MilestoneMessage, ProgressStats as ProgressStatsMessage, Relapse as RelapseMessage,
        Streak as StreakMessage, StreakState, Trigger as TriggerMessage, TriggerPattern, WeekdayPattern,
    },
};

use crate::{
    Goal, HeatMapDay, Milestone, ProgressStats, Relapse, Streak, Trigger, Triggers,
    service::{DecryptedCheckIn, ProgressReport, StreakSummary},
};

pub(super) fn streak_state(summary: &StreakSummary) -> StreakState {
    let profile = &summary.profile;
    let goal = profile.goal.map_or(GoalKind::Unspecified, |goal| match goal {
        Goal::Abstain => GoalKind::Abstain,
        Goal::Reduce => GoalKind::Reduce,
    });
    StreakState {
        start_date: profile.start.as_ref().map(|start| start.date.to_string()).unwrap_or_default(),
        time_zone: profile.effective_time_zone().name().to_owned(),
        goal_kind: goal.into(),
        current: summary.current.as_ref().map(streak),
        longest: summary.longest.as_ref().map(streak),
        reached: summary.reached.iter().map(milestone).collect(),
        next: summary.next.as_ref().map(milestone),
        etag: summary.etag(),
    }
}

pub(super) fn check_in(decrypted: &DecryptedCheckIn) -> CheckInMessage {
    let check_in = &decrypted.check_in;
    CheckInMessage {
        id: check_in.id.to_string(),
        occurred_at: Some(timestamp(check_in.occurred_at.at)),
        mood: check_in.mood.get().into(),
        cravings_met: check_in.cravings.met(),
        cravings_resisted: check_in.cravings.resisted(),
        triggers: trigger_numbers(&check_in.triggers),
        note: decrypted.note.clone(),
    }
}

pub(super) fn relapse(relapse: &Relapse) -> RelapseMessage {
    RelapseMessage {
        id: relapse.id.to_string(),
        occurred_at: Some(timestamp(relapse.occurred_at.at)),
        triggers: trigger_numbers(&relapse.triggers),
    }
}

pub(super) fn progress(
    report: &ProgressReport,
    check_ins: &[DecryptedCheckIn],
    next_page_token: String,
) -> GetProgressResponse {
    let patterns = &report.patterns;
    let weekday =
        |(weekday, of_weekday): &(u32, ProgressStats)| WeekdayPattern { weekday: *weekday, stats: stats(of_weekday) };
    let hour = |(hour, of_hour): &(u32, ProgressStats)| HourPattern { hour: *hour, stats: stats(of_hour) };
    let trigger = |(trigger, of_trigger): &(Trigger, ProgressStats)| TriggerPattern {
        trigger: trigger_message(*trigger).into(),
        stats: stats(of_trigger),
    };
    GetProgressResponse {
        from_date: report.period.first.to_string(),
        to_date: report.period.last.to_string(),
        streak: Some(streak_state(&report.streak_summary)),
        check_ins: check_ins.iter().map(check_in).collect(),
        next_page_token,
        relapses: report.relapses.iter().map(relapse).collect(),
        streaks: report.streaks.iter().map(streak).collect(),
        milestones: report.milestones.iter().map(milestone).collect(),
        stats: stats(&patterns.overall),
        weekdays: patterns.weekdays.iter().map(weekday).collect(),
        hours: patterns.hours.iter().map(hour).collect(),
        triggers: patterns.triggers.iter().map(trigger).collect(),
        heat_map: report.heat_map.iter().map(heat_map_day).collect(),
    }
}

fn streak(streak: &Streak) -> StreakMessage {
    StreakMessage {
        began_at: Some(timestamp(streak.began_at)),
        ended_at: streak.ended_at.map(timestamp),
        days: streak.days,
    }
}

fn milestone(milestone: &Milestone) -> MilestoneMessage {
    MilestoneMessage { days: milestone.days, at: Some(timestamp(milestone.at)) }
}

/// Unset without check-ins and relapses.
fn stats(stats: &ProgressStats) -> Option<ProgressStatsMessage> {
    (*stats != ProgressStats::default()).then(|| ProgressStatsMessage {
        check_ins: stats.check_ins,
        mean_mood_tenths: stats.mean_mood_tenths(),
        cravings_met: stats.cravings_met,
        cravings_resisted: stats.cravings_resisted,
        relapses: stats.relapses,
    })
}

fn heat_map_day(day: &HeatMapDay) -> HeatMapDayMessage {
    HeatMapDayMessage { date: day.date.to_string(), stats: day.stats.as_ref().and_then(stats) }
}

fn trigger_numbers(triggers: &Triggers) -> Vec<i32> {
    triggers.iter().map(|trigger| trigger_message(*trigger).into()).collect()
}

pub(super) const fn trigger_message(trigger: Trigger) -> TriggerMessage {
    match trigger {
        Trigger::Stress => TriggerMessage::Stress,
        Trigger::Loneliness => TriggerMessage::Loneliness,
        Trigger::Boredom => TriggerMessage::Boredom,
        Trigger::Anger => TriggerMessage::Anger,
        Trigger::Sadness => TriggerMessage::Sadness,
        Trigger::Anxiety => TriggerMessage::Anxiety,
        Trigger::Conflict => TriggerMessage::Conflict,
        Trigger::Pain => TriggerMessage::Pain,
        Trigger::Tiredness => TriggerMessage::Tiredness,
        Trigger::Hunger => TriggerMessage::Hunger,
        Trigger::Celebration => TriggerMessage::Celebration,
        Trigger::Company => TriggerMessage::Company,
        Trigger::Reminder => TriggerMessage::Reminder,
        Trigger::Money => TriggerMessage::Money,
    }
}
