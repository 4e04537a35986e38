//! Adapters for other slices.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use kith_kernel::{
    AccountEvent, AccountStatus, Clock as _, Entropy, ErrorKind, EventPayload, PersonaId, PersonaScope, Role,
    SystemEntropy,
    ports::{
        AccountDirectory as _, AccountMuting as _, Badge, NewAccount, PersonaLookup as _, PersonaRegistry as _,
        SetRole, SetRoleOutcome, StaffDirectory as _,
    },
};
use kith_testkit::{block_on, user};
use kith_users::adapters::{AccountDirectoryAdapter, PersonaRegistryAdapter};

use crate::harness::{circle, sqlite};

fn with_handle(handle: &str) -> NewAccount {
    NewAccount { user: user(), handle: Some(handle.to_owned()), avatar: Some(5) }
}

fn without_handle() -> NewAccount {
    NewAccount { user: user(), handle: None, avatar: None }
}

/// Returns the same numbers for the first handle and for the first three attempts of the next. Ids differ.
struct RepeatingEntropy(AtomicU32);

impl Entropy for RepeatingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() == 8 && self.0.fetch_add(1, Ordering::SeqCst) < 12 {
            bytes.fill(1);
            return;
        }
        SystemEntropy.fill(bytes);
    }
}

#[test]
fn account_creation_is_idempotent() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann) = (harness.account_directory(), with_handle("Ann"));
        let persona = directory.create(&ann).await.unwrap();
        assert_eq!((persona.handle.as_str(), persona.avatar, persona.badges.len()), ("Ann", 5, 0));
        assert_eq!(directory.create(&ann).await.unwrap(), persona);
        assert_eq!(harness.persona_lookup().account_of(persona.id).await.unwrap(), Some(ann.user));
        assert_eq!(harness.persona_lookup().account_of(PersonaId::random(&SystemEntropy)).await.unwrap(), None);
    });
}

#[test]
fn taken_reserved_and_invalid_handles_are_rejected_with_their_kind() {
    block_on(async {
        let harness = sqlite().await;
        let directory = harness.account_directory();
        directory.create(&with_handle("bob")).await.unwrap();
        let errors = [
            ("B0B", ErrorKind::AlreadyExists),
            ("adm1n", ErrorKind::AlreadyExists),
            ("ab", ErrorKind::InvalidArgument),
            ("no way", ErrorKind::InvalidArgument),
            ("аnn", ErrorKind::InvalidArgument),
        ];
        for (handle, kind) in errors {
            let new = with_handle(handle);
            assert_eq!(directory.create(&new).await.unwrap_err().kind(), kind, "{handle}");
            assert_eq!(directory.status(new.user).await.unwrap(), None, "{handle}");
        }
        let avatar = NewAccount { avatar: Some(64), ..with_handle("carl") };
        assert_eq!(directory.create(&avatar).await.unwrap_err().kind(), ErrorKind::InvalidArgument);
    });
}

#[test]
fn an_account_without_a_requested_handle_gets_a_generated_handle_and_an_avatar() {
    block_on(async {
        let harness = sqlite().await;
        let persona = harness.account_directory().create(&without_handle()).await.unwrap();
        assert_eq!(persona.handle.split('_').count(), 3);
        assert!(persona.avatar < 64);
    });
}

#[test]
fn account_creation_retries_when_a_generated_handle_is_taken() {
    block_on(async {
        let harness = sqlite().await;
        let directory = AccountDirectoryAdapter {
            entropy: Arc::new(RepeatingEntropy(AtomicU32::new(0))),
            ..harness.account_directory()
        };
        let first = directory.create(&without_handle()).await.unwrap();
        let second = directory.create(&without_handle()).await.unwrap();
        assert_ne!(first.handle, second.handle);
    });
}

#[test]
fn a_mute_ends_at_its_time_or_when_it_is_lifted() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, muting) = (harness.account_directory(), harness.account_muting());
        let (ann, staff) = (harness.create_account("ann").await, user());
        let status = || async { directory.status(ann.user).await.unwrap().unwrap().status };
        let until = harness.clock.now().after(Duration::from_hours(1));
        muting.mute(ann.user, until, staff).await.unwrap();
        muting.mute(ann.user, until, staff).await.unwrap();
        assert_eq!(status().await, AccountStatus::Muted);
        harness.clock.advance(Duration::from_hours(1));
        assert_eq!(status().await, AccountStatus::Active);
        muting.mute(ann.user, harness.clock.now().after(Duration::from_hours(1)), staff).await.unwrap();
        muting.unmute(ann.user, staff).await.unwrap();
        muting.unmute(ann.user, staff).await.unwrap();
        assert_eq!(status().await, AccountStatus::Active);
        let payloads: Vec<_> = harness.events().await.into_iter().map(|event| event.payload).collect();
        let muted = EventPayload::Account(AccountEvent::Muted { user: ann.user });
        assert_eq!(payloads, [muted.clone(), muted, EventPayload::Account(AccountEvent::Unmuted { user: ann.user })]);
    });
}

