//! Streaks compared with a model without calendar arithmetic: it advances in steps of 15 minutes and counts how often the
//! local date changes.

use kith_kernel::{RelapseId, Timestamp, UserId, ports::DataKey};
use kith_progress::{Date, RecoveryProfile, Relapse, Streak, StreakStart, TimeZone, ZonedInstant};
use proptest::prelude::*;
use uuid::Uuid;

use crate::harness::at;

const STEP: i64 = 15 * 60 * 1_000;
const HOUR: i64 = 4 * STEP;
const DAY: i64 = 24 * HOUR;

/// The extreme offsets, offsets of half and quarter hours, transitions that skip or repeat midnight, and zones without
/// transitions.
const TIME_ZONES: [&str; 12] = [
    "UTC",
    "Europe/Oslo",
    "America/New_York",
    "Africa/Cairo",
    "America/Havana",
    "America/Santiago",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Casablanca",
];

fn time_zones() -> impl Strategy<Value = TimeZone> {
    prop::sample::select(&TIME_ZONES[..]).prop_map(|name| TimeZone::new(name).unwrap())
}

/// Instants on the grid of the model, so that it sees every midnight immediately. They cover the transitions of 2023 and
/// 2024.
fn instants() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (at("2023-09-01T00:00:00Z").millis() / STEP, at("2024-12-01T00:00:00Z").millis() / STEP);
    (first..last).prop_map(|steps| Timestamp::from_millis(steps * STEP))
}

fn relapses() -> impl Strategy<Value = Vec<Relapse>> {
    let relapse = (any::<u128>(), instants(), prop::option::of(time_zones()));
    let relapse = relapse.prop_map(|(id, at, time_zone)| Relapse {
        id: RelapseId::from_uuid(Uuid::from_u128(id)),
        occurred_at: ZonedInstant { at, time_zone },
        triggers: [].into(),
    });
    prop::collection::vec(relapse, 0..6)
}

fn starts() -> impl Strategy<Value = Option<StreakStart>> {
    prop::option::of(
        (instants(), time_zones()).prop_map(|(at, time_zone)| StreakStart { date: time_zone.local_day(at), time_zone }),
    )
}

prop_compose! {
    fn profiles()(time_zone in time_zones(), start in starts(), relapses in relapses()) -> RecoveryProfile {
        let mut profile = RecoveryProfile::new(UserId::from_uuid(Uuid::nil()), DataKey(Vec::new()));
        (profile.time_zone, profile.start) = (Some(time_zone), start);
        for relapse in relapses {
            profile.add_relapse(relapse);
        }
        profile
    }
}

/// Returns the number of changes of the local date.
fn count_midnights(time_zone: &TimeZone, from: Timestamp, until: Timestamp) -> u32 {
    let (mut at, mut day, mut changes) = (from.millis(), time_zone.local_day(from), 0);
    while at < until.millis() {
        at = (at + STEP).min(until.millis());
        let next = time_zone.local_day(Timestamp::from_millis(at));
        changes += u32::from(next != day);
        day = next;
    }
    changes
}

/// Returns all streaks, computed by the model.
fn model_streaks(profile: &RecoveryProfile, now: Timestamp) -> Vec<Streak> {
    let mut beginnings: Vec<Timestamp> = profile.relapses.iter().map(|relapse| relapse.occurred_at.at).collect();
    if let Some(start) = &profile.start {
        let start = start.time_zone.noon(start.date).min(now);
        beginnings.retain(|at| *at > start);
        beginnings.push(start);
    }
    beginnings.retain(|at| *at <= now);
    beginnings.sort();
    let streak = |(index, began_at): (usize, &Timestamp)| {
        let ended_at = beginnings.get(index + 1).copied();
        let days = count_midnights(&profile.effective_time_zone(), *began_at, ended_at.unwrap_or(now));
        Streak { began_at: *began_at, ended_at, days }
    };
    beginnings.iter().enumerate().map(streak).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(24)))]

    #[test]
    fn streaks_equal_those_of_the_model(profile in profiles(), now in instants()) {
        let expected = model_streaks(&profile, now);
        prop_assert_eq!(profile.streaks(now), &expected[..]);
        prop_assert_eq!(profile.current_streak(now), expected.last().copied());
        let max = expected.iter().map(|streak| streak.days).max();
        prop_assert_eq!(profile.longest_streak(now), expected.iter().find(|streak| Some(streak.days) == max).copied());
    }

    #[test]
    fn milestones_are_reached_when_the_local_date_changes(profile in profiles(), now in instants()) {
        let time_zone = profile.effective_time_zone();
        for streak in model_streaks(&profile, now) {
            for milestone in streak.reached_milestones(&time_zone) {
                // The date changes exactly once in the last step.
                let before = Timestamp::from_millis(milestone.at.millis() - STEP);
                prop_assert_eq!(count_midnights(&time_zone, before, milestone.at), 1);
                let days_since = count_midnights(&time_zone, milestone.at, streak.ended_at.unwrap_or(now));
                prop_assert_eq!(streak.days - milestone.days, days_since);
            }
        }
    }
}

