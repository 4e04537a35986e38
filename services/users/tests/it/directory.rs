//! What users answer to other slices.

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
use kith_users::Directory;

use crate::harness::{circle, sqlite};

fn called(handle: &str) -> NewAccount {
    NewAccount { user: user(), handle: Some(handle.to_owned()), avatar: Some(5) }
}

fn unnamed() -> NewAccount {
    NewAccount { user: user(), handle: None, avatar: None }
}

/// Draws the same word and number for the first account and the first tries of the next; ids differ.
struct Stuck(AtomicU32);

impl Entropy for Stuck {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() == 8 && self.0.fetch_add(1, Ordering::SeqCst) < 12 {
            bytes.fill(1);
            return;
        }
        SystemEntropy.fill(bytes);
    }
}

#[test]
fn an_account_opens_as_it_asks_and_again_gives_the_same_persona() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann) = (harness.directory(), called("Ann"));
        let persona = directory.create(&ann).await.unwrap();
        assert_eq!((persona.handle.as_str(), persona.avatar, persona.badges.len()), ("Ann", 5, 0));
        assert_eq!(directory.create(&ann).await.unwrap(), persona);
        assert_eq!(directory.account_of(persona.id).await.unwrap(), Some(ann.user));
        assert_eq!(directory.account_of(PersonaId::random(&SystemEntropy)).await.unwrap(), None);
    });
}

#[test]
fn a_handle_that_is_taken_reserved_or_none_is_refused_by_its_kind() {
    block_on(async {
        let harness = sqlite().await;
        let directory = harness.directory();
        directory.create(&called("bob")).await.unwrap();
        let refusals = [
            ("B0B", ErrorKind::AlreadyExists),
            ("adm1n", ErrorKind::AlreadyExists),
            ("ab", ErrorKind::InvalidArgument),
            ("no way", ErrorKind::InvalidArgument),
            ("аnn", ErrorKind::InvalidArgument),
        ];
        for (handle, fault) in refusals {
            let asked = called(handle);
            assert_eq!(directory.create(&asked).await.unwrap_err().kind(), fault, "{handle}");
            assert_eq!(directory.status(asked.user).await.unwrap(), None, "{handle}");
        }
        let avatar = NewAccount { avatar: Some(64), ..called("carl") };
        assert_eq!(directory.create(&avatar).await.unwrap_err().kind(), ErrorKind::InvalidArgument);
    });
}

#[test]
fn who_does_not_choose_gets_a_handle_and_a_picture() {
    block_on(async {
        let harness = sqlite().await;
        let persona = harness.directory().create(&unnamed()).await.unwrap();
        assert_eq!(persona.handle.split('_').count(), 3);
        assert!(persona.avatar < 64);
    });
}

#[test]
fn a_made_up_handle_that_is_taken_is_made_up_again() {
    block_on(async {
        let harness = sqlite().await;
        let directory = Directory { entropy: Arc::new(Stuck(AtomicU32::new(0))), ..harness.directory() };
        let first = directory.create(&unnamed()).await.unwrap();
        let second = directory.create(&unnamed()).await.unwrap();
        assert_ne!(first.handle, second.handle);
    });
}

#[test]
fn a_mute_ends_by_itself_and_by_somebody() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann, staff) = (harness.directory(), harness.person("ann").await, user());
        let standing = || async { directory.status(ann.user).await.unwrap().unwrap().status };
        let until = harness.clock.now().after(Duration::from_hours(1));
        directory.mute(ann.user, until, staff).await.unwrap();
        directory.mute(ann.user, until, staff).await.unwrap();
        assert_eq!(standing().await, AccountStatus::Muted);
        harness.clock.advance(Duration::from_hours(1));
        assert_eq!(standing().await, AccountStatus::Active);
        directory.mute(ann.user, harness.clock.now().after(Duration::from_hours(1)), staff).await.unwrap();
        directory.unmute(ann.user, staff).await.unwrap();
        directory.unmute(ann.user, staff).await.unwrap();
        assert_eq!(standing().await, AccountStatus::Active);
        let facts: Vec<_> = harness.events().await.into_iter().map(|event| event.payload).collect();
        let muted = EventPayload::Account(AccountEvent::Muted { user: ann.user });
        assert_eq!(facts, [muted.clone(), muted, EventPayload::Account(AccountEvent::Unmuted { user: ann.user })]);
    });
}