#[test]
fn a_suspension_ends_at_its_time_or_by_reinstatement() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann, staff) = (harness.account_directory(), harness.create_account("ann").await, user());
        let status = || async { directory.status(ann.user).await.unwrap().unwrap().status };
        assert_eq!(status().await, AccountStatus::Active);
        let until = harness.clock.now().after(Duration::from_hours(1));
        directory.suspend(ann.user, until, staff).await.unwrap();
        harness.clock.advance(Duration::from_mins(59));
        assert_eq!(status().await, AccountStatus::Suspended);
        harness.clock.advance(Duration::from_mins(1));
        assert_eq!(status().await, AccountStatus::Active);
        let until = harness.clock.now().after(Duration::from_hours(1));
        directory.suspend(ann.user, until, staff).await.unwrap();
        directory.reinstate(ann.user, staff).await.unwrap();
        assert_eq!(status().await, AccountStatus::Active);
        let events = harness.events().await;
        assert!(events.iter().all(|event| event.actor == staff));
        let payloads: Vec<_> = events.into_iter().map(|event| event.payload).collect();
        let suspended = EventPayload::Account(AccountEvent::Suspended { user: ann.user });
        assert_eq!(
            payloads,
            [suspended.clone(), suspended, EventPayload::Account(AccountEvent::Reinstated { user: ann.user })]
        );
    });
}

#[test]
fn a_missing_account_cannot_be_suspended() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, missing) = (harness.account_directory(), user());
        let error = directory.suspend(missing, harness.clock.now(), user()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(directory.reinstate(missing, user()).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(harness.published_events().await, []);
    });
}

#[test]
fn personas_have_the_badges_of_their_role() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        harness.set_role(&bob, "admin").await;
        let personas = harness.persona_lookup();
        let missing = PersonaId::random(&SystemEntropy);
        let shown = personas.find_many(&[ann.persona, bob.persona, missing]).await.unwrap();
        let badges: BTreeMap<_, _> = shown.values().map(|it| (it.handle.as_str(), it.badges.as_slice())).collect();
        assert_eq!(badges, BTreeMap::from([("ann", &[][..]), ("bob", &[Badge::Moderator][..])]));
        assert_eq!(harness.account_directory().status(bob.user).await.unwrap().unwrap().role, Role::Admin);
        assert!(personas.find_many(&[]).await.unwrap().is_empty());
    });
}

#[test]
fn actions_of_staff_on_accounts_are_audited_without_user_text() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, staff_directory) = (harness.account_directory(), harness.staff_directory());
        let (ann, staff) = (harness.create_account("ann").await, harness.create_account("staff_one").await);
        let request = |role| SetRole { user: ann.user, role, by: staff.user, session: Some(staff.session) };
        assert_eq!(staff_directory.set_role(&request(Role::Moderator)).await.unwrap(), SetRoleOutcome::Changed);
        let listed = staff_directory.staff().await.unwrap();
        assert_eq!((listed[0].persona.id, listed[0].role, listed.len()), (ann.persona, Role::Moderator, 1));
        assert_eq!(staff_directory.set_role(&request(Role::Member)).await.unwrap(), SetRoleOutcome::Changed);
        let until = harness.clock.now().after(Duration::from_hours(1));
        directory.suspend(ann.user, until, staff.user).await.unwrap();
        directory.reinstate(ann.user, staff.user).await.unwrap();
        let (subject, until) = (format!("account:{}", ann.user), format!("until={}", until.millis()));
        let expected = [
            ("role_granted", "role=moderator"),
            ("role_revoked", "role=member"),
            ("account_suspended", until.as_str()),
            ("account_reinstated", ""),
        ];
        let expected = expected.map(|(action, detail)| (action.to_owned(), subject.clone(), detail.to_owned()));
        assert_eq!(harness.audit_entries().await, expected);
        let records = harness.audit.records_after(0, 10).await.unwrap();
        assert!(records.iter().all(|record| record.actor == staff.user.uuid()));
        let missing = SetRole { user: user(), ..request(Role::Admin) };
        assert_eq!(staff_directory.set_role(&missing).await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn an_account_has_a_different_stable_persona_in_each_circle() {
    block_on(async {
        let harness = sqlite().await;
        let (registry, ann) = (harness.persona_registry(), harness.create_account("ann").await);
        harness.set_role(&ann, "admin").await;
        let (first, second) = (PersonaScope::Circle(circle()), PersonaScope::Circle(circle()));
        let here = registry.get_or_create(ann.user, first).await.unwrap();
        let there = registry.get_or_create(ann.user, second).await.unwrap();
        assert_eq!(registry.get_or_create(ann.user, first).await.unwrap(), here);
        assert_ne!(here.id, there.id);
        assert_ne!(here.handle, there.handle);
        assert!([&here, &there].iter().all(|persona| persona.handle != "ann" && persona.badges.is_empty()));
        assert_eq!(harness.persona_lookup().account_of(here.id).await.unwrap(), Some(ann.user));
        assert_eq!(registry.get_or_create(ann.user, PersonaScope::Public).await.unwrap().id, ann.persona);
        assert_eq!(registry.get_or_create(user(), first).await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn persona_creation_retries_when_a_generated_handle_is_taken() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, scope) =
            (harness.create_account("ann").await, harness.create_account("bob").await, PersonaScope::Circle(circle()));
        let registry = PersonaRegistryAdapter {
            entropy: Arc::new(RepeatingEntropy(AtomicU32::new(0))),
            ..harness.persona_registry()
        };
        let first = registry.get_or_create(ann.user, scope).await.unwrap();
        let second = registry.get_or_create(bob.user, scope).await.unwrap();
        assert_ne!(first.handle, second.handle);
    });
}
