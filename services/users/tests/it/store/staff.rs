//! What `kith_users::store::StaffStore` promises.

use kith_kernel::{
    Actor, Clock as _, EventId, Fact, Role, SystemEntropy,
    audit::{Act, Entry},
    ports::RoleSet,
};
use kith_testkit::{happened, race};
use kith_users::Handle;

use crate::bed::{Bed, postgres, sqlite};

fn entry(bed: &Bed, actor: &Actor) -> Entry {
    let at = bed.clock.now();
    Entry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor: actor.user,
        session: None,
        act: Act::RoleGranted,
        subject: format!("account:{}", actor.user),
        detail: String::new(),
    }
}

async fn set(bed: &Bed, actor: &Actor, role: Role) -> Option<RoleSet> {
    let event = [happened(Fact::RoleChanged { user: actor.user })];
    bed.store.set_role(actor.user, role, &event, &[entry(bed, actor)]).await.unwrap()
}

async fn role(bed: &Bed, actor: &Actor) -> Role {
    bed.account(actor).await.profile.role
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_role_is_given_announced_and_written_down_once(bed: &Bed) {
        let ann = bed.person("ann").await;
        assert_eq!(set(bed, &ann, Role::Moderator).await, Some(RoleSet::Done));
        assert_eq!(set(bed, &ann, Role::Moderator).await, Some(RoleSet::Already));
        assert_eq!(role(bed, &ann).await, Role::Moderator);
        assert_eq!((bed.announced().await.len(), bed.written_down().await.len()), (1, 1));
        let nobody = Actor { user: kith_testkit::user(), ..ann };
        assert_eq!(set(bed, &nobody, Role::Admin).await, None);
        assert_eq!((bed.announced().await.len(), bed.written_down().await.len()), (0, 1));
    }

    async fn a_role_that_cannot_be_written_down_was_not_given(bed: &Bed) {
        let ann = bed.person("ann").await;
        let formless = Entry { detail: "because they asked".to_owned(), ..entry(bed, &ann) };
        let event = [happened(Fact::RoleChanged { user: ann.user })];
        bed.store.set_role(ann.user, Role::Admin, &event, &[formless]).await.unwrap_err();
        assert_eq!((role(bed, &ann).await, bed.announced().await.len()), (Role::Member, 0));
    }

    async fn the_last_admin_stays(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        set(bed, &ann, Role::Admin).await;
        for less in [Role::Member, Role::Moderator] {
            assert_eq!(set(bed, &ann, less).await, Some(RoleSet::LastAdmin));
        }
        set(bed, &bob, Role::Admin).await;
        assert_eq!(set(bed, &ann, Role::Moderator).await, Some(RoleSet::Done));
        assert_eq!(set(bed, &bob, Role::Member).await, Some(RoleSet::LastAdmin));
        assert_eq!(bed.written_down().await.len(), 3, "what was refused is not written down");
    }

    async fn of_many_who_take_all_admins_roles_at_once_one_admin_is_left(bed: &Bed) {
        let mut admins = Vec::new();
        for number in 0..8 {
            let admin = bed.person(&format!("admin_no_{number}")).await;
            set(bed, &admin, Role::Admin).await;
            admins.push(admin);
        }
        race(admins.iter().map(|admin| {
            let (store, user, entry) = (bed.store.clone(), admin.user, entry(bed, admin));
            async move { store.set_role(user, Role::Member, &[], &[entry]).await.unwrap() }
        }))
        .await;
        assert_eq!(bed.store.staff().await.unwrap().len(), 1);
    }

    async fn staff_is_who_has_a_role_admins_first(bed: &Bed) {
        assert_eq!(bed.store.staff().await.unwrap(), []);
        let (ann, bob, carl) = (bed.person("ann").await, bed.person("bob").await, bed.person("carl").await);
        bed.second_persona(&bob, "robert").await;
        set(bed, &ann, Role::Moderator).await;
        set(bed, &bob, Role::Admin).await;
        let staff = bed.store.staff().await.unwrap();
        let staff: Vec<_> = staff.iter().map(|one| (one.handle.as_str(), one.role)).collect();
        assert_eq!(staff, [("bob", Role::Admin), ("ann", Role::Moderator)]);
        assert_eq!(role(bed, &carl).await, Role::Member);
    }

    async fn somebody_is_found_by_what_they_are_called_in_public(bed: &Bed) {
        let ann = bed.person("ann").await;
        bed.second_persona(&ann, "anna_too").await;
        let called = async |handle| bed.store.called(&Handle::new(handle).unwrap()).await.unwrap();
        assert_eq!(called("ann").await.map(|found| found.id), Some(ann.persona));
        assert_eq!((called("anna_too").await, called("bob").await), (None, None));
    }

    async fn a_suspension_is_written_down_once(bed: &Bed) {
        let ann = bed.person("ann").await;
        let until = Some(bed.clock.now());
        for done in [true, false] {
            assert_eq!(bed.store.suspend(ann.user, until, &[], &[entry(bed, &ann)]).await.unwrap(), done);
        }
        assert_eq!(bed.written_down().await.len(), 1);
    }
}
