//! The use cases of progress and their refusals, on the embedded store.

use std::sync::Arc;

use kith_kernel::{Cursor, DomainError as _, ErrorKind, PageSize, RelapseId};
use kith_progress::{
    Day, Error, Goal, Note, Trigger, Zone,
    policy::RELAPSES,
    service::{Change, Said},
};
use kith_testkit::{block_on, member, run_concurrently, user};

use crate::harness::{Harness, at, said, sqlite};

#[test]
fn who_has_said_nothing_has_nothing_to_count() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let state = harness.service.streak(&ann).await.unwrap();
        assert_eq!((state.current, state.longest, state.next, state.journey.zone().name()), (None, None, None, "UTC"));
        assert_eq!(harness.store.journey(ann.user).await.unwrap(), None, "to look keeps nothing");
    });
}

#[test]
fn a_relapse_ends_a_streak_and_wipes_nothing() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.counts(&ann, "2024-06-01", "UTC").await;
        let (_, state) = harness.falls(&ann, "2024-06-08T22:00:00Z").await;
        assert_eq!(state.current.unwrap().days, 2);
        assert_eq!((state.longest.unwrap().days, state.longest.unwrap().ended), (7, Some(at("2024-06-08T22:00:00Z"))));
        // Another one is remembered, from before.
        let (wrong, state) = harness.falls(&ann, "2024-06-03T00:00:00Z").await;
        assert_eq!((state.current.unwrap().days, state.longest.unwrap().days), (2, 5));
        let state = harness.service.withdraw(&ann, wrong.id).await.unwrap();
        assert_eq!((state.current.unwrap().days, state.longest.unwrap().days), (2, 7));
    });
}

#[test]
fn what_was_before_the_start_counts_for_nothing_and_is_kept() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.falls(&ann, "2024-01-01T00:00:00Z").await;
        assert_eq!(harness.service.streak(&ann).await.unwrap().current.unwrap().days, 161);
        assert_eq!(harness.counts(&ann, "2024-06-01", "UTC").await.longest.unwrap().days, 9);
        assert_eq!(harness.counts(&ann, "2023-12-01", "UTC").await.longest.unwrap().days, 161);
    });
}

#[test]
fn what_is_counted_from_is_changed_by_who_has_read_it() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let etag = harness.service.streak(&ann).await.unwrap().etag();
        let goal = Change { goal: Some(Goal::Reduce), ..Change::default() };
        let state = harness.service.update(&ann, &etag, &goal).await.unwrap();
        for stale in [etag.as_str(), "not ours", ""] {
            let refusal = harness.service.update(&ann, stale, &goal).await.unwrap_err();
            assert_eq!((refusal.kind(), refusal.reason()), (ErrorKind::Aborted, "ETAG_MISMATCH"));
        }
        // What is counted in between makes no etag stale.
        harness.falls(&ann, "2024-06-01T00:00:00Z").await;
        harness.until("2024-06-12T00:00:00Z");
        kith_kernel::ports::PeriodicJob::run(&harness.milestones()).await.unwrap();
        let zone = Change { zone: Some(Zone::new("Asia/Tokyo").unwrap()), ..Change::default() };
        let state = harness.service.update(&ann, &state.etag(), &zone).await.unwrap();
        assert_eq!((state.journey.goal, state.journey.zone().name()), (Some(Goal::Reduce), "Asia/Tokyo"));
    });
}

#[test]
fn nobody_counts_from_tomorrow_where_they_are() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let from = |text: &str, zone: &str| {
            let (start, zone) = (Some(text.to_owned()), Some(Zone::new(zone).unwrap()));
            Change { start, zone, goal: None }
        };
        // It is noon in Greenwich, and past midnight far in the east.
        let refusal = harness.service.update(&ann, "0", &from("2024-06-11", "UTC")).await.unwrap_err();
        assert_eq!((refusal.reason(), refusal.field()), ("IN_THE_FUTURE", Some("start_date")));
        let state = harness.service.update(&ann, "0", &from("2024-06-11", "Pacific/Kiritimati")).await.unwrap();
        assert_eq!(state.current.unwrap().days, 0);
        for (text, reason) in [("1899-12-31", "TOO_LONG_AGO"), ("2024-02-30", "DATE_UNKNOWN")] {
            let refusal = harness.service.update(&ann, "1", &from(text, "UTC")).await.unwrap_err();
            assert_eq!((refusal.kind(), refusal.reason()), (ErrorKind::InvalidArgument, reason));
        }
    });
}

