//! When a milestone is told, and that it is told once.

use kith_kernel::{EventPayload, ProgressEvent, ports::PeriodicJob as _};
use kith_progress::service::State;
use kith_testkit::{block_on, member, run_concurrently};

use crate::harness::{Harness, at, mongo, sqlite};

#[kith_testkit::contract(sqlite, mongo)]
mod told {
    use super::*;

    async fn a_milestone_is_told_when_its_midnight_has_passed_and_not_before(harness: &Harness) {
        let ann = member();
        harness.counts(&ann, "2024-06-10", "Europe/Oslo").await;
        harness.until("2024-06-10T21:59:59.999Z");
        assert_eq!((harness.milestones().run().await.unwrap(), harness.told().await), (0, vec![]));
        harness.until("2024-06-10T22:00:00Z");
        assert_eq!(harness.milestones().run().await.unwrap(), 1);
        let events = harness.events().await;
        assert_eq!(
            (events[0].actor, &events[0].payload),
            (ann.user, &EventPayload::Progress(ProgressEvent::MilestoneReached { days: 1 }))
        );
        assert_eq!((events.len(), harness.milestones().run().await.unwrap(), harness.told().await), (1, 0, vec![]));
        harness.until("2024-06-16T22:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [7]);
    }

    async fn a_milestone_that_a_correction_takes_away_and_gives_back_is_told_once(harness: &Harness) {
        let ann = member();
        harness.counts(&ann, "2024-06-03", "UTC").await;
        assert_eq!(harness.told().await, [7]);
        let days = |state: &State| state.current.map(|streak| streak.days);
        // A relapse is noted late: seven days are none of this streak's any more.
        let (relapse, state) = harness.falls(&ann, "2024-06-08T12:00:00Z").await;
        assert_eq!((days(&state), state.reached.len()), (Some(2), 1));
        harness.milestones().run().await.unwrap();
        // It was none, and then it was: whichever way, what was told was told.
        assert_eq!(days(&harness.service.withdraw(&ann, relapse.id).await.unwrap()), Some(7));
        harness.falls(&ann, "2024-06-08T12:00:00Z").await;
        for start in ["2024-06-09", "2024-06-03"] {
            harness.counts(&ann, start, "UTC").await;
        }
        harness.until("2024-06-15T12:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(days(&harness.service.streak(&ann).await.unwrap()), Some(7), "and it is seven days again");
        assert_eq!(harness.told().await, [0; 0]);
        harness.until("2024-06-22T00:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [14]);
    }

    async fn of_many_who_sweep_at_once_one_tells(harness: &Harness) {
        for _ in 0..3 {
            harness.counts(&member(), "2024-06-10", "UTC").await;
        }
        harness.until("2024-06-11T00:00:00Z");
        run_concurrently((0..6).map(|_| {
            let milestones = harness.milestones();
            async move { milestones.run().await.unwrap() }
        }))
        .await;
        assert_eq!(harness.told().await, [1, 1, 1]);
    }

    async fn more_than_a_batch_are_all_told(harness: &Harness) {
        for _ in 0..201 {
            harness.counts(&member(), "2024-06-10", "UTC").await;
        }
        harness.until("2024-06-11T00:00:00Z");
        assert_eq!(harness.milestones().run().await.unwrap(), 201);
        assert_eq!(harness.told().await.len(), 201);
    }
}

#[test]
fn who_says_late_since_when_hears_of_the_furthest_alone() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        let state = harness.counts(&ann, "2024-04-01", "UTC").await;
        let days: Vec<u32> = state.reached.iter().map(|milestone| milestone.days).collect();
        assert_eq!((days, state.next.unwrap().days), (vec![1, 7, 14, 30, 60], 90));
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [60]);
    });
}

#[test]
fn a_correction_tells_nothing_again() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.counts(&ann, "2024-06-10", "UTC").await;
        harness.until("2024-06-18T00:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [7]);
        // It was noted late: the streak is two days shorter, and has come to seven before.
        harness.falls(&ann, "2024-06-12T12:00:00Z").await;
        harness.until("2024-06-20T00:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [0; 0]);
        harness.counts(&ann, "2024-06-11", "UTC").await;
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [0; 0]);
        harness.until("2024-06-26T00:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [14], "it goes on from there");
    });
}

#[test]
fn a_new_streak_is_told_of_anew() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.counts(&ann, "2024-06-10", "UTC").await;
        harness.until("2024-06-11T00:00:00Z");
        harness.milestones().run().await.unwrap();
        harness.until("2024-06-11T08:00:00Z");
        let (relapse, _) = harness.falls(&ann, "2024-06-11T08:00:00Z").await;
        harness.until("2024-06-12T00:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [1, 1]);
        // It was none after all: the first streak goes on, and has been told of.
        harness.service.withdraw(&ann, relapse.id).await.unwrap();
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [0; 0]);
        assert_eq!(harness.service.streak(&ann).await.unwrap().current.unwrap().days, 2);
    });
}

#[test]
fn travel_tells_nothing_again() {
    block_on(async {
        let (harness, ann) = (sqlite().await, member());
        harness.counts(&ann, "2024-06-10", "UTC").await;
        harness.until("2024-06-17T01:00:00Z");
        harness.milestones().run().await.unwrap();
        assert_eq!(harness.told().await, [7]);
        for (zone, days) in [("America/New_York", 6), ("Pacific/Kiritimati", 6), ("UTC", 7)] {
            let etag = harness.service.streak(&ann).await.unwrap().etag();
            let zone = Some(kith_progress::Zone::new(zone).unwrap());
            let change = kith_progress::service::Change { zone, ..Default::default() };
            let state = harness.service.update(&ann, &etag, &change).await.unwrap();
            assert_eq!((state.current.unwrap().days, state.current.unwrap().began), (days, at("2024-06-10T12:00:00Z")));
            harness.milestones().run().await.unwrap();
        }
        assert_eq!(harness.told().await, [0; 0]);
    });
}
