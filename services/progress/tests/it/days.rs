//! Streaks beside a model that knows no calendar: it walks through time, a quarter of an hour at a step, and counts how
//! often the date on the wall has changed.

use kith_kernel::{RelapseId, Timestamp, UserId, ports::DataKey};
use kith_progress::{Day, Journey, Moment, Relapse, Start, Streak, Zone};
use proptest::prelude::*;
use uuid::Uuid;

use crate::harness::at;

const STEP: i64 = 15 * 60 * 1_000;
const HOUR: i64 = 4 * STEP;
const DAY: i64 = 24 * HOUR;

/// Far east and far west, with half and quarter hours, with clocks that skip midnight or show it twice, and without.
const ZONES: [&str; 12] = [
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

fn zones() -> impl Strategy<Value = Zone> {
    prop::sample::select(&ZONES[..]).prop_map(|name| Zone::new(name).unwrap())
}

/// On the grid of the model, so that it sees every midnight as soon as there is one: around the changes of 2023 and 2024.
fn moments() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (at("2023-09-01T00:00:00Z").millis() / STEP, at("2024-12-01T00:00:00Z").millis() / STEP);
    (first..last).prop_map(|steps| Timestamp::from_millis(steps * STEP))
}

fn relapses() -> impl Strategy<Value = Vec<Relapse>> {
    let relapse = (any::<u128>(), moments(), prop::option::of(zones()));
    let relapse = relapse.prop_map(|(id, at, zone)| Relapse {
        id: RelapseId::from_uuid(Uuid::from_u128(id)),
        moment: Moment { at, zone },
        triggers: [].into(),
    });
    prop::collection::vec(relapse, 0..6)
}

fn starts() -> impl Strategy<Value = Option<Start>> {
    prop::option::of((moments(), zones()).prop_map(|(at, zone)| Start { day: zone.day(at), zone }))
}

prop_compose! {
    fn journeys()(zone in zones(), start in starts(), relapses in relapses()) -> Journey {
        let mut journey = Journey::new(UserId::from_uuid(Uuid::nil()), DataKey(Vec::new()));
        (journey.zone, journey.start) = (Some(zone), start);
        for relapse in relapses {
            journey.add(relapse);
        }
        journey
    }
}

/// How often the date on a wall changes.
fn walked(zone: &Zone, from: Timestamp, until: Timestamp) -> u32 {
    let (mut moment, mut day, mut changes) = (from.millis(), zone.day(from), 0);
    while moment < until.millis() {
        moment = (moment + STEP).min(until.millis());
        let next = zone.day(Timestamp::from_millis(moment));
        changes += u32::from(next != day);
        day = next;
    }
    changes
}

/// All streaks, by walking.
fn model(journey: &Journey, now: Timestamp) -> Vec<Streak> {
    let mut begins: Vec<Timestamp> = journey.relapses.iter().map(|relapse| relapse.moment.at).collect();
    if let Some(start) = &journey.start {
        let start = start.zone.noon(start.day).min(now);
        begins.retain(|at| *at > start);
        begins.push(start);
    }
    begins.retain(|at| *at <= now);
    begins.sort();
    let streak = |(place, began): (usize, &Timestamp)| {
        let ended = begins.get(place + 1).copied();
        Streak { began: *began, ended, days: walked(&journey.zone(), *began, ended.unwrap_or(now)) }
    };
    begins.iter().enumerate().map(streak).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(24)))]

    #[test]
    fn streaks_are_what_somebody_counts_who_only_watches_the_date(journey in journeys(), now in moments()) {
        let counted = model(&journey, now);
        prop_assert_eq!(journey.streaks(now), &counted[..]);
        prop_assert_eq!(journey.current(now), counted.last().copied());
        let most = counted.iter().map(|streak| streak.days).max();
        prop_assert_eq!(journey.longest(now), counted.iter().find(|streak| Some(streak.days) == most).copied());
    }

    #[test]
    fn milestones_are_reached_in_the_step_in_which_the_date_changes(journey in journeys(), now in moments()) {
        let zone = journey.zone();
        for streak in model(&journey, now) {
            for milestone in streak.reached(&zone) {
                // A day before it, the date was another one, and it has changed once since: just now.
                let before = Timestamp::from_millis(milestone.at.millis() - STEP);
                prop_assert_eq!(walked(&zone, before, milestone.at), 1);
                prop_assert_eq!(streak.days - milestone.days, walked(&zone, milestone.at, streak.ended.unwrap_or(now)));
            }
        }
    }
}

