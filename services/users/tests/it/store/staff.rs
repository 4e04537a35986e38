//! Contract of `kith_users::store::StaffStore`.

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

async fn set_role(harness: &Harness, actor: &Actor, role: Role) -> Option<SetRoleOutcome> {
    let event = [event(EventPayload::Account(AccountEvent::RoleChanged { user: actor.user }))];
    harness.store.set_role(actor.user, role, &event, &[entry(harness, actor)]).await.unwrap()
}

async fn role(harness: &Harness, actor: &Actor) -> Role {
    harness.account(actor).await.profile.role
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_role_change_is_published_and_audited_once(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        assert_eq!(set_role(harness, &ann, Role::Moderator).await, Some(SetRoleOutcome::Changed));
        assert_eq!(set_role(harness, &ann, Role::Moderator).await, Some(SetRoleOutcome::Unchanged));
        assert_eq!(role(harness, &ann).await, Role::Moderator);
        assert_eq!((harness.published_events().await.len(), harness.audit_entries().await.len()), (1, 1));
        let missing = Actor { user: kith_testkit::user(), ..ann };
        assert_eq!(set_role(harness, &missing, Role::Admin).await, None);
        assert_eq!((harness.published_events().await.len(), harness.audit_entries().await.len()), (0, 1));
    }

    async fn a_role_change_is_rolled_back_if_its_audit_entry_is_rejected(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let invalid = AuditEntry { detail: "because they asked".to_owned(), ..entry(harness, &ann) };
        let event = [event(EventPayload::Account(AccountEvent::RoleChanged { user: ann.user }))];
        harness.store.set_role(ann.user, Role::Admin, &event, &[invalid]).await.unwrap_err();
        assert_eq!((role(harness, &ann).await, harness.published_events().await.len()), (Role::Member, 0));
    }

    async fn the_last_admin_cannot_be_demoted(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        set_role(harness, &ann, Role::Admin).await;
        for lower in [Role::Member, Role::Moderator] {
            assert_eq!(set_role(harness, &ann, lower).await, Some(SetRoleOutcome::LastAdmin));
        }
        set_role(harness, &bob, Role::Admin).await;
        assert_eq!(set_role(harness, &ann, Role::Moderator).await, Some(SetRoleOutcome::Changed));
        assert_eq!(set_role(harness, &bob, Role::Member).await, Some(SetRoleOutcome::LastAdmin));
        assert_eq!(harness.audit_entries().await.len(), 3, "rejected changes are not audited");
    }

    async fn concurrent_demotions_of_all_admins_leave_one_admin(harness: &Harness) {
        let mut admins = Vec::new();
        for number in 0..8 {
            let admin = harness.create_account(&format!("admin_{number}")).await;
            set_role(harness, &admin, Role::Admin).await;
            admins.push(admin);
        }
        run_concurrently(admins.iter().map(|admin| {
            let (store, user, entry) = (harness.store.clone(), admin.user, entry(harness, admin));
            async move { store.set_role(user, Role::Member, &[], &[entry]).await.unwrap() }
        }))
        .await;
        assert_eq!(harness.store.list_staff().await.unwrap().len(), 1);
    }

    async fn staff_are_listed_with_admins_first(harness: &Harness) {
        assert_eq!(harness.store.list_staff().await.unwrap(), []);
        let (ann, bob, carl) = (
            harness.create_account("ann").await,
            harness.create_account("bob").await,
            harness.create_account("carl").await,
        );
        harness.second_persona(&bob, "robert").await;
        set_role(harness, &ann, Role::Moderator).await;
        set_role(harness, &bob, Role::Admin).await;
        let staff = harness.store.list_staff().await.unwrap();
        let staff: Vec<_> = staff.iter().map(|profile| (profile.handle.as_str(), profile.role)).collect();
        assert_eq!(staff, [("bob", Role::Admin), ("ann", Role::Moderator)]);
        assert_eq!(role(harness, &carl).await, Role::Member);
    }

    async fn accounts_are_found_by_their_public_handle_only(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        harness.second_persona(&ann, "anna_too").await;
        let find = async |handle| harness.store.find_by_handle(&Handle::new(handle).unwrap()).await.unwrap();
        assert_eq!(find("ann").await.map(|found| found.id), Some(ann.persona));
        assert_eq!((find("anna_too").await, find("bob").await), (None, None));
    }

    async fn a_suspension_is_audited_once(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let until = Some(harness.clock.now());
        for done in [true, false] {
            assert_eq!(
                harness.store.set_suspension(ann.user, until, &[], &[entry(harness, &ann)]).await.unwrap(),
                done
            );
        }
        assert_eq!(harness.audit_entries().await.len(), 1);
    }
}
