//! Contract of the suspensions and mutes of `kith_users::store::AccountStore`.

use std::time::Duration;

use kith_kernel::{AccountEvent, AccountStatus, Clock as _, EventPayload};
use kith_testkit::{event, run_concurrently};

use crate::harness::{Harness, postgres, sqlite};

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn one_of_many_concurrent_suspensions_publishes_an_event(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let tasks = (0..32).map(|_| {
            let store = harness.store.clone();
            let event = event(EventPayload::Account(AccountEvent::Suspended { user: ann.user }));
            async move { store.set_suspension(ann.user, until, &[event], &[]).await.unwrap() }
        });
        assert_eq!(run_concurrently(tasks).await.into_iter().filter(|done| *done).count(), 1);
        assert_eq!(harness.published_events().await.len(), 1);
    }

    async fn a_suspension_publishes_one_event(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = || [event(EventPayload::Account(AccountEvent::Suspended { user: ann.user }))];
        assert!(harness.store.set_suspension(ann.user, until, &event(), &[]).await.unwrap());
        assert!(!harness.store.set_suspension(ann.user, until, &event(), &[]).await.unwrap());
        let account = harness.account(&ann).await;
        assert_eq!((account.suspended_until, account.status(harness.clock.now())), (until, AccountStatus::Suspended));
        assert!(harness.store.set_suspension(ann.user, None, &[], &[]).await.unwrap());
        assert!(!harness.store.set_suspension(ann.user, None, &event(), &[]).await.unwrap());
        assert!(!harness.store.set_suspension(kith_testkit::user(), until, &event(), &[]).await.unwrap());
        assert_eq!(
            harness.published_events().await,
            [EventPayload::Account(AccountEvent::Suspended { user: ann.user })]
        );
    }

    async fn a_suspension_is_rolled_back_if_its_event_is_rejected(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = [event(EventPayload::Account(AccountEvent::Suspended { user: ann.user }))];
        harness.store.set_suspension(ann.user, until, &event, &[]).await.unwrap();
        harness.store.set_suspension(bob.user, until, &event, &[]).await.unwrap_err();
        assert_eq!(harness.account(&bob).await.suspended_until, None);
    }

    async fn a_mute_publishes_one_event_and_a_suspension_outweighs_it(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = || [event(EventPayload::Account(AccountEvent::Muted { user: ann.user }))];
        assert!(harness.store.set_mute(ann.user, until, &event()).await.unwrap());
        assert!(!harness.store.set_mute(ann.user, until, &event()).await.unwrap());
        let account = harness.account(&ann).await;
        assert_eq!((account.muted_until, account.status(harness.clock.now())), (until, AccountStatus::Muted));
        harness.store.set_suspension(ann.user, until, &[], &[]).await.unwrap();
        assert_eq!(harness.account(&ann).await.status(harness.clock.now()), AccountStatus::Suspended);
        assert!(harness.store.set_mute(ann.user, None, &[]).await.unwrap());
        assert!(!harness.store.set_mute(ann.user, None, &event()).await.unwrap());
        assert!(!harness.store.set_mute(kith_testkit::user(), until, &event()).await.unwrap());
        assert_eq!(harness.published_events().await, [EventPayload::Account(AccountEvent::Muted { user: ann.user })]);
    }

    async fn a_mute_is_rolled_back_if_its_event_is_rejected(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = [event(EventPayload::Account(AccountEvent::Muted { user: ann.user }))];
        harness.store.set_mute(ann.user, until, &event).await.unwrap();
        harness.store.set_mute(bob.user, until, &event).await.unwrap_err();
        assert_eq!(harness.account(&bob).await.muted_until, None);
    }
}