#[test]
fn a_repeated_call_notes_nothing_twice() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let claimed = Some(user().uuid());
        let relapse = async || harness.service.relapse(&ann, None, &[Trigger::Pain].into(), claimed).await.unwrap().0;
        assert_eq!(relapse().await, relapse().await);
        let check_in = async || harness.service.check_in(&ann, said(3), claimed).await.unwrap();
        let first = check_in().await;
        harness.until("2024-06-10T12:00:01Z");
        assert_eq!(check_in().await, first);
        assert_eq!(harness.service.streak(&ann).await.unwrap().journey.relapses.len(), 1);
    });
}

#[test]
fn another_accounts_claim_gives_nothing_of_it() {
    block_on(async {
        let (harness, ann, bob) = (sqlite().await, member(), member());
        let claimed = Some(user().uuid());
        harness.service.check_in(&ann, said(1), claimed).await.unwrap();
        let refusal = harness.service.check_in(&bob, said(9), claimed).await.unwrap_err();
        assert_eq!(refusal.reason(), "BACKEND_FAILED");
    });
}

#[test]
fn who_notes_much_at_once_loses_nothing() {
    block_on(async {
        let (harness, ann) = (Arc::new(sqlite().await), member());
        run_concurrently((0..8).map(|_| {
            let (harness, ann) = (harness.clone(), ann.clone());
            async move {
                harness.service.relapse(&ann, None, &[].into(), None).await.unwrap();
                harness.service.check_in(&ann, said(5), None).await.unwrap();
            }
        }))
        .await;
        let period = harness.service.period(&ann, "", "").await.unwrap();
        let went = harness.service.progress(&ann, period, PageSize::MAX, None).await.unwrap();
        assert_eq!((went.relapses.len(), went.check_ins.items.len()), (8, 8));
    });
}

#[test]
fn what_cannot_have_been_then_is_refused_by_the_field_that_says_so() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        for (then, reason) in [("2024-06-10T12:05:01Z", "IN_THE_FUTURE"), ("2024-05-11T11:59:59Z", "TOO_LONG_AGO")] {
            let refusal =
                harness.service.check_in(&ann, Said { at: Some(at(then)), ..said(5) }, None).await.unwrap_err();
            assert_eq!((refusal.kind(), refusal.reason()), (ErrorKind::InvalidArgument, reason));
            assert_eq!(refusal.field(), Some("occurred_at"));
        }
        let tomorrow = Some(at("2024-06-11T12:00:00Z"));
        let refusal = harness.service.relapse(&ann, tomorrow, &[].into(), None).await.unwrap_err();
        assert_eq!((refusal.reason(), refusal.field()), ("IN_THE_FUTURE", Some("occurred_at")));
        assert!(matches!(harness.service.period(&ann, "2024-06-02", "2024-06-01").await, Err(Error::Untimely { .. })));
    });
}

#[test]
fn relapses_have_a_bound() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let (first, state) = harness.falls(&ann, "2020-01-01T00:00:00Z").await;
        let mut full = state.journey;
        for minute in 1..RELAPSES {
            let moment = kith_progress::Moment {
                at: at("2020-01-01T00:00:00Z").after(std::time::Duration::from_mins(minute.try_into().unwrap())),
                zone: None,
            };
            full.add(kith_progress::Relapse { id: RelapseId::from_uuid(user().uuid()), moment, triggers: [].into() });
        }
        assert!(harness.store.save(&full, None, &[]).await.unwrap());
        let refusal = harness.service.relapse(&ann, None, &[].into(), None).await.unwrap_err();
        assert_eq!((refusal.kind(), refusal.reason()), (ErrorKind::FailedPrecondition, "TOO_MANY_RELAPSES"));
        let again = harness.service.relapse(&ann, None, &[].into(), Some(first.id.uuid())).await.unwrap();
        assert_eq!(again.0, first, "what is noted already is no more");
    });
}

#[test]
fn a_note_is_sealed_where_it_is_kept_and_opens_for_its_owner_alone() {
    block_on(async {
        let (harness, ann, bob) = (sqlite().await, member(), member());
        let words = "I did not go in";
        let said = Said { note: Note::new(words).unwrap(), ..said(6) };
        let check_in = harness.service.check_in(&ann, said, None).await.unwrap();
        let kept = harness.store.check_in(ann.user, check_in.id).await.unwrap().unwrap();
        let sealed = kept.note.clone().unwrap();
        assert!(!sealed.windows(5).any(|part| words.as_bytes().windows(5).any(|word| word == part)));
        assert_eq!(harness.service.open(&ann, vec![kept.clone()]).await.unwrap()[0].note, words);
        // Not even if a row went astray.
        harness.service.check_in(&bob, crate::harness::said(1), None).await.unwrap();
        assert!(harness.service.open(&bob, vec![kept]).await.is_err());
    });
}

/// So many check-ins, a day apart, the last one now.
async fn some_days(harness: &Harness, actor: &kith_kernel::Actor, days: u32, mood: u32) {
    for day in 0..days {
        let then = at("2024-06-10T12:00:00Z").before(std::time::Duration::from_hours(24 * u64::from(day)));
        harness.service.check_in(actor, Said { at: Some(then), ..said(mood) }, None).await.unwrap();
    }
}

