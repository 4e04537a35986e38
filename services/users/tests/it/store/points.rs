//! Contract of `kith_users::store::PointStore`.

use std::{pin::Pin, time::Duration};

use kith_kernel::{Actor, Clock as _, ResponseId, SystemClock, SystemEntropy, Timestamp};
use kith_testkit::{event_id, run_concurrently};
use kith_users::{PointsEntry, policy::MAX_DAILY_POINTS, store::HoldChange};

use crate::harness::{Harness, postgres, sqlite};

fn response() -> ResponseId {
    ResponseId::new(SystemClock.now(), &SystemEntropy)
}

fn points_entry(actor: &Actor, points: u32) -> PointsEntry {
    let at = Timestamp::from_millis(1_000);
    PointsEntry { event: event_id(at), at, account: actor.user, response: response(), points }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_event_is_credited_once(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let entry = points_entry(&ann, 5);
        harness.store.credit(&entry).await.unwrap();
        harness.store.credit(&entry).await.unwrap();
        harness.store.credit(&PointsEntry { event: event_id(entry.at), points: 10, ..entry }).await.unwrap();
        assert_eq!(harness.points(&ann).await, 15);
    }

    async fn concurrent_deliveries_of_one_event_are_credited_once(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let entry = points_entry(&ann, 5);
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let store = harness.store.clone();
                tokio::spawn(async move { store.credit(&entry).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(harness.points(&ann).await, 5);
    }

    async fn each_day_has_its_own_cap(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        for _ in 0..11 {
            harness.store.credit(&PointsEntry { points: 10, ..points_entry(&ann, 10) }).await.unwrap();
        }
        harness.store.credit(&points_entry(&ann, 3)).await.unwrap();
        assert_eq!(harness.points(&ann).await, MAX_DAILY_POINTS);
        let today = points_entry(&ann, 3);
        harness.store.credit(&PointsEntry { at: today.at.after(Duration::from_hours(24)), ..today }).await.unwrap();
        assert_eq!(harness.points(&ann).await, MAX_DAILY_POINTS + 3);
    }

    async fn concurrent_credits_reach_the_daily_cap_exactly(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let tasks = (0..32).map(|_| {
            let (store, entry) = (harness.store.clone(), points_entry(&ann, 7));
            async move { store.credit(&entry).await.unwrap() }
        });
        run_concurrently(tasks).await;
        assert_eq!(harness.points(&ann).await, MAX_DAILY_POINTS);
    }

    async fn a_response_that_is_revoked_during_its_credit_earns_nothing(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let unrelated = points_entry(&ann, 60);
        let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
        for _ in 0..16 {
            let (store, entry) = (harness.store.clone(), points_entry(&ann, 50));
            tasks.push(Box::pin(async move { store.credit(&entry).await.unwrap() }));
            let store = harness.store.clone();
            tasks.push(Box::pin(async move {
                store.revoke(event_id(entry.at), entry.response).await.unwrap();
            }));
        }
        let store = harness.store.clone();
        tasks.push(Box::pin(async move { store.credit(&unrelated).await.unwrap() }));
        run_concurrently(tasks).await;
        assert_eq!(harness.points(&ann).await, 60);
    }

    async fn revoking_removes_all_points_of_a_response_and_frees_the_daily_cap(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let created = points_entry(&ann, 60);
        let helpful = PointsEntry { event: event_id(created.at), points: 10, ..created };
        for entry in [created, helpful, points_entry(&ann, 50)] {
            harness.store.credit(&entry).await.unwrap();
        }
        assert_eq!(harness.points(&ann).await, 100);
        let deleted = event_id(created.at);
        harness.store.revoke(deleted, created.response).await.unwrap();
        assert_eq!(harness.points(&ann).await, 50, "the entry that was cut to 30 is granted in full");
        harness.store.revoke(deleted, created.response).await.unwrap();
        harness.store.revoke(event_id(created.at), created.response).await.unwrap();
        assert_eq!(harness.points(&ann).await, 50);
    }

    async fn a_credit_after_the_revocation_has_no_effect(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let late = points_entry(&ann, 5);
        harness.store.revoke(event_id(late.at), late.response).await.unwrap();
        harness.store.credit(&late).await.unwrap();
        assert_eq!(harness.points(&ann).await, 0);
    }

    async fn a_hold_frees_the_daily_cap_and_its_removal_restores_the_points(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let created = points_entry(&ann, 60);
        let helpful = PointsEntry { event: event_id(created.at), points: 10, ..created };
        let other = points_entry(&ann, 50);
        for entry in [created, helpful, other] {
            harness.store.credit(&entry).await.unwrap();
        }
        let (removed, restored) = (event_id(created.at), event_id(created.at));
        for _ in 0..2 {
            harness.store.hold_points(removed, created.response, HoldChange::Add).await.unwrap();
            assert_eq!(harness.points(&ann).await, 50, "the entry that was cut to 30 is granted in full");
        }
        harness.store.hold_points(event_id(other.at), other.response, HoldChange::Add).await.unwrap();
        assert_eq!(harness.points(&ann).await, 0);
        for _ in 0..2 {
            harness.store.hold_points(restored, created.response, HoldChange::Remove).await.unwrap();
            assert_eq!(harness.points(&ann).await, 70);
        }
    }

    async fn holds_are_independent_of_the_order_of_events(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let created = points_entry(&ann, 5);
        let apply =
            async |change| harness.store.hold_points(event_id(created.at), created.response, change).await.unwrap();
        apply(HoldChange::Add).await;
        harness.store.credit(&created).await.unwrap();
        assert_eq!(harness.points(&ann).await, 0, "the hold came before the credit");
        apply(HoldChange::Remove).await;
        assert_eq!(harness.points(&ann).await, 5);
        apply(HoldChange::Remove).await;
        apply(HoldChange::Add).await;
        assert_eq!(harness.points(&ann).await, 5, "the removal of the hold came before the hold");
        apply(HoldChange::Add).await;
        assert_eq!(harness.points(&ann).await, 0);
        harness.store.revoke(event_id(created.at), created.response).await.unwrap();
        apply(HoldChange::Remove).await;
        assert_eq!(harness.points(&ann).await, 0, "the response is revoked");
    }

    async fn concurrent_additions_and_removals_of_holds_are_summed(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let created = points_entry(&ann, 7);
        harness.store.credit(&created).await.unwrap();
        let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
        for _ in 0..8 {
            for change in [HoldChange::Add, HoldChange::Remove] {
                let store = harness.store.clone();
                tasks.push(Box::pin(async move {
                    store.hold_points(event_id(created.at), created.response, change).await.unwrap();
                }));
            }
            let (store, more) = (harness.store.clone(), points_entry(&ann, 1));
            tasks.push(Box::pin(async move { store.credit(&more).await.unwrap() }));
        }
        run_concurrently(tasks).await;
        assert_eq!(harness.points(&ann).await, 15);
    }

    async fn points_are_credited_only_to_the_existing_account_of_the_entry(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        harness.store.credit(&points_entry(&kith_testkit::member(), 5)).await.unwrap();
        harness.store.credit(&points_entry(&ann, 5)).await.unwrap();
        assert_eq!((harness.points(&ann).await, harness.points(&bob).await), (5, 0));
    }
}
