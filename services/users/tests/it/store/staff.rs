//! What `kith_users::store::StaffStore` promises.

use kith_kernel::{
    AccountEvent, Actor, Clock as _, EventId, EventPayload, Role, SystemEntropy,
    audit::{AuditAction, AuditEntry},
    ports::SetRoleOutcome,
};
use kith_testkit::{event, run_concurrently};
use kith_users::Handle;

use crate::harness::{Harness, postgres, sqlite};

fn entry(harness: &Harness, actor: &Actor) -> AuditEntry {
    let at = harness.clock.now();
    AuditEntry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor: actor.user,
        session: None,
        action: AuditAction::RoleGranted,
        subject: format!("account:{}", actor.user),
        detail: String::new(),
    }
}

async fn set(harness: &Harness, actor: &Actor, role: Role) -> Option<SetRoleOutcome> {
    let event = [event(EventPayload::Account(AccountEvent::RoleChanged { user: actor.user }))];
    harness.store.set_role(actor.user, role, &event, &[entry(harness, actor)]).await.unwrap()
}

async fn role(harness: &Harness, actor: &Actor) -> Role {
    harness.account(actor).await.profile.role
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_role_is_given_announced_and_written_down_once(harness: &Harness) {
        let ann = harness.person("ann").await;
        assert_eq!(set(harness, &ann, Role::Moderator).await, Some(SetRoleOutcome::Changed));
        assert_eq!(set(harness, &ann, Role::Moderator).await, Some(SetRoleOutcome::Unchanged));
        assert_eq!(role(harness, &ann).await, Role::Moderator);
        assert_eq!((harness.announced().await.len(), harness.written_down().await.len()), (1, 1));
        let nobody = Actor { user: kith_testkit::user(), ..ann };
        assert_eq!(set(harness, &nobody, Role::Admin).await, None);
        assert_eq!((harness.announced().await.len(), harness.written_down().await.len()), (0, 1));
    }

    async fn a_role_that_cannot_be_written_down_was_not_given(harness: &Harness) {
        let ann = harness.person("ann").await;
        let formless = AuditEntry { detail: "because they asked".to_owned(), ..entry(harness, &ann) };
        let event = [event(EventPayload::Account(AccountEvent::RoleChanged { user: ann.user }))];
        harness.store.set_role(ann.user, Role::Admin, &event, &[formless]).await.unwrap_err();
        assert_eq!((role(harness, &ann).await, harness.announced().await.len()), (Role::Member, 0));
    }

    async fn the_last_admin_stays(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        set(harness, &ann, Role::Admin).await;
        for less in [Role::Member, Role::Moderator] {
            assert_eq!(set(harness, &ann, less).await, Some(SetRoleOutcome::LastAdmin));
        }
        set(harness, &bob, Role::Admin).await;
        assert_eq!(set(harness, &ann, Role::Moderator).await, Some(SetRoleOutcome::Changed));
        assert_eq!(set(harness, &bob, Role::Member).await, Some(SetRoleOutcome::LastAdmin));
        assert_eq!(harness.written_down().await.len(), 3, "what was refused is not written down");
    }

    async fn of_many_who_take_all_admins_roles_at_once_one_admin_is_left(harness: &Harness) {
        let mut admins = Vec::new();
        for number in 0..8 {
            let admin = harness.person(&format!("admin_no_{number}")).await;
            set(harness, &admin, Role::Admin).await;
            admins.push(admin);
        }
        run_concurrently(admins.iter().map(|admin| {
            let (store, user, entry) = (harness.store.clone(), admin.user, entry(harness, admin));
            async move { store.set_role(user, Role::Member, &[], &[entry]).await.unwrap() }
        }))
        .await;
        assert_eq!(harness.store.staff().await.unwrap().len(), 1);
    }

    async fn staff_is_who_has_a_role_admins_first(harness: &Harness) {
        assert_eq!(harness.store.staff().await.unwrap(), []);
        let (ann, bob, carl) = (harness.person("ann").await, harness.person("bob").await, harness.person("carl").await);
        harness.second_persona(&bob, "robert").await;
        set(harness, &ann, Role::Moderator).await;
        set(harness, &bob, Role::Admin).await;
        let staff = harness.store.staff().await.unwrap();
        let staff: Vec<_> = staff.iter().map(|one| (one.handle.as_str(), one.role)).collect();
        assert_eq!(staff, [("bob", Role::Admin), ("ann", Role::Moderator)]);
        assert_eq!(role(harness, &carl).await, Role::Member);
    }

    async fn somebody_is_found_by_what_they_are_called_in_public(harness: &Harness) {
        let ann = harness.person("ann").await;
        harness.second_persona(&ann, "anna_too").await;
        let called = async |handle| harness.store.called(&Handle::new(handle).unwrap()).await.unwrap();
        assert_eq!(called("ann").await.map(|found| found.id), Some(ann.persona));
        assert_eq!((called("anna_too").await, called("bob").await), (None, None));
    }

    async fn a_suspension_is_written_down_once(harness: &Harness) {
        let ann = harness.person("ann").await;
        let until = Some(harness.clock.now());
        for done in [true, false] {
            assert_eq!(harness.store.suspend(ann.user, until, &[], &[entry(harness, &ann)]).await.unwrap(), done);
        }
        assert_eq!(harness.written_down().await.len(), 1);
    }
}