proptest! {
    #[test]
    fn the_order_in_which_things_are_told_changes_nothing(
        journey in journeys(),
        told_again in any::<prop::sample::Index>(),
        order in 0_u32..128,
        wrong in moments(),
        now in moments(),
    ) {
        let mut relapses = journey.relapses.clone();
        relapses.sort_by_key(|relapse| relapse.id.uuid().as_u128().rotate_left(order));
        if !relapses.is_empty() {
            relapses.push(relapses[told_again.index(relapses.len())].clone());
        }
        let mut other = Journey { relapses: Vec::new(), ..journey.clone() };
        // One that was noted by mistake, and withdrawn in between.
        let mistake = Relapse {
            id: RelapseId::from_uuid(Uuid::max()),
            moment: Moment { at: wrong, zone: None },
            triggers: [].into(),
        };
        for (place, relapse) in relapses.into_iter().enumerate() {
            other.add(relapse);
            if place == 1 {
                other.add(mistake.clone());
            }
        }
        other.withdraw(mistake.id);
        prop_assert_eq!(&other, &journey);
        prop_assert_eq!(other.streaks(now), journey.streaks(now));
    }

    #[test]
    fn wherever_somebody_is_a_streak_is_less_than_a_day_away_from_the_time_that_passed(
        journey in journeys(),
        there in zones(),
        now in moments(),
    ) {
        let travelled = Journey { zone: Some(there), ..journey.clone() };
        let (here, there) = (journey.streaks(now), travelled.streaks(now));
        prop_assert_eq!(here.len(), there.len(), "nobody's streak breaks by travel");
        for (one, other) in here.iter().zip(&there) {
            prop_assert_eq!((one.began, one.ended), (other.began, other.ended));
            let passed = other.ended.unwrap_or(now).millis() - other.began.millis();
            // A day may have an hour less or more.
            prop_assert!((i64::from(other.days) * DAY - passed).abs() < DAY + HOUR + 1, "{other:?}");
        }
    }

    #[test]
    fn a_streak_never_shrinks_while_somebody_stays_where_they_are(
        journey in journeys(),
        now in moments(),
        later in 0..200 * DAY,
    ) {
        let (now, later) = (now, Timestamp::from_millis(now.millis() + later));
        let (Some(one), Some(other)) = (journey.current(now), journey.current(later)) else { return Ok(()) };
        prop_assert!(one.began != other.began || one.days <= other.days);
        prop_assert!(journey.longest(now).unwrap().days <= journey.longest(later).unwrap().days);
    }

    #[test]
    fn of_one_streak_each_milestone_is_told_once_however_often_somebody_looks(
        journey in journeys(),
        mut looks in prop::collection::vec(moments(), 1..12),
    ) {
        looks.sort();
        let mut journey = journey;
        let mut told: Vec<(Timestamp, u32)> = Vec::new();
        for now in looks {
            let due = journey.next_due(now);
            let milestone = journey.tell(now);
            prop_assert_eq!(due.is_some_and(|due| due <= now), milestone.is_some());
            prop_assert!(journey.next_due(now).is_none_or(|due| due > now), "what is told is not due");
            if let Some(milestone) = milestone {
                let streak = journey.current(now).unwrap();
                prop_assert!(milestone.at <= now && milestone.days <= streak.days);
                let key = (streak.began, milestone.days);
                prop_assert!(!told.contains(&key));
                told.push(key);
            }
        }
    }
}

#[test]
fn a_date_is_the_day_it_names() {
    let mut journey = Journey::new(UserId::from_uuid(Uuid::nil()), DataKey(Vec::new()));
    let zone = Zone::new("Pacific/Kiritimati").unwrap();
    journey.zone = Some(zone.clone());
    journey.start = Some(Start { day: Day::new("2024-01-01").unwrap(), zone });
    // Midnight there is ten in the morning, the day before, in Greenwich.
    let days = |now: &str| journey.current(at(now)).unwrap().days;
    assert_eq!(days("2024-01-01T09:59:59.999Z"), 0);
    assert_eq!(days("2024-01-01T10:00:00Z"), 1);
    assert_eq!(days("2023-12-31T11:00:00Z"), 0);
}