#[test]
fn a_pattern_is_told_from_five_check_ins_on() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        some_days(&harness, &ann, 4, 3).await;
        let period = harness.service.period(&ann, "", "").await.unwrap();
        let went = harness.service.progress(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        assert_eq!((went.patterns.hours.len(), went.patterns.triggers.len()), (0, 0));
        harness.service.check_in(&ann, said(10), None).await.unwrap();
        let went = harness.service.progress(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        let (hour, figures) = went.patterns.hours[0];
        assert_eq!((hour, figures.check_ins, figures.mood_tenths()), (12, 5, 44));
        assert_eq!((figures.met, figures.resisted), (15, 10));
        let triggers: Vec<Trigger> = went.patterns.triggers.iter().map(|(trigger, _)| *trigger).collect();
        assert_eq!(triggers, [Trigger::Stress, Trigger::Money]);
        assert_eq!(went.patterns.weekdays, [], "five days of the week have one each");
        assert_eq!(went.patterns.all.check_ins, 5);
    });
}

#[test]
fn an_hour_stays_what_it_was_wherever_its_owner_goes() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.counts(&ann, "2024-06-01", "Asia/Tokyo").await;
        some_days(&harness, &ann, 5, 3).await;
        harness.counts(&ann, "2024-06-01", "America/New_York").await;
        let period = harness.service.period(&ann, "", "").await.unwrap();
        let went = harness.service.progress(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        assert_eq!(went.patterns.hours[0].0, 21);
    });
}

#[test]
fn the_map_has_every_day_of_a_year_of_weeks() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        some_days(&harness, &ann, 2, 7).await;
        harness.falls(&ann, "2024-06-09T03:00:00Z").await;
        harness.falls(&ann, "2023-06-13T00:00:00Z").await;
        harness.falls(&ann, "2023-06-12T23:59:59Z").await;
        let period = harness.service.period(&ann, "2024-06-10", "").await.unwrap();
        let map = harness.service.progress(&ann, period, PageSize::DEFAULT, None).await.unwrap().heat_map;
        assert_eq!((map.len(), map[0].day), (364, Day::new("2023-06-13").unwrap()));
        let full: Vec<_> = map.iter().filter_map(|day| Some((day.day.to_string(), day.figures?))).collect();
        let shown: Vec<_> = full.iter().map(|(day, it)| (day.as_str(), it.check_ins, it.relapses)).collect();
        assert_eq!(shown, [("2023-06-13", 0, 1), ("2024-06-09", 1, 1), ("2024-06-10", 1, 0)]);
    });
}

#[test]
fn a_period_shows_what_was_in_it_and_nothing_else() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.counts(&ann, "2024-05-01", "Europe/Oslo").await;
        for then in ["2024-05-05T12:00:00Z", "2024-05-31T21:59:59Z", "2024-05-31T22:00:00Z", "2024-06-05T22:00:00Z"] {
            harness.falls(&ann, then).await;
        }
        let period = harness.service.period(&ann, "2024-06-01", "2024-06-05").await.unwrap();
        let went = harness.service.progress(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        assert_eq!(went.relapses.len(), 1);
        let days: Vec<u32> = went.streaks.iter().map(|streak| streak.days).collect();
        assert_eq!(days, [5, 1], "the one that ended with the first moment's relapse is a day old");
        assert_eq!(went.milestones.iter().map(|it| it.days).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(went.state.current.unwrap().days, 4);
    });
}

#[test]
fn nobody_finds_anything_of_another() {
    block_on(async {
        let (harness, ann, bob) = (sqlite().await, member(), member());
        harness.counts(&ann, "2024-01-01", "UTC").await;
        let (relapse, _) = harness.falls(&ann, "2024-06-01T00:00:00Z").await;
        let check_in = harness.service.check_in(&ann, said(2), None).await.unwrap();
        let period = harness.service.period(&bob, "", "").await.unwrap();
        let place = Cursor { rank: i64::MAX, id: check_in.id.uuid() };
        for before in [None, Some(place)] {
            let went = harness.service.progress(&bob, period, PageSize::MAX, before).await.unwrap();
            assert_eq!((went.check_ins.items, went.relapses, went.streaks), (vec![], vec![], vec![]));
            assert!(went.heat_map.iter().all(|day| day.figures.is_none()));
        }
        assert_eq!(harness.service.streak(&bob).await.unwrap().current, None);
        assert!(matches!(harness.service.withdraw(&bob, relapse.id).await, Err(Error::NoSuchRelapse)));
        assert_eq!(harness.service.streak(&ann).await.unwrap().journey.relapses.len(), 1);
    });
}
