//! Contract of `kith_users::store::AccountStore`.

use std::collections::BTreeSet;

use kith_kernel::{PersonaId, PersonaScope, SystemEntropy, UserId, actor::Role};
use kith_storage::StoreError;
use kith_testkit::run_concurrently;
use kith_users::{
    Avatar, Handle, Privacy,
    store::{NewAccount, NewPersona, PrivacyUpdate, ProfileUpdate},
};

use crate::harness::{Harness, circle, new_account, postgres, sqlite};

fn is_taken<T>(result: Result<T, StoreError>, column: &str) -> bool {
    matches!(result, Err(StoreError::UniqueViolation(key)) if key == column)
}

fn new_persona(user: UserId, scope: PersonaScope, handle: &str) -> NewPersona {
    let (handle, avatar) = (Handle::new(handle).unwrap(), Avatar::new(9).unwrap());
    NewPersona { user, scope, persona: PersonaId::random(&SystemEntropy), handle, avatar }
}

fn handle_update(text: &str) -> ProfileUpdate {
    ProfileUpdate { handle: Some(Handle::new(text).unwrap()), avatar: None }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_account_is_created_with_its_persona(harness: &Harness) {
        let new = new_account("Ann");
        let account = harness.store.create_account(&new).await.unwrap();
        assert_eq!((account.profile.id, account.profile.account), (new.persona, new.user));
        assert_eq!((account.profile.handle.as_str(), account.profile.avatar), ("Ann", 7));
        assert_eq!((account.profile.role, account.profile.points), (Role::Member, 0));
        assert_eq!((account.created_at, account.suspended_until), (new.at, None));
        assert_eq!(harness.store.get_account(new.user).await.unwrap().as_ref(), Some(&account));
        assert_eq!(harness.store.get_profile(new.persona).await.unwrap(), Some(account.profile));
        assert_eq!(harness.store.get_account(kith_testkit::user()).await.unwrap(), None);
        assert_eq!(harness.store.get_profile(PersonaId::random(&SystemEntropy)).await.unwrap(), None);
    }

    async fn an_account_shows_points_and_badges_by_default(harness: &Harness) {
        let ann = harness.store.create_account(&new_account("ann")).await.unwrap();
        let bob = harness.store.create_account(&new_account("bob")).await.unwrap();
        let user = ann.profile.account;
        assert_eq!(ann.profile.privacy, Privacy { shows_points: true, shows_badges: true });
        let hide = PrivacyUpdate { shows_points: Some(false), shows_badges: None };
        let hidden = harness.store.update_privacy(user, ann.privacy_version, &hide).await.unwrap().unwrap();
        assert_eq!(hidden.profile.privacy, Privacy { shows_points: false, shows_badges: true });
        assert_eq!((hidden.privacy_version, hidden.profile_version), (ann.privacy_version + 1, ann.profile_version));
        assert_eq!(harness.store.get_account(user).await.unwrap(), Some(hidden.clone()));
        assert_eq!(harness.store.get_profile(ann.profile.id).await.unwrap(), Some(hidden.profile.clone()));
        assert_eq!(
            harness.store.update_privacy(user, ann.privacy_version, &PrivacyUpdate::default()).await.unwrap(),
            None
        );
        assert_eq!(harness.store.get_account(user).await.unwrap(), Some(hidden.clone()));
        let back = PrivacyUpdate { shows_points: Some(true), shows_badges: Some(false) };
        let turned = harness.store.update_privacy(user, hidden.privacy_version, &back).await.unwrap().unwrap();
        assert_eq!(turned.profile.privacy, Privacy { shows_points: true, shows_badges: false });
        assert_eq!(harness.store.update_privacy(kith_testkit::user(), 1, &back).await.unwrap(), None);
        assert_eq!(harness.store.get_account(bob.profile.account).await.unwrap(), Some(bob));
    }

    async fn one_of_many_concurrent_privacy_updates_of_one_version_succeeds(harness: &Harness) {
        let ann = harness.store.create_account(&new_account("ann")).await.unwrap();
        let tasks = (0..16).map(|_| {
            let (store, user, version) = (harness.store.clone(), ann.profile.account, ann.privacy_version);
            async move { store.update_privacy(user, version, &PrivacyUpdate::default()).await.unwrap() }
        });
        assert_eq!(run_concurrently(tasks).await.into_iter().flatten().count(), 1);
    }

    async fn account_creation_is_idempotent(harness: &Harness) {
        let new = new_account("ann");
        let first = harness.store.create_account(&new).await.unwrap();
        assert_eq!(harness.store.create_account(&new).await.unwrap(), first);
        let other = NewAccount { user: new.user, ..new_account("another_handle") };
        assert_eq!(harness.store.create_account(&other).await.unwrap(), first);
        assert!(
            harness.store.create_account(&new_account("another_handle")).await.is_ok(),
            "the other handle is still free"
        );
    }

    async fn persona_creation_is_idempotent_per_scope(harness: &Harness) {
        let (ann, scope) = (harness.create_account("ann").await, PersonaScope::Circle(circle()));
        let new = new_persona(ann.user, scope, "quiet_owl");
        let created = harness.store.create_persona(&new).await.unwrap().unwrap();
        assert_eq!((created.id, created.account, created.scope), (new.persona, ann.user, scope));
        assert_eq!((created.handle.as_str(), created.avatar), ("quiet_owl", 9));
        assert_eq!(harness.store.get_profile(new.persona).await.unwrap().as_ref(), Some(&created));
        let second = new_persona(ann.user, scope, "calm_fox");
        assert_eq!(harness.store.create_persona(&second).await.unwrap(), Some(created));
        assert_eq!(harness.store.get_profile(second.persona).await.unwrap(), None);
        assert_eq!(harness.account(&ann).await.profile.id, ann.persona);
    }

    async fn handles_are_unique_within_a_scope_only(harness: &Harness) {
        let (ann, bob, scope) =
            (harness.create_account("ann").await, harness.create_account("bob").await, PersonaScope::Circle(circle()));
        harness.store.create_persona(&new_persona(ann.user, scope, "lily")).await.unwrap();
        assert!(is_taken(harness.store.create_persona(&new_persona(bob.user, scope, "1i1y")).await, "skeleton"));
        let elsewhere = new_persona(bob.user, PersonaScope::Circle(circle()), "1i1y");
        assert!(harness.store.create_persona(&elsewhere).await.unwrap().is_some());
        let used = NewPersona { persona: ann.persona, ..new_persona(bob.user, scope, "bobby") };
        assert!(is_taken(harness.store.create_persona(&used).await, "id"));
    }

    async fn a_persona_requires_an_account(harness: &Harness) {
        let new = new_persona(kith_testkit::user(), PersonaScope::Circle(circle()), "quiet_fox");
        assert_eq!(harness.store.create_persona(&new).await.unwrap(), None);
        assert_eq!(harness.store.get_profile(new.persona).await.unwrap(), None);
    }

    async fn a_look_alike_handle_is_rejected_without_a_trace(harness: &Harness) {
        harness.store.create_account(&new_account("Lily")).await.unwrap();
        let new = new_account("1I1y");
        assert!(is_taken(harness.store.create_account(&new).await, "skeleton"));
        assert_eq!(harness.store.get_account(new.user).await.unwrap(), None);
    }

    async fn a_persona_id_in_use_is_rejected(harness: &Harness) {
        let first = new_account("ann");
        harness.store.create_account(&first).await.unwrap();
        let second = NewAccount { persona: first.persona, ..new_account("bob") };
        assert!(is_taken(harness.store.create_account(&second).await, "id"));
    }

    async fn one_of_many_concurrent_requests_for_a_handle_succeeds(harness: &Harness) {
        let tasks: Vec<_> = (0..32)
            .map(|turn| {
                let store = harness.store.clone();
                let new = new_account(if turn % 2 == 0 { "willow" } else { "W1LLOW" });
                tokio::spawn(async move { store.create_account(&new).await })
            })
            .collect();
        let mut succeeded = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => succeeded += 1,
                result => assert!(is_taken(result, "skeleton")),
            }
        }
        assert_eq!(succeeded, 1);
    }

    async fn concurrent_creations_of_one_account_return_the_same_persona(harness: &Harness) {
        let user = kith_testkit::user();
        let tasks: Vec<_> = (0..32)
            .map(|turn| {
                let store = harness.store.clone();
                let new = NewAccount { user, ..new_account(&format!("willow_{turn}")) };
                tokio::spawn(async move { store.create_account(&new).await.unwrap().profile.id })
            })
            .collect();
        let mut personas = BTreeSet::new();
        for task in tasks {
            personas.insert(task.await.unwrap());
        }
        assert_eq!(personas.len(), 1);
    }

    async fn one_of_many_concurrent_updates_of_one_version_succeeds(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let before = harness.account(&ann).await;
        let tasks = (0..32).map(|turn| {
            let (store, version) = (harness.store.clone(), before.profile_version);
            async move { store.update_profile(ann.user, version, &handle_update(&format!("ann_{turn}"))).await.unwrap() }
        });
        let updated: Vec<_> = run_concurrently(tasks).await.into_iter().flatten().collect();
        assert_eq!(updated, [harness.account(&ann).await]);
    }

    async fn only_existing_profiles_are_returned(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let missing = PersonaId::random(&SystemEntropy);
        let found = harness.store.get_profiles(&[ann.persona, missing, bob.persona, ann.persona]).await.unwrap();
        let found: Vec<_> = found.iter().map(|profile| profile.id).collect();
        assert_eq!(found.len(), 2);
        assert!(found.contains(&ann.persona) && found.contains(&bob.persona));
        assert_eq!(harness.store.get_profiles(&[]).await.unwrap(), []);
    }

    async fn an_update_changes_only_the_given_values_and_increments_the_version(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let before = harness.account(&ann).await;
        let avatar = ProfileUpdate { handle: None, avatar: Some(Avatar::new(9).unwrap()) };
        let after = harness.store.update_profile(ann.user, before.profile_version, &avatar).await.unwrap().unwrap();
        assert_eq!((after.profile.handle.as_str(), after.profile.avatar), ("ann", 9));
        let last = harness
            .store
            .update_profile(ann.user, after.profile_version, &handle_update("Anna"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((last.profile.handle.as_str(), last.profile.avatar), ("Anna", 9));
        assert!(before.profile_version < after.profile_version && after.profile_version < last.profile_version);
        assert_eq!(harness.account(&ann).await, last);
        assert!(harness.store.create_account(&new_account("ann")).await.is_ok(), "the old handle is free");
        assert!(
            is_taken(harness.store.create_account(&new_account("ANNA")).await, "skeleton"),
            "the new handle is taken"
        );
    }

    async fn an_update_of_another_version_changes_nothing(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let before = harness.account(&ann).await;
        assert_eq!(
            harness.store.update_profile(ann.user, before.profile_version + 1, &handle_update("anna")).await.unwrap(),
            None
        );
        assert_eq!(
            harness
                .store
                .update_profile(kith_testkit::user(), before.profile_version, &handle_update("anna"))
                .await
                .unwrap(),
            None
        );
        assert_eq!(harness.account(&ann).await, before);
    }

    async fn an_update_to_a_look_alike_handle_is_rejected_and_changes_nothing(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        harness.create_account("bob").await;
        let before = harness.account(&ann).await;
        let change = ProfileUpdate { avatar: Some(Avatar::new(9).unwrap()), ..handle_update("B0B") };
        assert!(is_taken(harness.store.update_profile(ann.user, before.profile_version, &change).await, "skeleton"));
        assert_eq!(harness.account(&ann).await, before);
    }

    async fn an_account_can_change_the_case_of_its_own_handle(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let version = harness.account(&ann).await.profile_version;
        let after = harness.store.update_profile(ann.user, version, &handle_update("ANN")).await.unwrap().unwrap();
        assert_eq!(after.profile.handle, "ANN");
    }
}
