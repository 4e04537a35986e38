//! Reports of a period: statistics, heat map and contents.

use kith_kernel::PageSize;
use kith_progress::{Date, Trigger, service::CheckInInput};
use kith_testkit::{block_on, member};

use crate::harness::{Harness, at, check_in_input, sqlite};

/// Records one check-in per day, the last one now.
async fn record_daily_check_ins(harness: &Harness, actor: &kith_kernel::Actor, days: u32, mood: u32) {
    for day in 0..days {
        let occurred_at = at("2024-06-10T12:00:00Z").before(std::time::Duration::from_hours(24 * u64::from(day)));
        harness
            .service
            .record_check_in(actor, CheckInInput { occurred_at: Some(occurred_at), ..check_in_input(mood) }, None)
            .await
            .unwrap();
    }
}

#[test]
fn a_pattern_requires_five_check_ins() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        record_daily_check_ins(&harness, &ann, 4, 3).await;
        let period = harness.service.parse_period(&ann, "", "").await.unwrap();
        let report = harness.service.report(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        assert_eq!((report.patterns.hours.len(), report.patterns.triggers.len()), (0, 0));
        harness.service.record_check_in(&ann, check_in_input(10), None).await.unwrap();
        let report = harness.service.report(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        let (hour, stats) = report.patterns.hours[0];
        assert_eq!((hour, stats.check_ins, stats.mean_mood_tenths()), (12, 5, 44));
        assert_eq!((stats.cravings_met, stats.cravings_resisted), (15, 10));
        let triggers: Vec<Trigger> = report.patterns.triggers.iter().map(|(trigger, _)| *trigger).collect();
        assert_eq!(triggers, [Trigger::Stress, Trigger::Money]);
        assert_eq!(report.patterns.weekdays, [], "each of five weekdays has one check-in");
        assert_eq!(report.patterns.overall.check_ins, 5);
    });
}

#[test]
fn the_local_hour_of_a_check_in_does_not_change_with_the_time_zone() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.set_start(&ann, "2024-06-01", "Asia/Tokyo").await;
        record_daily_check_ins(&harness, &ann, 5, 3).await;
        harness.set_start(&ann, "2024-06-01", "America/New_York").await;
        let period = harness.service.parse_period(&ann, "", "").await.unwrap();
        let report = harness.service.report(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        assert_eq!(report.patterns.hours[0].0, 21);
    });
}

#[test]
fn the_heat_map_contains_every_day_of_52_weeks() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        record_daily_check_ins(&harness, &ann, 2, 7).await;
        harness.record_relapse(&ann, "2024-06-09T03:00:00Z").await;
        harness.record_relapse(&ann, "2023-06-13T00:00:00Z").await;
        harness.record_relapse(&ann, "2023-06-12T23:59:59Z").await;
        let period = harness.service.parse_period(&ann, "2024-06-10", "").await.unwrap();
        let map = harness.service.report(&ann, period, PageSize::DEFAULT, None).await.unwrap().heat_map;
        assert_eq!((map.len(), map[0].date), (364, Date::parse("2023-06-13").unwrap()));
        let days: Vec<_> = map.iter().filter_map(|day| Some((day.date.to_string(), day.stats?))).collect();
        let days: Vec<_> = days.iter().map(|(date, stats)| (date.as_str(), stats.check_ins, stats.relapses)).collect();
        assert_eq!(days, [("2023-06-13", 0, 1), ("2024-06-09", 1, 1), ("2024-06-10", 1, 0)]);
    });
}

#[test]
fn a_report_contains_only_data_of_its_period() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.set_start(&ann, "2024-05-01", "Europe/Oslo").await;
        for time in ["2024-05-05T12:00:00Z", "2024-05-31T21:59:59Z", "2024-05-31T22:00:00Z", "2024-06-05T22:00:00Z"] {
            harness.record_relapse(&ann, time).await;
        }
        let period = harness.service.parse_period(&ann, "2024-06-01", "2024-06-05").await.unwrap();
        let report = harness.service.report(&ann, period, PageSize::DEFAULT, None).await.unwrap();
        assert_eq!(report.relapses.len(), 1);
        let days: Vec<u32> = report.streaks.iter().map(|streak| streak.days).collect();
        assert_eq!(days, [5, 1], "a streak that ends in the first instant of the period overlaps it");
        assert_eq!(report.milestones.iter().map(|milestone| milestone.days).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(report.streak_summary.current.unwrap().days, 4);
    });
}
