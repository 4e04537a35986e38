//! What `kith_progress::store::Store` promises.

use std::time::Duration;

use kith_kernel::{Clock as _, Cursor, Event, EventPayload, ProgressEvent, Timestamp, UserId, ports::DataKey};
use kith_progress::{CheckIn, Journey, Moment};
use kith_storage::StoreError;
use kith_testkit::{event_id, run_concurrently, user};

use crate::harness::{Harness, at, check_in, journey, mongo, relapse, sqlite};

/// The journey as it is after it was saved.
fn next(journey: &Journey) -> Journey {
    Journey { version: journey.version + 1, ..journey.clone() }
}

fn reached(owner: UserId, days: u32) -> Event {
    Event {
        id: event_id(at("2024-06-10T00:00:00Z")),
        at: at("2024-06-10T00:00:00Z"),
        actor: owner,
        payload: EventPayload::Progress(ProgressEvent::MilestoneReached { days }),
    }
}

const ALWAYS: (Timestamp, Timestamp) =
    (Timestamp::from_millis(-9_000_000_000_000), Timestamp::from_millis(9_000_000_000_000));

/// All of somebody's, page by page, with something done before each page.
async fn read_all(harness: &Harness, owner: UserId, mut between: impl AsyncFnMut()) -> Vec<CheckIn> {
    let mut all: Vec<CheckIn> = Vec::new();
    loop {
        between().await;
        let place = |last: &CheckIn| Cursor { rank: last.moment.at.millis(), id: last.id.uuid() };
        let page = harness.store.check_ins(owner, ALWAYS, all.last().map(place), 2).await.unwrap();
        let ended = page.len() < 2;
        all.extend(page);
        if ended {
            return all;
        }
    }
}

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn a_journey_comes_back_equal_but_for_its_version(harness: &Harness) {
        for whole in [journey(user()), Journey::new(user(), DataKey(vec![9; 60]))] {
            assert_eq!(harness.store.journey(whole.owner).await.unwrap(), None);
            assert!(harness.store.save(&whole, None, &[]).await.unwrap());
            assert_eq!(harness.store.journey(whole.owner).await.unwrap(), Some(next(&whole)));
        }
    }

    async fn a_journey_is_changed_in_all_its_parts(harness: &Harness) {
        let first = journey(user());
        assert!(harness.store.save(&first, None, &[]).await.unwrap());
        let mut second = Journey { relapses: Vec::new(), ..next(&Journey::new(first.owner, DataKey(vec![4]))) };
        second.add(first.relapses[1].clone());
        second.add(relapse("2020-02-02T02:02:02Z"));
        assert!(harness.store.save(&second, None, &[]).await.unwrap());
        assert_eq!(harness.store.journey(first.owner).await.unwrap(), Some(next(&second)));
        let third = Journey { version: 2, ..first };
        assert!(harness.store.save(&third, None, &[]).await.unwrap());
        assert_eq!(harness.store.journey(third.owner).await.unwrap(), Some(next(&third)));
    }

    async fn a_journey_and_its_event_arrive_together(harness: &Harness) {
        let (ann, mut days) = (journey(user()), Vec::new());
        assert!(harness.store.save(&ann, None, &[reached(ann.owner, 1)]).await.unwrap());
        days.extend(harness.told().await);
        assert!(harness.store.save(&next(&ann), None, &[reached(ann.owner, 7)]).await.unwrap());
        days.extend(harness.told().await);
        assert_eq!(days, [1, 7]);
    }

    async fn a_stale_journey_changes_nothing_and_announces_nothing(harness: &Harness) {
        let ann = journey(user());
        assert!(harness.store.save(&ann, None, &[]).await.unwrap());
        for stale in [ann.clone(), Journey { version: 2, ..ann.clone() }, Journey { version: 9, ..journey(user()) }] {
            let changed = Journey { edition: 77, relapses: Vec::new(), ..stale };
            let now = Some(harness.clock.now());
            assert!(!harness.store.save(&changed, now, &[reached(ann.owner, 1)]).await.unwrap());
        }
        assert_eq!(harness.store.journey(ann.owner).await.unwrap(), Some(next(&ann)));
        assert_eq!(harness.told().await, [0; 0]);
        assert_eq!(harness.store.due(harness.clock.now(), 10).await.unwrap(), []);
    }

    async fn of_many_who_change_one_version_one_does(harness: &Harness) {
        let owner = user();
        for version in [0, 1] {
            let racers = (0..20).map(|edition| {
                let (store, mine) = (harness.store.clone(), Journey { version, edition, ..journey(owner) });
                async move { store.save(&mine, None, &[reached(owner, 1)]).await.unwrap() }
            });
            let won = run_concurrently(racers).await.into_iter().filter(|won| *won).count();
            assert_eq!((won, harness.told().await.len()), (1, 1));
        }
    }

    async fn who_is_due_is_found_in_the_order_of_their_moments(harness: &Harness) {
        let now = harness.clock.now();
        let mut due = Vec::new();
        for late in [3_u64, 1, 2, 0] {
            let one = journey(user());
            let moment = now.before(Duration::from_millis(late));
            assert!(harness.store.save(&one, Some(moment), &[]).await.unwrap());
            due.push((moment, one.owner));
        }
        for (moment, one) in [(None, user()), (Some(now.after(Duration::from_millis(1))), user())] {
            assert!(harness.store.save(&journey(one), moment, &[]).await.unwrap());
        }
        due.sort();
        let due: Vec<UserId> = due.into_iter().map(|(_, owner)| owner).collect();
        assert_eq!(harness.store.due(now, 10).await.unwrap(), due);
        assert_eq!(harness.store.due(now, 2).await.unwrap(), due[..2]);
        let seen = Journey { version: 1, ..journey(due[0]) };
        assert!(harness.store.save(&seen, None, &[]).await.unwrap());
        assert_eq!(harness.store.due(now, 10).await.unwrap(), due[1..]);
    }

    async fn a_check_in_comes_back_equal_to_its_owner_alone(harness: &Harness) {
        let ann = user();
        let full = check_in(ann, "2024-06-01T01:02:03.456Z");
        let bare = CheckIn {
            note: None,
            triggers: [].into(),
            moment: Moment { at: at("1960-01-01T00:00:00Z"), zone: None },
            ..check_in(ann, "2024-06-02T00:00:00Z")
        };
        for one in [&full, &bare] {
            harness.store.add_check_in(one).await.unwrap();
            assert_eq!(harness.store.check_in(ann, one.id).await.unwrap().as_ref(), Some(one));
            assert_eq!(harness.store.check_in(user(), one.id).await.unwrap(), None);
        }
        assert_eq!(harness.store.check_ins(ann, ALWAYS, None, 10).await.unwrap(), [full, bare]);
        assert_eq!(harness.store.check_ins(user(), ALWAYS, None, 10).await.unwrap(), []);
    }

    async fn the_id_of_a_check_in_is_taken_whoever_uses_it(harness: &Harness) {
        let first = check_in(user(), "2024-06-01T00:00:00Z");
        harness.store.add_check_in(&first).await.unwrap();
        for owner in [first.owner, user()] {
            let second = CheckIn { owner, note: None, ..first.clone() };
            let refusal = harness.store.add_check_in(&second).await.unwrap_err();
            assert!(matches!(&refusal, StoreError::UniqueViolation(key) if key == "id"), "{refusal:?}");
        }
        assert_eq!(harness.store.check_in(first.owner, first.id).await.unwrap(), Some(first));
    }

    async fn a_span_has_its_first_moment_and_not_its_last(harness: &Harness) {
        let ann = user();
        let days = ["2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z", "2024-06-03T00:00:00Z"];
        let all = days.map(|day| check_in(ann, day));
        for one in &all {
            harness.store.add_check_in(one).await.unwrap();
        }
        let span = (at(days[0]), at(days[2]));
        assert_eq!(harness.store.check_ins(ann, span, None, 10).await.unwrap(), [all[1].clone(), all[0].clone()]);
        let behind_it = Cursor { rank: at("2024-07-01T00:00:00Z").millis(), id: all[2].id.uuid() };
        assert_eq!(harness.store.check_ins(ann, span, Some(behind_it), 1).await.unwrap(), [all[1].clone()]);
    }

    async fn pages_show_every_check_in_once_whatever_is_added(harness: &Harness) {
        let (ann, bob) = (user(), user());
        let mut all = Vec::new();
        for day in ["2024-06-01T00:00:00Z", "2024-06-03T00:00:00Z", "2024-06-02T00:00:00Z"] {
            // Three of one moment, among another's.
            for owner in [ann, ann, ann, bob] {
                let one = check_in(owner, day);
                harness.store.add_check_in(&one).await.unwrap();
                all.push(one);
            }
        }
        all.retain(|one| one.owner == ann);
        all.sort_by_key(|one| std::cmp::Reverse((one.moment.at, one.id)));
        let shown = read_all(harness, ann, async || {
            harness.store.add_check_in(&check_in(ann, "2024-06-09T00:00:00Z")).await.unwrap();
        });
        let shown: Vec<CheckIn> = shown.await.into_iter().filter(|one| all.contains(one)).collect();
        assert_eq!(shown, all);
    }
}