proptest! {
    #[test]
    fn streaks_do_not_depend_on_the_order_of_recording(
        profile in profiles(),
        duplicate in any::<prop::sample::Index>(),
        order in 0_u32..128,
        mistake_at in instants(),
        now in instants(),
    ) {
        let mut relapses = profile.relapses.clone();
        relapses.sort_by_key(|relapse| relapse.id.uuid().as_u128().rotate_left(order));
        if !relapses.is_empty() {
            relapses.push(relapses[duplicate.index(relapses.len())].clone());
        }
        let mut other = RecoveryProfile { relapses: Vec::new(), ..profile.clone() };
        // A relapse that is recorded by mistake and withdrawn.
        let mistake = Relapse {
            id: RelapseId::from_uuid(Uuid::max()),
            occurred_at: ZonedInstant { at: mistake_at, time_zone: None },
            triggers: [].into(),
        };
        for (index, relapse) in relapses.into_iter().enumerate() {
            other.add_relapse(relapse);
            if index == 1 {
                other.add_relapse(mistake.clone());
            }
        }
        other.withdraw_relapse(mistake.id);
        prop_assert_eq!(&other, &profile);
        prop_assert_eq!(other.streaks(now), profile.streaks(now));
    }

    #[test]
    fn the_days_of_a_streak_differ_from_the_elapsed_time_by_less_than_a_day_in_every_time_zone(
        profile in profiles(),
        time_zone in time_zones(),
        now in instants(),
    ) {
        let moved = RecoveryProfile { time_zone: Some(time_zone), ..profile.clone() };
        let (before, after) = (profile.streaks(now), moved.streaks(now));
        prop_assert_eq!(before.len(), after.len(), "travel ends no streak");
        for (one, other) in before.iter().zip(&after) {
            prop_assert_eq!((one.began_at, one.ended_at), (other.began_at, other.ended_at));
            let elapsed = other.ended_at.unwrap_or(now).millis() - other.began_at.millis();
            // A day can have 23 or 25 hours.
            prop_assert!((i64::from(other.days) * DAY - elapsed).abs() < DAY + HOUR + 1, "{other:?}");
        }
    }

    #[test]
    fn a_streak_never_shrinks_in_an_unchanged_time_zone(
        profile in profiles(),
        now in instants(),
        later in 0..200 * DAY,
    ) {
        let (now, later) = (now, Timestamp::from_millis(now.millis() + later));
        let (Some(one), Some(other)) = (profile.current_streak(now), profile.current_streak(later)) else { return Ok(()) };
        prop_assert!(one.began_at != other.began_at || one.days <= other.days);
        prop_assert!(profile.longest_streak(now).unwrap().days <= profile.longest_streak(later).unwrap().days);
    }

    #[test]
    fn each_milestone_of_a_streak_is_announced_once(
        profile in profiles(),
        mut times in prop::collection::vec(instants(), 1..12),
    ) {
        times.sort();
        let mut profile = profile;
        let mut announced: Vec<(Timestamp, u32)> = Vec::new();
        for now in times {
            let due = profile.next_due(now);
            let milestone = profile.mark_announced(now);
            prop_assert_eq!(due.is_some_and(|due| due <= now), milestone.is_some());
            prop_assert!(profile.next_due(now).is_none_or(|due| due > now), "an announced milestone is not due");
            if let Some(milestone) = milestone {
                let streak = profile.current_streak(now).unwrap();
                prop_assert!(milestone.at <= now && milestone.days <= streak.days);
                let key = (streak.began_at, milestone.days);
                prop_assert!(!announced.contains(&key));
                announced.push(key);
            }
        }
    }
}

#[test]
fn a_start_date_is_a_date_in_the_time_zone_of_the_owner() {
    let mut profile = RecoveryProfile::new(UserId::from_uuid(Uuid::nil()), DataKey(Vec::new()));
    let time_zone = TimeZone::new("Pacific/Kiritimati").unwrap();
    profile.time_zone = Some(time_zone.clone());
    profile.start = Some(StreakStart { date: Date::parse("2024-01-01").unwrap(), time_zone });
    // Midnight there is 10:00 UTC of the day before.
    let days = |now: &str| profile.current_streak(at(now)).unwrap().days;
    assert_eq!(days("2024-01-01T09:59:59.999Z"), 0);
    assert_eq!(days("2024-01-01T10:00:00Z"), 1);
    assert_eq!(days("2023-12-31T11:00:00Z"), 0);
}
