//! What `kith_users::store::PointStore` promises.

use std::{pin::Pin, time::Duration};

use kith_kernel::{Actor, Clock as _, ResponseId, SystemClock, SystemEntropy, Timestamp};
use kith_testkit::{event_id, run_concurrently};
use kith_users::{Earning, policy::DAILY_POINTS, store::Withheld};

use crate::harness::{Harness, postgres, sqlite};

fn response() -> ResponseId {
    ResponseId::new(SystemClock.now(), &SystemEntropy)
}

fn earning(who: &Actor, worth: u32) -> Earning {
    let at = Timestamp::from_millis(1_000);
    Earning { event: event_id(at), at, account: who.user, response: response(), worth }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_event_pays_once(harness: &Harness) {
        let ann = harness.person("ann").await;
        let earned = earning(&ann, 5);
        harness.store.earn(&earned).await.unwrap();
        harness.store.earn(&earned).await.unwrap();
        harness.store.earn(&Earning { event: event_id(earned.at), worth: 10, ..earned }).await.unwrap();
        assert_eq!(harness.points(&ann).await, 15);
    }

    async fn of_many_who_bring_one_event_at_once_one_pays(harness: &Harness) {
        let ann = harness.person("ann").await;
        let earned = earning(&ann, 5);
        let racers: Vec<_> = (0..16)
            .map(|_| {
                let store = harness.store.clone();
                tokio::spawn(async move { store.earn(&earned).await.unwrap() })
            })
            .collect();
        for racer in racers {
            racer.await.unwrap();
        }
        assert_eq!(harness.points(&ann).await, 5);
    }

    async fn a_day_has_a_limit_and_the_next_has_its_own(harness: &Harness) {
        let ann = harness.person("ann").await;
        for _ in 0..11 {
            harness.store.earn(&Earning { worth: 10, ..earning(&ann, 10) }).await.unwrap();
        }
        harness.store.earn(&earning(&ann, 3)).await.unwrap();
        assert_eq!(harness.points(&ann).await, DAILY_POINTS);
        let today = earning(&ann, 3);
        harness.store.earn(&Earning { at: today.at.after(Duration::from_hours(24)), ..today }).await.unwrap();
        assert_eq!(harness.points(&ann).await, DAILY_POINTS + 3);
    }

    async fn of_many_who_earn_at_once_all_get_what_the_day_leaves_and_no_more(harness: &Harness) {
        let ann = harness.person("ann").await;
        let racers = (0..32).map(|_| {
            let (store, earned) = (harness.store.clone(), earning(&ann, 7));
            async move { store.earn(&earned).await.unwrap() }
        });
        run_concurrently(racers).await;
        assert_eq!(harness.points(&ann).await, DAILY_POINTS);
    }

    async fn what_is_taken_back_while_it_is_earned_earns_nothing(harness: &Harness) {
        let ann = harness.person("ann").await;
        let kept = earning(&ann, 60);
        let mut racers: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
        for _ in 0..16 {
            let (store, earned) = (harness.store.clone(), earning(&ann, 50));
            racers.push(Box::pin(async move { store.earn(&earned).await.unwrap() }));
            let store = harness.store.clone();
            racers.push(Box::pin(async move {
                store.take_back(event_id(earned.at), earned.response).await.unwrap();
            }));
        }
        let store = harness.store.clone();
        racers.push(Box::pin(async move { store.earn(&kept).await.unwrap() }));
        run_concurrently(racers).await;
        assert_eq!(harness.points(&ann).await, 60);
    }

    async fn taking_back_takes_all_that_an_answer_earned_and_frees_the_day(harness: &Harness) {
        let ann = harness.person("ann").await;
        let given = earning(&ann, 60);
        let helpful = Earning { event: event_id(given.at), worth: 10, ..given };
        for earned in [given, helpful, earning(&ann, 50)] {
            harness.store.earn(&earned).await.unwrap();
        }
        assert_eq!(harness.points(&ann).await, 100);
        let deleted = event_id(given.at);
        harness.store.take_back(deleted, given.response).await.unwrap();
        assert_eq!(harness.points(&ann).await, 50, "what was cut to 30 has its room");
        harness.store.take_back(deleted, given.response).await.unwrap();
        harness.store.take_back(event_id(given.at), given.response).await.unwrap();
        assert_eq!(harness.points(&ann).await, 50);
    }

    async fn what_was_taken_back_earns_nothing_if_it_is_heard_of_later(harness: &Harness) {
        let ann = harness.person("ann").await;
        let late = earning(&ann, 5);
        harness.store.take_back(event_id(late.at), late.response).await.unwrap();
        harness.store.earn(&late).await.unwrap();
        assert_eq!(harness.points(&ann).await, 0);
    }

    async fn what_is_withheld_frees_the_day_and_is_given_again_once(harness: &Harness) {
        let ann = harness.person("ann").await;
        let given = earning(&ann, 60);
        let helpful = Earning { event: event_id(given.at), worth: 10, ..given };
        let other = earning(&ann, 50);
        for earned in [given, helpful, other] {
            harness.store.earn(&earned).await.unwrap();
        }
        let (removed, reinstated) = (event_id(given.at), event_id(given.at));
        for _ in 0..2 {
            harness.store.withhold(removed, given.response, Withheld::More).await.unwrap();
            assert_eq!(harness.points(&ann).await, 50, "what was cut to 30 has its room");
        }
        harness.store.withhold(event_id(other.at), other.response, Withheld::More).await.unwrap();
        assert_eq!(harness.points(&ann).await, 0);
        for _ in 0..2 {
            harness.store.withhold(reinstated, given.response, Withheld::Less).await.unwrap();
            assert_eq!(harness.points(&ann).await, 70);
        }
    }

    async fn what_is_withheld_is_so_whatever_order_its_events_come_in(harness: &Harness) {
        let ann = harness.person("ann").await;
        let given = earning(&ann, 5);
        let hear = async |withheld| harness.store.withhold(event_id(given.at), given.response, withheld).await.unwrap();
        hear(Withheld::More).await;
        harness.store.earn(&given).await.unwrap();
        assert_eq!(harness.points(&ann).await, 0, "it was withheld before it was earned");
        hear(Withheld::Less).await;
        assert_eq!(harness.points(&ann).await, 5);
        hear(Withheld::Less).await;
        hear(Withheld::More).await;
        assert_eq!(harness.points(&ann).await, 5, "it was given back before it was known to be withheld");
        hear(Withheld::More).await;
        assert_eq!(harness.points(&ann).await, 0);
        harness.store.take_back(event_id(given.at), given.response).await.unwrap();
        hear(Withheld::Less).await;
        assert_eq!(harness.points(&ann).await, 0, "its author took it back");
    }

    async fn of_many_who_withhold_and_give_back_at_once_the_sum_is_what_counts(harness: &Harness) {
        let ann = harness.person("ann").await;
        let given = earning(&ann, 7);
        harness.store.earn(&given).await.unwrap();
        let mut racers: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
        for _ in 0..8 {
            for withheld in [Withheld::More, Withheld::Less] {
                let store = harness.store.clone();
                racers.push(Box::pin(async move {
                    store.withhold(event_id(given.at), given.response, withheld).await.unwrap();
                }));
            }
            let (store, more) = (harness.store.clone(), earning(&ann, 1));
            racers.push(Box::pin(async move { store.earn(&more).await.unwrap() }));
        }
        run_concurrently(racers).await;
        assert_eq!(harness.points(&ann).await, 15);
    }

    async fn nobody_earns_without_an_account_or_for_another(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        harness.store.earn(&earning(&kith_testkit::member(), 5)).await.unwrap();
        harness.store.earn(&earning(&ann, 5)).await.unwrap();
        assert_eq!((harness.points(&ann).await, harness.points(&bob).await), (5, 0));
    }
}
