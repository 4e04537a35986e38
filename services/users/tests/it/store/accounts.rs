//! What `kith_users::store::AccountStore` promises.

use std::{collections::BTreeSet, time::Duration};

use kith_kernel::{
    AccountEvent, AccountStatus, Clock as _, EventPayload, PersonaId, PersonaScope, SystemEntropy, UserId, actor::Role,
};
use kith_storage::StoreError;
use kith_testkit::{event, run_concurrently};
use kith_users::{
    Avatar, Handle, Privacy,
    store::{Appearance, Change, Opening, Showing},
};

use crate::harness::{Harness, circle, opening, postgres, sqlite};

fn is_taken<T>(answer: Result<T, StoreError>, column: &str) -> bool {
    matches!(answer, Err(StoreError::UniqueViolation(key)) if key == column)
}

fn appearance(user: UserId, space: PersonaScope, handle: &str) -> Appearance {
    let (handle, avatar) = (Handle::new(handle).unwrap(), Avatar::new(9).unwrap());
    Appearance { user, space, persona: PersonaId::random(&SystemEntropy), handle, avatar }
}

fn handle(text: &str) -> Change {
    Change { handle: Some(Handle::new(text).unwrap()), avatar: None }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_account_is_opened_with_its_persona(harness: &Harness) {
        let asked = opening("Ann");
        let account = harness.store.open(&asked).await.unwrap();
        assert_eq!((account.profile.id, account.profile.owner), (asked.persona, asked.user));
        assert_eq!((account.profile.handle.as_str(), account.profile.avatar), ("Ann", 7));
        assert_eq!((account.profile.role, account.profile.points), (Role::Member, 0));
        assert_eq!((account.created_at, account.suspended_until), (asked.at, None));
        assert_eq!(harness.store.account(asked.user).await.unwrap().as_ref(), Some(&account));
        assert_eq!(harness.store.profile(asked.persona).await.unwrap(), Some(account.profile));
        assert_eq!(harness.store.account(kith_testkit::user()).await.unwrap(), None);
        assert_eq!(harness.store.profile(PersonaId::random(&SystemEntropy)).await.unwrap(), None);
    }

    async fn an_account_shows_everything_until_it_says_otherwise(harness: &Harness) {
        let ann = harness.store.open(&opening("ann")).await.unwrap();
        let bob = harness.store.open(&opening("bob")).await.unwrap();
        let user = ann.profile.owner;
        assert_eq!(ann.profile.privacy, Privacy { shows_points: true, shows_badges: true });
        let hide = Showing { points: Some(false), badges: None };
        let hidden = harness.store.set_privacy(user, ann.privacy_version, &hide).await.unwrap().unwrap();
        assert_eq!(hidden.profile.privacy, Privacy { shows_points: false, shows_badges: true });
        assert_eq!((hidden.privacy_version, hidden.version), (ann.privacy_version + 1, ann.version));
        assert_eq!(harness.store.account(user).await.unwrap(), Some(hidden.clone()));
        assert_eq!(harness.store.profile(ann.profile.id).await.unwrap(), Some(hidden.profile.clone()));
        assert_eq!(harness.store.set_privacy(user, ann.privacy_version, &Showing::default()).await.unwrap(), None);
        assert_eq!(harness.store.account(user).await.unwrap(), Some(hidden.clone()));
        let back = Showing { points: Some(true), badges: Some(false) };
        let turned = harness.store.set_privacy(user, hidden.privacy_version, &back).await.unwrap().unwrap();
        assert_eq!(turned.profile.privacy, Privacy { shows_points: true, shows_badges: false });
        assert_eq!(harness.store.set_privacy(kith_testkit::user(), 1, &back).await.unwrap(), None);
        assert_eq!(harness.store.account(bob.profile.owner).await.unwrap(), Some(bob));
    }

    async fn of_many_who_change_one_version_of_what_is_shown_one_does(harness: &Harness) {
        let ann = harness.store.open(&opening("ann")).await.unwrap();
        let racers = (0..16).map(|_| {
            let (store, user, version) = (harness.store.clone(), ann.profile.owner, ann.privacy_version);
            async move { store.set_privacy(user, version, &Showing::default()).await.unwrap() }
        });
        assert_eq!(run_concurrently(racers).await.into_iter().flatten().count(), 1);
    }

    async fn opening_again_gives_what_is_there(harness: &Harness) {
        let asked = opening("ann");
        let first = harness.store.open(&asked).await.unwrap();
        assert_eq!(harness.store.open(&asked).await.unwrap(), first);
        let other = Opening { user: asked.user, ..opening("somebody_else") };
        assert_eq!(harness.store.open(&other).await.unwrap(), first);
        assert!(harness.store.open(&opening("somebody_else")).await.is_ok(), "the other handle was not used up");
    }

    async fn who_comes_into_a_space_appears_there_and_again_gives_the_same(harness: &Harness) {
        let (ann, space) = (harness.person("ann").await, PersonaScope::Circle(circle()));
        let asked = appearance(ann.user, space, "quiet_owl");
        let there = harness.store.appear(&asked).await.unwrap().unwrap();
        assert_eq!((there.id, there.owner, there.space), (asked.persona, ann.user, space));
        assert_eq!((there.handle.as_str(), there.avatar), ("quiet_owl", 9));
        assert_eq!(harness.store.profile(asked.persona).await.unwrap().as_ref(), Some(&there));
        let again = appearance(ann.user, space, "calm_fox");
        assert_eq!(harness.store.appear(&again).await.unwrap(), Some(there));
        assert_eq!(harness.store.profile(again.persona).await.unwrap(), None);
        assert_eq!(harness.account(&ann).await.profile.id, ann.persona);
    }

    async fn in_a_space_no_two_look_alike_and_in_two_they_may(harness: &Harness) {
        let (ann, bob, space) =
            (harness.person("ann").await, harness.person("bob").await, PersonaScope::Circle(circle()));
        harness.store.appear(&appearance(ann.user, space, "lily")).await.unwrap();
        assert!(is_taken(harness.store.appear(&appearance(bob.user, space, "1i1y")).await, "skeleton"));
        let elsewhere = appearance(bob.user, PersonaScope::Circle(circle()), "1i1y");
        assert!(harness.store.appear(&elsewhere).await.unwrap().is_some());
        let used = Appearance { persona: ann.persona, ..appearance(bob.user, space, "bobby") };
        assert!(is_taken(harness.store.appear(&used).await, "id"));
    }

    async fn nobody_without_an_account_appears(harness: &Harness) {
        let asked = appearance(kith_testkit::user(), PersonaScope::Circle(circle()), "nobody");
        assert_eq!(harness.store.appear(&asked).await.unwrap(), None);
        assert_eq!(harness.store.profile(asked.persona).await.unwrap(), None);
    }

    async fn a_look_alike_is_taken_and_leaves_nothing(harness: &Harness) {
        harness.store.open(&opening("Lily")).await.unwrap();
        let asked = opening("1I1y");
        assert!(is_taken(harness.store.open(&asked).await, "skeleton"));
        assert_eq!(harness.store.account(asked.user).await.unwrap(), None);
    }

    async fn a_persona_in_use_is_taken(harness: &Harness) {
        let first = opening("ann");
        harness.store.open(&first).await.unwrap();
        let second = Opening { persona: first.persona, ..opening("bob") };
        assert!(is_taken(harness.store.open(&second).await, "id"));
    }

    async fn of_many_who_want_a_handle_at_once_one_gets_it(harness: &Harness) {
        let racers: Vec<_> = (0..32)
            .map(|turn| {
                let store = harness.store.clone();
                let asked = opening(if turn % 2 == 0 { "willow" } else { "W1LLOW" });
                tokio::spawn(async move { store.open(&asked).await })
            })
            .collect();
        let mut won = 0;
        for racer in racers {
            match racer.await.unwrap() {
                Ok(_) => won += 1,
                refusal => assert!(is_taken(refusal, "skeleton")),
            }
        }
        assert_eq!(won, 1);
    }

    async fn of_many_who_open_one_account_at_once_all_get_the_same_persona(harness: &Harness) {
        let user = kith_testkit::user();
        let racers: Vec<_> = (0..32)
            .map(|turn| {
                let store = harness.store.clone();
                let asked = Opening { user, ..opening(&format!("willow_{turn}")) };
                tokio::spawn(async move { store.open(&asked).await.unwrap().profile.id })
            })
            .collect();
        let mut personas = BTreeSet::new();
        for racer in racers {
            personas.insert(racer.await.unwrap());
        }
        assert_eq!(personas.len(), 1);
    }

    async fn of_many_who_update_one_version_at_once_one_does(harness: &Harness) {
        let ann = harness.person("ann").await;
        let before = harness.account(&ann).await;
        let racers = (0..32).map(|turn| {
            let (store, version) = (harness.store.clone(), before.version);
            async move { store.update(ann.user, version, &handle(&format!("ann_{turn}"))).await.unwrap() }
        });
        let updated: Vec<_> = run_concurrently(racers).await.into_iter().flatten().collect();
        assert_eq!(updated, [harness.account(&ann).await]);
    }

    async fn of_many_who_suspend_at_once_one_announces(harness: &Harness) {
        let ann = harness.person("ann").await;
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let racers = (0..32).map(|_| {
            let store = harness.store.clone();
            let event = event(EventPayload::Account(AccountEvent::Suspended { user: ann.user }));
            async move { store.suspend(ann.user, until, &[event], &[]).await.unwrap() }
        });
        assert_eq!(run_concurrently(racers).await.into_iter().filter(|done| *done).count(), 1);
        assert_eq!(harness.announced().await.len(), 1);
    }

    async fn profiles_are_those_that_there_are(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let nobody = PersonaId::random(&SystemEntropy);
        let found = harness.store.profiles(&[ann.persona, nobody, bob.persona, ann.persona]).await.unwrap();
        let found: Vec<_> = found.iter().map(|profile| profile.id).collect();
        assert_eq!(found.len(), 2);
        assert!(found.contains(&ann.persona) && found.contains(&bob.persona));
        assert_eq!(harness.store.profiles(&[]).await.unwrap(), []);
    }

    async fn an_update_changes_what_it_names_and_counts_up(harness: &Harness) {
        let ann = harness.person("ann").await;
        let before = harness.account(&ann).await;
        let avatar = Change { handle: None, avatar: Some(Avatar::new(9).unwrap()) };
        let after = harness.store.update(ann.user, before.version, &avatar).await.unwrap().unwrap();
        assert_eq!((after.profile.handle.as_str(), after.profile.avatar), ("ann", 9));
        let last = harness.store.update(ann.user, after.version, &handle("Anna")).await.unwrap().unwrap();
        assert_eq!((last.profile.handle.as_str(), last.profile.avatar), ("Anna", 9));
        assert!(before.version < after.version && after.version < last.version);
        assert_eq!(harness.account(&ann).await, last);
        assert!(harness.store.open(&opening("ann")).await.is_ok(), "the old handle is free");
        assert!(is_taken(harness.store.open(&opening("ANNA")).await, "skeleton"), "the new one is not");
    }

    async fn an_update_of_another_version_changes_nothing(harness: &Harness) {
        let ann = harness.person("ann").await;
        let before = harness.account(&ann).await;
        assert_eq!(harness.store.update(ann.user, before.version + 1, &handle("anna")).await.unwrap(), None);
        assert_eq!(harness.store.update(kith_testkit::user(), before.version, &handle("anna")).await.unwrap(), None);
        assert_eq!(harness.account(&ann).await, before);
    }

    async fn an_update_to_a_look_alike_is_taken_and_changes_nothing(harness: &Harness) {
        let ann = harness.person("ann").await;
        harness.person("bob").await;
        let before = harness.account(&ann).await;
        let change = Change { avatar: Some(Avatar::new(9).unwrap()), ..handle("B0B") };
        assert!(is_taken(harness.store.update(ann.user, before.version, &change).await, "skeleton"));
        assert_eq!(harness.account(&ann).await, before);
    }

    async fn somebody_may_write_their_own_handle_otherwise(harness: &Harness) {
        let ann = harness.person("ann").await;
        let version = harness.account(&ann).await.version;
        let after = harness.store.update(ann.user, version, &handle("ANN")).await.unwrap().unwrap();
        assert_eq!(after.profile.handle, "ANN");
    }

    async fn a_suspension_is_announced_once(harness: &Harness) {
        let ann = harness.person("ann").await;
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = || [event(EventPayload::Account(AccountEvent::Suspended { user: ann.user }))];
        assert!(harness.store.suspend(ann.user, until, &event(), &[]).await.unwrap());
        assert!(!harness.store.suspend(ann.user, until, &event(), &[]).await.unwrap());
        let account = harness.account(&ann).await;
        assert_eq!((account.suspended_until, account.standing(harness.clock.now())), (until, AccountStatus::Suspended));
        assert!(harness.store.suspend(ann.user, None, &[], &[]).await.unwrap());
        assert!(!harness.store.suspend(ann.user, None, &event(), &[]).await.unwrap());
        assert!(!harness.store.suspend(kith_testkit::user(), until, &event(), &[]).await.unwrap());
        assert_eq!(harness.announced().await, [EventPayload::Account(AccountEvent::Suspended { user: ann.user })]);
    }

    async fn a_suspension_whose_event_is_refused_was_never_made(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = [event(EventPayload::Account(AccountEvent::Suspended { user: ann.user }))];
        harness.store.suspend(ann.user, until, &event, &[]).await.unwrap();
        harness.store.suspend(bob.user, until, &event, &[]).await.unwrap_err();
        assert_eq!(harness.account(&bob).await.suspended_until, None);
    }

    async fn a_mute_is_announced_once_and_a_suspension_weighs_more(harness: &Harness) {
        let ann = harness.person("ann").await;
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = || [event(EventPayload::Account(AccountEvent::Muted { user: ann.user }))];
        assert!(harness.store.mute(ann.user, until, &event()).await.unwrap());
        assert!(!harness.store.mute(ann.user, until, &event()).await.unwrap());
        let account = harness.account(&ann).await;
        assert_eq!((account.muted_until, account.standing(harness.clock.now())), (until, AccountStatus::Muted));
        harness.store.suspend(ann.user, until, &[], &[]).await.unwrap();
        assert_eq!(harness.account(&ann).await.standing(harness.clock.now()), AccountStatus::Suspended);
        assert!(harness.store.mute(ann.user, None, &[]).await.unwrap());
        assert!(!harness.store.mute(ann.user, None, &event()).await.unwrap());
        assert!(!harness.store.mute(kith_testkit::user(), until, &event()).await.unwrap());
        assert_eq!(harness.announced().await, [EventPayload::Account(AccountEvent::Muted { user: ann.user })]);
    }

    async fn a_mute_whose_event_is_refused_was_never_made(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let until = Some(harness.clock.now().after(Duration::from_hours(1)));
        let event = [event(EventPayload::Account(AccountEvent::Muted { user: ann.user }))];
        harness.store.mute(ann.user, until, &event).await.unwrap();
        harness.store.mute(bob.user, until, &event).await.unwrap_err();
        assert_eq!(harness.account(&bob).await.muted_until, None);
    }
}
