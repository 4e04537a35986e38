//! Announcement of milestones: when they are due, and that each is announced once per streak.

use kith_kernel::{EventPayload, ProgressEvent, ports::PeriodicJob as _};
use kith_progress::{
    TimeZone,
    service::{StreakSummary, StreakUpdate},
};
use kith_testkit::{block_on, member, run_concurrently};

use crate::harness::{Harness, at, mongo, sqlite};

#[kith_testkit::contract(sqlite, mongo)]
mod announcement {
    use super::*;

    async fn a_milestone_is_announced_after_its_midnight(harness: &Harness) {
        let ann = member();
        harness.set_start(&ann, "2024-06-10", "Europe/Oslo").await;
        harness.advance_to("2024-06-10T21:59:59.999Z");
        assert_eq!((harness.announce_milestones().run().await.unwrap(), harness.announced_days().await), (0, vec![]));
        harness.advance_to("2024-06-10T22:00:00Z");
        assert_eq!(harness.announce_milestones().run().await.unwrap(), 1);
        let events = harness.published_events().await;
        assert_eq!(
            (events[0].actor, &events[0].payload),
            (ann.user, &EventPayload::Progress(ProgressEvent::MilestoneReached { days: 1 }))
        );
        let processed = harness.announce_milestones().run().await.unwrap();
        assert_eq!((events.len(), processed, harness.announced_days().await), (1, 0, vec![]));
        harness.advance_to("2024-06-16T22:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [7]);
    }

    async fn a_milestone_that_a_correction_removes_and_restores_is_announced_once(harness: &Harness) {
        let ann = member();
        harness.set_start(&ann, "2024-06-03", "UTC").await;
        assert_eq!(harness.announced_days().await, [7]);
        let days = |summary: &StreakSummary| summary.current.map(|streak| streak.days);
        // A backdated relapse: the current streak no longer has seven days.
        let (relapse, summary) = harness.record_relapse(&ann, "2024-06-08T12:00:00Z").await;
        assert_eq!((days(&summary), summary.reached.len()), (Some(2), 1));
        harness.announce_milestones().run().await.unwrap();
        // Withdrawn, recorded again, and excluded and included again by the start date.
        assert_eq!(days(&harness.service.withdraw_relapse(&ann, relapse.id).await.unwrap()), Some(7));
        harness.record_relapse(&ann, "2024-06-08T12:00:00Z").await;
        for start in ["2024-06-09", "2024-06-03"] {
            harness.set_start(&ann, start, "UTC").await;
        }
        harness.advance_to("2024-06-15T12:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        let summary = harness.service.streak_summary(&ann).await.unwrap();
        assert_eq!(days(&summary), Some(7), "seven days are reached again");
        assert_eq!(harness.announced_days().await, [0; 0]);
        harness.advance_to("2024-06-22T00:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [14]);
    }

    async fn concurrent_jobs_announce_each_milestone_once(harness: &Harness) {
        for _ in 0..3 {
            harness.set_start(&member(), "2024-06-10", "UTC").await;
        }
        harness.advance_to("2024-06-11T00:00:00Z");
        run_concurrently((0..6).map(|_| {
            let job = harness.announce_milestones();
            async move { job.run().await.unwrap() }
        }))
        .await;
        assert_eq!(harness.announced_days().await, [1, 1, 1]);
    }

    async fn one_run_announces_more_than_one_batch(harness: &Harness) {
        for _ in 0..201 {
            harness.set_start(&member(), "2024-06-10", "UTC").await;
        }
        harness.advance_to("2024-06-11T00:00:00Z");
        assert_eq!(harness.announce_milestones().run().await.unwrap(), 201);
        assert_eq!(harness.announced_days().await.len(), 201);
    }
}

#[test]
fn a_start_date_in_the_past_announces_only_the_highest_milestone() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let summary = harness.set_start(&ann, "2024-04-01", "UTC").await;
        let days: Vec<u32> = summary.reached.iter().map(|milestone| milestone.days).collect();
        assert_eq!((days, summary.next.unwrap().days), (vec![1, 7, 14, 30, 60], 90));
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [60]);
    });
}

#[test]
fn a_correction_repeats_no_announcement() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.set_start(&ann, "2024-06-10", "UTC").await;
        harness.advance_to("2024-06-18T00:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [7]);
        // A backdated relapse makes the streak two days shorter. Seven days were announced since it began.
        harness.record_relapse(&ann, "2024-06-12T12:00:00Z").await;
        harness.advance_to("2024-06-20T00:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [0; 0]);
        harness.set_start(&ann, "2024-06-11", "UTC").await;
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [0; 0]);
        harness.advance_to("2024-06-26T00:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [14], "later milestones are announced");
    });
}

#[test]
fn a_new_streak_announces_its_milestones() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.set_start(&ann, "2024-06-10", "UTC").await;
        harness.advance_to("2024-06-11T00:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        harness.advance_to("2024-06-11T08:00:00Z");
        let (relapse, _) = harness.record_relapse(&ann, "2024-06-11T08:00:00Z").await;
        harness.advance_to("2024-06-12T00:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [1, 1]);
        // The relapse is withdrawn: the first streak continues, and one day was announced for it.
        harness.service.withdraw_relapse(&ann, relapse.id).await.unwrap();
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [0; 0]);
        assert_eq!(harness.service.streak_summary(&ann).await.unwrap().current.unwrap().days, 2);
    });
}

#[test]
fn a_change_of_time_zone_repeats_no_announcement() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.set_start(&ann, "2024-06-10", "UTC").await;
        harness.advance_to("2024-06-17T01:00:00Z");
        harness.announce_milestones().run().await.unwrap();
        assert_eq!(harness.announced_days().await, [7]);
        for (time_zone, days) in [("America/New_York", 6), ("Pacific/Kiritimati", 6), ("UTC", 7)] {
            let etag = harness.service.streak_summary(&ann).await.unwrap().etag();
            let time_zone = Some(TimeZone::new(time_zone).unwrap());
            let update = StreakUpdate { time_zone, ..StreakUpdate::default() };
            let current = harness.service.update_streak(&ann, &etag, &update).await.unwrap().current.unwrap();
            assert_eq!((current.days, current.began_at), (days, at("2024-06-10T12:00:00Z")));
            harness.announce_milestones().run().await.unwrap();
        }
        assert_eq!(harness.announced_days().await, [0; 0]);
    });
}
