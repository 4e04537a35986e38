//! Contract of `kith_progress::store::Store`.

use std::time::Duration;

use kith_kernel::{Clock as _, Cursor, Event, EventPayload, ProgressEvent, Timestamp, UserId, ports::DataKey};
use kith_progress::{CheckIn, RecoveryProfile, ZonedInstant};
use kith_storage::StoreError;
use kith_testkit::{event_id, run_concurrently, user};

use crate::harness::{Harness, at, check_in, mongo, profile, relapse, sqlite};

/// The profile as stored by a save.
fn stored(profile: &RecoveryProfile) -> RecoveryProfile {
    RecoveryProfile { version: profile.version + 1, ..profile.clone() }
}

fn milestone_reached(owner: UserId, days: u32) -> Event {
    Event {
        id: event_id(at("2024-06-10T00:00:00Z")),
        at: at("2024-06-10T00:00:00Z"),
        actor: owner,
        payload: EventPayload::Progress(ProgressEvent::MilestoneReached { days }),
    }
}

const UNBOUNDED: (Timestamp, Timestamp) =
    (Timestamp::from_millis(-9_000_000_000_000), Timestamp::from_millis(9_000_000_000_000));

/// Returns all check-ins of the owner, page by page. Calls `between` before each page.
async fn read_all(harness: &Harness, owner: UserId, mut between: impl AsyncFnMut()) -> Vec<CheckIn> {
    let mut all: Vec<CheckIn> = Vec::new();
    loop {
        between().await;
        let cursor = |last: &CheckIn| Cursor { rank: last.occurred_at.at.millis(), id: last.id.uuid() };
        let page = harness.store.list_check_ins(owner, UNBOUNDED, all.last().map(cursor), 2).await.unwrap();
        let is_last = page.len() < 2;
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn a_profile_is_read_as_saved_with_the_next_version(harness: &Harness) {
        for saved in [profile(user()), RecoveryProfile::new(user(), DataKey(vec![9; 60]))] {
            assert_eq!(harness.store.get_profile(saved.owner).await.unwrap(), None);
            assert!(harness.store.save_profile(&saved, None, &[]).await.unwrap());
            assert_eq!(harness.store.get_profile(saved.owner).await.unwrap(), Some(stored(&saved)));
        }
    }

    async fn a_save_replaces_every_field(harness: &Harness) {
        let first = profile(user());
        assert!(harness.store.save_profile(&first, None, &[]).await.unwrap());
        let mut second =
            RecoveryProfile { relapses: Vec::new(), ..stored(&RecoveryProfile::new(first.owner, DataKey(vec![4]))) };
        second.add_relapse(first.relapses[1].clone());
        second.add_relapse(relapse("2020-02-02T02:02:02Z"));
        assert!(harness.store.save_profile(&second, None, &[]).await.unwrap());
        assert_eq!(harness.store.get_profile(first.owner).await.unwrap(), Some(stored(&second)));
        let third = RecoveryProfile { version: 2, ..first };
        assert!(harness.store.save_profile(&third, None, &[]).await.unwrap());
        assert_eq!(harness.store.get_profile(third.owner).await.unwrap(), Some(stored(&third)));
    }

    async fn a_profile_and_its_event_are_stored_together(harness: &Harness) {
        let (ann, mut days) = (profile(user()), Vec::new());
        assert!(harness.store.save_profile(&ann, None, &[milestone_reached(ann.owner, 1)]).await.unwrap());
        days.extend(harness.announced_days().await);
        assert!(harness.store.save_profile(&stored(&ann), None, &[milestone_reached(ann.owner, 7)]).await.unwrap());
        days.extend(harness.announced_days().await);
        assert_eq!(days, [1, 7]);
    }

    async fn a_save_of_a_stale_version_stores_neither_profile_nor_events(harness: &Harness) {
        let ann = profile(user());
        assert!(harness.store.save_profile(&ann, None, &[]).await.unwrap());
        for stale in [
            ann.clone(),
            RecoveryProfile { version: 2, ..ann.clone() },
            RecoveryProfile { version: 9, ..profile(user()) },
        ] {
            let changed = RecoveryProfile { settings_version: 77, relapses: Vec::new(), ..stale };
            let now = Some(harness.clock.now());
            assert!(!harness.store.save_profile(&changed, now, &[milestone_reached(ann.owner, 1)]).await.unwrap());
        }
        assert_eq!(harness.store.get_profile(ann.owner).await.unwrap(), Some(stored(&ann)));
        assert_eq!(harness.announced_days().await, [0; 0]);
        assert_eq!(harness.store.list_due_owners(harness.clock.now(), 10).await.unwrap(), []);
    }

    async fn exactly_one_of_several_concurrent_saves_succeeds(harness: &Harness) {
        let owner = user();
        for version in [0, 1] {
            let saves = (0..20).map(|settings_version| {
                let (store, mine) =
                    (harness.store.clone(), RecoveryProfile { version, settings_version, ..profile(owner) });
                async move { store.save_profile(&mine, None, &[milestone_reached(owner, 1)]).await.unwrap() }
            });
            let winners = run_concurrently(saves).await.into_iter().filter(|saved| *saved).count();
            assert_eq!((winners, harness.announced_days().await.len()), (1, 1));
        }
    }

    async fn due_owners_are_listed_by_due_time(harness: &Harness) {
        let now = harness.clock.now();
        let mut due = Vec::new();
        for late in [3_u64, 1, 2, 0] {
            let one = profile(user());
            let due_at = now.before(Duration::from_millis(late));
            assert!(harness.store.save_profile(&one, Some(due_at), &[]).await.unwrap());
            due.push((due_at, one.owner));
        }
        for (due_at, owner) in [(None, user()), (Some(now.after(Duration::from_millis(1))), user())] {
            assert!(harness.store.save_profile(&profile(owner), due_at, &[]).await.unwrap());
        }
        due.sort();
        let due: Vec<UserId> = due.into_iter().map(|(_, owner)| owner).collect();
        assert_eq!(harness.store.list_due_owners(now, 10).await.unwrap(), due);
        assert_eq!(harness.store.list_due_owners(now, 2).await.unwrap(), due[..2]);
        let no_longer_due = RecoveryProfile { version: 1, ..profile(due[0]) };
        assert!(harness.store.save_profile(&no_longer_due, None, &[]).await.unwrap());
        assert_eq!(harness.store.list_due_owners(now, 10).await.unwrap(), due[1..]);
    }

    async fn a_check_in_is_read_as_inserted_only_by_its_owner(harness: &Harness) {
        let ann = user();
        let full = check_in(ann, "2024-06-01T01:02:03.456Z");
        let bare = CheckIn {
            note: None,
            triggers: [].into(),
            occurred_at: ZonedInstant { at: at("1960-01-01T00:00:00Z"), time_zone: None },
            ..check_in(ann, "2024-06-02T00:00:00Z")
        };
        for one in [&full, &bare] {
            harness.store.insert_check_in(one).await.unwrap();
            assert_eq!(harness.store.get_check_in(ann, one.id).await.unwrap().as_ref(), Some(one));
            assert_eq!(harness.store.get_check_in(user(), one.id).await.unwrap(), None);
        }
        assert_eq!(harness.store.list_check_ins(ann, UNBOUNDED, None, 10).await.unwrap(), [full, bare]);
        assert_eq!(harness.store.list_check_ins(user(), UNBOUNDED, None, 10).await.unwrap(), []);
    }

    async fn the_id_of_a_check_in_is_unique_across_owners(harness: &Harness) {
        let first = check_in(user(), "2024-06-01T00:00:00Z");
        harness.store.insert_check_in(&first).await.unwrap();
        for owner in [first.owner, user()] {
            let second = CheckIn { owner, note: None, ..first.clone() };
            let error = harness.store.insert_check_in(&second).await.unwrap_err();
            assert!(matches!(&error, StoreError::UniqueViolation(key) if key == "id"), "{error:?}");
        }
        assert_eq!(harness.store.get_check_in(first.owner, first.id).await.unwrap(), Some(first));
    }

    async fn the_first_bound_is_inclusive_and_the_second_exclusive(harness: &Harness) {
        let ann = user();
        let days = ["2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z", "2024-06-03T00:00:00Z"];
        let all = days.map(|day| check_in(ann, day));
        for one in &all {
            harness.store.insert_check_in(one).await.unwrap();
        }
        let bounds = (at(days[0]), at(days[2]));
        assert_eq!(
            harness.store.list_check_ins(ann, bounds, None, 10).await.unwrap(),
            [all[1].clone(), all[0].clone()]
        );
        let cursor_after_bounds = Cursor { rank: at("2024-07-01T00:00:00Z").millis(), id: all[2].id.uuid() };
        assert_eq!(
            harness.store.list_check_ins(ann, bounds, Some(cursor_after_bounds), 1).await.unwrap(),
            [all[1].clone()]
        );
    }

    async fn pages_contain_every_check_in_once_despite_concurrent_inserts(harness: &Harness) {
        let (ann, bob) = (user(), user());
        let mut all = Vec::new();
        for day in ["2024-06-01T00:00:00Z", "2024-06-03T00:00:00Z", "2024-06-02T00:00:00Z"] {
            // Three check-ins at the same time, and one of another owner.
            for owner in [ann, ann, ann, bob] {
                let one = check_in(owner, day);
                harness.store.insert_check_in(&one).await.unwrap();
                all.push(one);
            }
        }
        all.retain(|one| one.owner == ann);
        all.sort_by_key(|one| std::cmp::Reverse((one.occurred_at.at, one.id)));
        let listed = read_all(harness, ann, async || {
            harness.store.insert_check_in(&check_in(ann, "2024-06-09T00:00:00Z")).await.unwrap();
        });
        let listed: Vec<CheckIn> = listed.await.into_iter().filter(|one| all.contains(one)).collect();
        assert_eq!(listed, all);
    }
}
