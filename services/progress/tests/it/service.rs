//! Use cases of progress and their errors, on the embedded store.

use std::sync::Arc;

use kith_kernel::{Cursor, DomainError as _, ErrorKind, PageSize, RelapseId};
use kith_progress::{
    Error, Goal, Note, Relapse, TimeZone, Trigger, ZonedInstant,
    policy::MAX_RELAPSES,
    service::{CheckInInput, StreakUpdate},
};
use kith_testkit::{block_on, member, run_concurrently, user};

use crate::harness::{at, check_in_input, sqlite};

#[test]
fn a_new_account_has_no_streak() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let summary = harness.service.streak_summary(&ann).await.unwrap();
        assert_eq!((summary.current, summary.longest, summary.next), (None, None, None));
        assert_eq!(summary.profile.effective_time_zone().name(), "UTC");
        assert_eq!(harness.store.get_profile(ann.user).await.unwrap(), None, "a read stores nothing");
    });
}

#[test]
fn a_relapse_ends_the_current_streak_and_deletes_nothing() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.set_start(&ann, "2024-06-01", "UTC").await;
        let (_, summary) = harness.record_relapse(&ann, "2024-06-08T22:00:00Z").await;
        assert_eq!(summary.current.unwrap().days, 2);
        assert_eq!(
            (summary.longest.unwrap().days, summary.longest.unwrap().ended_at),
            (7, Some(at("2024-06-08T22:00:00Z")))
        );
        // An earlier relapse is recorded later, and withdrawn.
        let (mistake, summary) = harness.record_relapse(&ann, "2024-06-03T00:00:00Z").await;
        assert_eq!((summary.current.unwrap().days, summary.longest.unwrap().days), (2, 5));
        let summary = harness.service.withdraw_relapse(&ann, mistake.id).await.unwrap();
        assert_eq!((summary.current.unwrap().days, summary.longest.unwrap().days), (2, 7));
    });
}

#[test]
fn relapses_before_the_start_are_stored_and_not_counted() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.record_relapse(&ann, "2024-01-01T00:00:00Z").await;
        assert_eq!(harness.service.streak_summary(&ann).await.unwrap().current.unwrap().days, 161);
        assert_eq!(harness.set_start(&ann, "2024-06-01", "UTC").await.longest.unwrap().days, 9);
        assert_eq!(harness.set_start(&ann, "2023-12-01", "UTC").await.longest.unwrap().days, 161);
    });
}

#[test]
fn an_update_requires_the_current_etag() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let etag = harness.service.streak_summary(&ann).await.unwrap().etag();
        let goal = StreakUpdate { goal: Some(Goal::Reduce), ..StreakUpdate::default() };
        let summary = harness.service.update_streak(&ann, &etag, &goal).await.unwrap();
        for stale in [etag.as_str(), "invalid", ""] {
            let error = harness.service.update_streak(&ann, stale, &goal).await.unwrap_err();
            assert_eq!((error.kind(), error.reason()), (ErrorKind::Aborted, "ETAG_MISMATCH"));
        }
        // Relapses and announcements do not change the etag.
        harness.record_relapse(&ann, "2024-06-01T00:00:00Z").await;
        harness.advance_to("2024-06-12T00:00:00Z");
        kith_kernel::ports::PeriodicJob::run(&harness.announce_milestones()).await.unwrap();
        let update = StreakUpdate { time_zone: Some(TimeZone::new("Asia/Tokyo").unwrap()), ..StreakUpdate::default() };
        let summary = harness.service.update_streak(&ann, &summary.etag(), &update).await.unwrap();
        assert_eq!(
            (summary.profile.goal, summary.profile.effective_time_zone().name()),
            (Some(Goal::Reduce), "Asia/Tokyo")
        );
    });
}

#[test]
fn a_start_date_must_not_be_in_the_future_in_the_time_zone_of_the_owner() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let update = |date: &str, time_zone: &str| {
            let time_zone = Some(TimeZone::new(time_zone).unwrap());
            StreakUpdate { start_date: Some(date.to_owned()), time_zone, goal: None }
        };
        // It is noon in UTC, and the next day in Kiritimati.
        let error = harness.service.update_streak(&ann, "0", &update("2024-06-11", "UTC")).await.unwrap_err();
        assert_eq!((error.reason(), error.field()), ("DATE_IN_FUTURE", Some("start_date")));
        let summary =
            harness.service.update_streak(&ann, "0", &update("2024-06-11", "Pacific/Kiritimati")).await.unwrap();
        assert_eq!(summary.current.unwrap().days, 0);
        for (text, reason) in [("1899-12-31", "DATE_TOO_OLD"), ("2024-02-30", "DATE_INVALID")] {
            let error = harness.service.update_streak(&ann, "1", &update(text, "UTC")).await.unwrap_err();
            assert_eq!((error.kind(), error.reason()), (ErrorKind::InvalidArgument, reason));
        }
    });
}

#[test]
fn a_repeated_call_returns_the_first_result() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let claimed = Some(user().uuid());
        let relapse =
            async || harness.service.record_relapse(&ann, None, &[Trigger::Pain].into(), claimed).await.unwrap().0;
        assert_eq!(relapse().await, relapse().await);
        let check_in = async || harness.service.record_check_in(&ann, check_in_input(3), claimed).await.unwrap();
        let first = check_in().await;
        harness.advance_to("2024-06-10T12:00:01Z");
        assert_eq!(check_in().await, first);
        assert_eq!(harness.service.streak_summary(&ann).await.unwrap().profile.relapses.len(), 1);
    });
}

