//! What `kith_moderation::rules::store::Store` promises.

use std::sync::Arc;

use kith_kernel::{
    Clock as _, EventId, SystemClock, SystemEntropy,
    audit::{Act, Entry},
};
use kith_moderation::rules::store::Kept;
use kith_screening_engine::{Rule, Rules};
use kith_testkit::{race, user};

use crate::bed::{Bed, postgres, sqlite};

fn kept(version: u32, threshold: u8) -> Kept {
    let mut rules = Rules::standard().unwrap();
    rules.version = version;
    let first = rules.rules[0].clone();
    rules.rules[0] = Rule { threshold, ..first };
    Kept { rules, name: "phone".into(), by: user(), at: SystemClock.now() }
}

fn entry(kept: &Kept) -> Entry {
    Entry {
        id: EventId::new(kept.at, &SystemEntropy),
        at: kept.at,
        actor: kept.by,
        session: None,
        act: Act::RulePut,
        subject: "rule:phone".into(),
        detail: format!("version={}", kept.rules.version),
    }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn there_is_no_version_before_one_is_put(bed: &Bed) {
        assert_eq!(bed.store.newest().await.unwrap(), None);
        assert_eq!(bed.store.version(1).await.unwrap(), None);
    }

    async fn every_version_stays_as_it_was_put(bed: &Bed) {
        let (second, third) = (kept(2, 80), kept(3, 90));
        assert!(bed.store.put(&second, &entry(&second)).await.unwrap());
        assert!(bed.store.put(&third, &entry(&third)).await.unwrap());
        assert_eq!(bed.store.newest().await.unwrap(), Some(3));
        assert_eq!(bed.store.version(2).await.unwrap(), Some(second));
        assert_eq!(bed.store.version(3).await.unwrap(), Some(third));
        assert_eq!(bed.store.version(4).await.unwrap(), None);
    }

    async fn a_version_that_is_there_is_not_put_and_leaves_no_line(bed: &Bed) {
        let (first, other) = (kept(2, 80), kept(2, 90));
        assert!(bed.store.put(&first, &entry(&first)).await.unwrap());
        assert!(!bed.store.put(&other, &entry(&other)).await.unwrap());
        assert_eq!(bed.store.version(2).await.unwrap(), Some(first));
        let line = ("rule_put".to_owned(), "rule:phone".to_owned(), "version=2".to_owned());
        assert_eq!(bed.trail().await, [line]);
    }

    async fn what_cannot_be_written_down_is_not_put(bed: &Bed) {
        let new = kept(2, 80);
        let unsaid = Entry { subject: String::new(), ..entry(&new) };
        assert!(bed.store.put(&new, &unsaid).await.is_err());
        assert_eq!(bed.store.newest().await.unwrap(), None);
    }

    async fn of_many_who_put_one_version_one_does(bed: &Bed) {
        let racers = (0..8).map(|it| {
            let (store, new) = (Arc::clone(&bed.store), kept(2, 50 + it));
            async move { store.put(&new, &entry(&new)).await.unwrap() }
        });
        let done = race(racers).await;
        assert_eq!(done.into_iter().filter(|it| *it).count(), 1);
        assert_eq!(bed.trail().await.len(), 1);
    }
}
