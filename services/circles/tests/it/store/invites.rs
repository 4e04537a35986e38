//! Invites.

use std::time::Duration;

use kith_circles::{
    domain::{Access, Invite, MembershipRecord},
    policy::{CircleCommand, CircleError, CommandRequest},
};
use kith_kernel::{Clock as _, PersonaId, ports::CircleRole};
use kith_testkit::run_concurrently;

use super::{MEMBER, count_invites, create_invite, execute, execute_on, join, new_invite};
use crate::harness::{Harness, membership, postgres, sqlite};

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn the_last_use_of_an_invite_admits_one_of_many_concurrent_callers(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Private, 100).await;
        let (_, code) = create_invite(harness, &circle, &owner, 1).await;
        let racers = (0..16).map(|_| {
            let (store, new) = (harness.store.clone(), membership(MEMBER));
            let command = CircleCommand::AcceptInvite(code.digest(), new.persona);
            let request = CommandRequest { circle: circle.id, stamp: harness.stamp(new.user), command };
            async move { execute_on(&*store, &request).await }
        });
        assert_eq!(run_concurrently(racers).await.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(count_invites(harness, &circle).await, 0);
    }

    async fn a_use_is_deducted_on_joining_and_the_last_one_deletes_the_invite(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Private, 10).await;
        let (invite, code) = create_invite(harness, &circle, &owner, 2).await;
        assert_eq!(harness.store.find_invite(&code.digest(), harness.clock.now()).await.unwrap(), Some(invite));
        let accept = async |new: &MembershipRecord| {
            execute(harness, circle.id, new.user, CircleCommand::AcceptInvite(code.digest(), new.persona))
                .await
                .map(drop)
        };
        let (ann, bob, eve) = (membership(MEMBER), membership(MEMBER), membership(MEMBER));
        assert_eq!((accept(&ann).await, accept(&ann).await), (Ok(()), Ok(())));
        let left = harness.store.find_invite(&code.digest(), harness.clock.now()).await.unwrap().unwrap();
        assert_eq!(left.uses_left, 1, "a call by a member takes no use");
        assert_eq!(accept(&bob).await, Ok(()));
        assert_eq!(accept(&eve).await, Err(CircleError::InviteNotFound));
        assert_eq!(harness.store.find_invite(&code.digest(), harness.clock.now()).await.unwrap(), None);
    }

    async fn an_invite_is_invalid_after_expiry_and_revocation(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Private, 10).await;
        let (invite, code) = create_invite(harness, &circle, &owner, 5).await;
        let (_, other) = create_invite(harness, &circle, &owner, 5).await;
        for _ in 0..2 {
            execute(harness, circle.id, owner.user, CircleCommand::RevokeInvite(invite.id)).await.unwrap();
        }
        let now = harness.clock.now();
        assert_eq!(harness.store.find_invite(&code.digest(), now).await.unwrap(), None);
        assert!(harness.store.find_invite(&other.digest(), now).await.unwrap().is_some());
        harness.clock.advance(Duration::from_hours(1));
        assert_eq!(harness.store.find_invite(&other.digest(), harness.clock.now()).await.unwrap(), None);
        let latecomer = membership(MEMBER);
        let result =
            execute(harness, circle.id, latecomer.user, CircleCommand::AcceptInvite(other.digest(), latecomer.persona))
                .await;
        assert_eq!((result.unwrap_err(), count_invites(harness, &circle).await), (CircleError::InviteNotFound, 0));
    }

    async fn an_invite_of_another_circle_admits_to_no_other_circle_and_cannot_be_revoked_there(harness: &Harness) {
        let (here, owner) = harness.create(Access::Private, 10).await;
        let (there, other) = harness.create(Access::Private, 10).await;
        let (foreign, code) = create_invite(harness, &there, &other, 5).await;
        let new = membership(MEMBER);
        let error = execute(harness, here.id, new.user, CircleCommand::AcceptInvite(code.digest(), new.persona))
            .await
            .unwrap_err();
        assert_eq!(error, CircleError::InviteNotFound);
        execute(harness, here.id, owner.user, CircleCommand::RevokeInvite(foreign.id)).await.unwrap();
        assert_eq!(count_invites(harness, &there).await, 1);
    }

    async fn a_repeated_create_invite_replaces_the_code(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Private, 10).await;
        let (first, lost) = create_invite(harness, &circle, &owner, 5).await;
        let (again, code) = new_invite(harness, &circle, &owner, 5);
        let again = Invite { id: first.id, ..again };
        execute(harness, circle.id, owner.user, CircleCommand::CreateInvite(again.clone())).await.unwrap();
        let now = harness.clock.now();
        assert_eq!(harness.store.list_invites(circle.id, now, None, 10).await.unwrap(), [again]);
        assert_eq!(harness.store.find_invite(&lost.digest(), now).await.unwrap(), None);
        assert!(harness.store.find_invite(&code.digest(), now).await.unwrap().is_some());
    }

    async fn a_member_who_loses_the_keeper_role_loses_their_invites(harness: &Harness) {
        let commands: [fn(PersonaId) -> CircleCommand; 3] = [
            |it| CircleCommand::ChangeRole(it, CircleRole::Member),
            CircleCommand::RemoveMember,
            CircleCommand::BanMember,
        ];
        for command in commands {
            let (circle, owner) = harness.create(Access::Open, 10).await;
            let ann = join(harness, &circle).await;
            execute(harness, circle.id, owner.user, CircleCommand::ChangeRole(ann.persona, CircleRole::Keeper))
                .await
                .unwrap();
            create_invite(harness, &circle, &ann, 5).await;
            create_invite(harness, &circle, &owner, 5).await;
            execute(harness, circle.id, owner.user, command(ann.persona)).await.unwrap();
            let left = harness.store.list_invites(circle.id, harness.clock.now(), None, 10).await.unwrap();
            assert_eq!(left.iter().map(|it| it.creator).collect::<Vec<_>>(), [owner.user]);
        }
    }
}