#[test]
fn a_claimed_id_of_another_account_returns_nothing_of_it() {
    block_on(async {
        let (harness, ann, bob) = (sqlite().await, member(), member());
        let claimed = Some(user().uuid());
        harness.service.record_check_in(&ann, check_in_input(1), claimed).await.unwrap();
        let error = harness.service.record_check_in(&bob, check_in_input(9), claimed).await.unwrap_err();
        assert_eq!(error.reason(), "INTERNAL");
    });
}

#[test]
fn concurrent_writes_of_an_account_are_not_lost() {
    block_on(async {
        let (harness, ann) = (Arc::new(sqlite().await), member());
        run_concurrently((0..8).map(|_| {
            let (harness, ann) = (harness.clone(), ann.clone());
            async move {
                harness.service.record_relapse(&ann, None, &[].into(), None).await.unwrap();
                harness.service.record_check_in(&ann, check_in_input(5), None).await.unwrap();
            }
        }))
        .await;
        let period = harness.service.parse_period(&ann, "", "").await.unwrap();
        let report = harness.service.report(&ann, period, PageSize::MAX, None).await.unwrap();
        assert_eq!((report.relapses.len(), report.check_ins.items.len()), (8, 8));
    });
}

#[test]
fn an_invalid_time_is_reported_with_its_field() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        for (time, reason) in [("2024-06-10T12:05:01Z", "DATE_IN_FUTURE"), ("2024-05-11T11:59:59Z", "DATE_TOO_OLD")] {
            let error = harness
                .service
                .record_check_in(&ann, CheckInInput { occurred_at: Some(at(time)), ..check_in_input(5) }, None)
                .await
                .unwrap_err();
            assert_eq!((error.kind(), error.reason()), (ErrorKind::InvalidArgument, reason));
            assert_eq!(error.field(), Some("occurred_at"));
        }
        let tomorrow = Some(at("2024-06-11T12:00:00Z"));
        let error = harness.service.record_relapse(&ann, tomorrow, &[].into(), None).await.unwrap_err();
        assert_eq!((error.reason(), error.field()), ("DATE_IN_FUTURE", Some("occurred_at")));
        assert!(matches!(
            harness.service.parse_period(&ann, "2024-06-02", "2024-06-01").await,
            Err(Error::Date { .. })
        ));
    });
}

#[test]
fn the_number_of_relapses_is_limited() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let (first, summary) = harness.record_relapse(&ann, "2020-01-01T00:00:00Z").await;
        let mut full = summary.profile;
        for minute in 1..MAX_RELAPSES {
            let occurred_at = ZonedInstant {
                at: at("2020-01-01T00:00:00Z").after(std::time::Duration::from_mins(minute.try_into().unwrap())),
                time_zone: None,
            };
            full.add_relapse(Relapse { id: RelapseId::from_uuid(user().uuid()), occurred_at, triggers: [].into() });
        }
        assert!(harness.store.save_profile(&full, None, &[]).await.unwrap());
        let error = harness.service.record_relapse(&ann, None, &[].into(), None).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (ErrorKind::FailedPrecondition, "TOO_MANY_RELAPSES"));
        let again = harness.service.record_relapse(&ann, None, &[].into(), Some(first.id.uuid())).await.unwrap();
        assert_eq!(again.0, first, "a repeated call adds no relapse");
    });
}

#[test]
fn a_note_is_stored_encrypted_and_decrypted_only_for_its_owner() {
    block_on(async {
        let (harness, ann, bob) = (sqlite().await, member(), member());
        let text = "I did not go in";
        let input = CheckInInput { note: Note::new(text).unwrap(), ..check_in_input(6) };
        let check_in = harness.service.record_check_in(&ann, input, None).await.unwrap();
        let stored = harness.store.get_check_in(ann.user, check_in.id).await.unwrap().unwrap();
        let ciphertext = stored.note.clone().unwrap();
        assert!(!ciphertext.windows(5).any(|part| text.as_bytes().windows(5).any(|other| other == part)));
        assert_eq!(harness.service.decrypt(&ann, vec![stored.clone()]).await.unwrap()[0].note, text);
        // Not even if a row report astray.
        harness.service.record_check_in(&bob, check_in_input(1), None).await.unwrap();
        assert!(harness.service.decrypt(&bob, vec![stored]).await.is_err());
    });
}

#[test]
fn data_of_another_account_is_not_returned() {
    block_on(async {
        let (harness, ann, bob) = (sqlite().await, member(), member());
        harness.set_start(&ann, "2024-01-01", "UTC").await;
        let (relapse, _) = harness.record_relapse(&ann, "2024-06-01T00:00:00Z").await;
        let check_in = harness.service.record_check_in(&ann, check_in_input(2), None).await.unwrap();
        let period = harness.service.parse_period(&bob, "", "").await.unwrap();
        let cursor = Cursor { rank: i64::MAX, id: check_in.id.uuid() };
        for before in [None, Some(cursor)] {
            let report = harness.service.report(&bob, period, PageSize::MAX, before).await.unwrap();
            assert_eq!((report.check_ins.items, report.relapses, report.streaks), (vec![], vec![], vec![]));
            assert!(report.heat_map.iter().all(|day| day.stats.is_none()));
        }
        assert_eq!(harness.service.streak_summary(&bob).await.unwrap().current, None);
        assert!(matches!(harness.service.withdraw_relapse(&bob, relapse.id).await, Err(Error::RelapseNotFound)));
        assert_eq!(harness.service.streak_summary(&ann).await.unwrap().profile.relapses.len(), 1);
    });
}