#[test]
fn a_suspension_ends_by_itself_and_by_somebody() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann, staff) = (harness.directory(), harness.person("ann").await, user());
        let standing = || async { directory.status(ann.user).await.unwrap().unwrap().status };
        assert_eq!(standing().await, AccountStatus::Active);
        let until = harness.clock.now().after(Duration::from_hours(1));
        directory.suspend(ann.user, until, staff).await.unwrap();
        harness.clock.advance(Duration::from_mins(59));
        assert_eq!(standing().await, AccountStatus::Suspended);
        harness.clock.advance(Duration::from_mins(1));
        assert_eq!(standing().await, AccountStatus::Active);
        let until = harness.clock.now().after(Duration::from_hours(1));
        directory.suspend(ann.user, until, staff).await.unwrap();
        directory.reinstate(ann.user, staff).await.unwrap();
        assert_eq!(standing().await, AccountStatus::Active);
        let events = harness.events().await;
        assert!(events.iter().all(|event| event.actor == staff));
        let facts: Vec<_> = events.into_iter().map(|event| event.payload).collect();
        let suspended = EventPayload::Account(AccountEvent::Suspended { user: ann.user });
        assert_eq!(
            facts,
            [suspended.clone(), suspended, EventPayload::Account(AccountEvent::Reinstated { user: ann.user })]
        );
    });
}

#[test]
fn nobody_who_is_not_there_is_suspended() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, nobody) = (harness.directory(), user());
        let refusal = directory.suspend(nobody, harness.clock.now(), user()).await.unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::NotFound);
        assert_eq!(directory.reinstate(nobody, user()).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(harness.announced().await, []);
    });
}

#[test]
fn people_are_shown_with_what_their_role_gives() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann, bob) = (harness.directory(), harness.person("ann").await, harness.person("bob").await);
        harness.set_role(&bob, "admin").await;
        let nobody = PersonaId::random(&SystemEntropy);
        let shown = directory.find_many(&[ann.persona, bob.persona, nobody]).await.unwrap();
        let badges: BTreeMap<_, _> = shown.values().map(|it| (it.handle.as_str(), it.badges.as_slice())).collect();
        assert_eq!(badges, BTreeMap::from([("ann", &[][..]), ("bob", &[Badge::Moderator][..])]));
        assert_eq!(directory.status(bob.user).await.unwrap().unwrap().role, Role::Admin);
        assert!(directory.find_many(&[]).await.unwrap().is_empty());
    });
}

#[test]
fn what_staff_does_to_accounts_is_written_down_by_name_and_without_a_word_of_theirs() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann, staff) =
            (harness.directory(), harness.person("ann").await, harness.person("staff_one").await);
        let order = |role| SetRole { user: ann.user, role, by: staff.user, session: Some(staff.session) };
        assert_eq!(directory.set_role(&order(Role::Moderator)).await.unwrap(), SetRoleOutcome::Changed);
        let listed = directory.staff().await.unwrap();
        assert_eq!((listed[0].persona.id, listed[0].role, listed.len()), (ann.persona, Role::Moderator, 1));
        assert_eq!(directory.set_role(&order(Role::Member)).await.unwrap(), SetRoleOutcome::Changed);
        let until = harness.clock.now().after(Duration::from_hours(1));
        directory.suspend(ann.user, until, staff.user).await.unwrap();
        directory.reinstate(ann.user, staff.user).await.unwrap();
        let (about, until) = (format!("account:{}", ann.user), format!("until={}", until.millis()));
        let expected = [
            ("role_granted", "role=moderator"),
            ("role_revoked", "role=member"),
            ("account_suspended", until.as_str()),
            ("account_reinstated", ""),
        ];
        let expected = expected.map(|(act, detail)| (act.to_owned(), about.clone(), detail.to_owned()));
        assert_eq!(harness.written_down().await, expected);
        let lines = harness.audit.records_after(0, 10).await.unwrap();
        assert!(lines.iter().all(|line| line.actor == staff.user.uuid()));
        let nobody = SetRole { user: user(), ..order(Role::Admin) };
        assert_eq!(directory.set_role(&nobody).await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn in_each_circle_somebody_is_somebody_else_and_stays_so() {
    block_on(async {
        let harness = sqlite().await;
        let (directory, ann) = (harness.directory(), harness.person("ann").await);
        harness.set_role(&ann, "admin").await;
        let (one, other) = (PersonaScope::Circle(circle()), PersonaScope::Circle(circle()));
        let here = directory.get_or_create(ann.user, one).await.unwrap();
        let there = directory.get_or_create(ann.user, other).await.unwrap();
        assert_eq!(directory.get_or_create(ann.user, one).await.unwrap(), here);
        assert_ne!(here.id, there.id);
        assert_ne!(here.handle, there.handle);
        assert!([&here, &there].iter().all(|persona| persona.handle != "ann" && persona.badges.is_empty()));
        assert_eq!(directory.account_of(here.id).await.unwrap(), Some(ann.user));
        assert_eq!(directory.get_or_create(ann.user, PersonaScope::Public).await.unwrap().id, ann.persona);
        assert_eq!(directory.get_or_create(user(), one).await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_handle_that_is_taken_in_a_circle_is_made_up_again() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, space) =
            (harness.person("ann").await, harness.person("bob").await, PersonaScope::Circle(circle()));
        let directory = Directory { entropy: Arc::new(Stuck(AtomicU32::new(0))), ..harness.directory() };
        let first = directory.get_or_create(ann.user, space).await.unwrap();
        let second = directory.get_or_create(bob.user, space).await.unwrap();
        assert_ne!(first.handle, second.handle);
    });
}
