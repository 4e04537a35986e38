//! Joining, leaving, join requests and roles.

use std::time::Duration;

use kith_circles::{
    domain::{Access, CircleUpdate, MembershipStatus},
    policy::{CircleCommand, CircleError, CommandRequest},
    store::MemberFilter,
};
use kith_kernel::{Clock as _, PersonaId, SystemEntropy, ports::CircleRole};
use kith_testkit::run_concurrently;

use super::{KEEPER, MEMBER, create_invite, execute, execute_on, join};
use crate::harness::{Harness, membership, postgres, sqlite};

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn one_of_64_concurrent_joins_gets_the_last_place(harness: &Harness) {
        let (circle, _) = harness.create(Access::Open, 3).await;
        join(harness, &circle).await;
        let racers = (0..64).map(|_| {
            let (store, new) = (harness.store.clone(), membership(MEMBER));
            let request = CommandRequest {
                circle: circle.id,
                stamp: harness.stamp(new.user),
                command: CircleCommand::Join(new.persona),
            };
            async move { execute_on(&*store, &request).await }
        });
        let results = run_concurrently(racers).await;
        assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 1);
        assert!(results.iter().all(|it| it.as_ref().err().is_none_or(|error| *error == CircleError::Full)));
        let members = harness.store.list_members(circle.id, MemberFilter::Members, None, 100).await.unwrap();
        assert_eq!(members.len(), 3);
    }

    async fn one_of_two_owners_who_leave_concurrently_stays(harness: &Harness) {
        for _ in 0..8 {
            let (circle, owner) = harness.create(Access::Open, 10).await;
            let other = join(harness, &circle).await;
            execute(harness, circle.id, owner.user, CircleCommand::ChangeRole(other.persona, CircleRole::Owner))
                .await
                .unwrap();
            let racers = [owner, other].map(|member| {
                let store = harness.store.clone();
                let request = CommandRequest {
                    circle: circle.id,
                    stamp: harness.stamp(member.user),
                    command: CircleCommand::Leave,
                };
                async move { execute_on(&*store, &request).await }
            });
            assert_eq!(run_concurrently(racers).await.iter().filter(|it| it.is_ok()).count(), 1);
        }
    }

    async fn a_returning_member_keeps_the_persona_and_gets_a_new_time(harness: &Harness) {
        let (circle, _) = harness.create(Access::Open, 10).await;
        let ann = join(harness, &circle).await;
        execute(harness, circle.id, ann.user, CircleCommand::Leave).await.unwrap();
        assert_eq!(harness.status(circle.id, ann.user).await, Some(MembershipStatus::Left));
        harness.clock.advance(Duration::from_hours(24));
        execute(harness, circle.id, ann.user, CircleCommand::Join(PersonaId::random(&SystemEntropy))).await.unwrap();
        let returned = harness.store.find_member(circle.id, ann.persona).await.unwrap().unwrap();
        assert_eq!((returned.user, returned.status, returned.since), (ann.user, MEMBER, harness.clock.now()));
    }

    async fn a_declined_user_can_request_again_after_seven_days(harness: &Harness) {
        let (circle, owner) = harness.create(Access::ByRequest, 10).await;
        let ann = membership(MembershipStatus::Requested);
        let request_again =
            async || execute(harness, circle.id, ann.user, CircleCommand::Join(ann.persona)).await.map(drop);
        request_again().await.unwrap();
        harness.clock.advance(Duration::from_hours(24));
        execute(harness, circle.id, owner.user, CircleCommand::DeclineRequest(ann.persona)).await.unwrap();
        assert_eq!(harness.status(circle.id, ann.user).await, Some(MembershipStatus::Declined));
        // None of these shortens or restarts the cool-down.
        harness.clock.advance(Duration::from_hours(1));
        execute(harness, circle.id, ann.user, CircleCommand::Leave).await.unwrap();
        for command in [
            CircleCommand::DeclineRequest(ann.persona),
            CircleCommand::RemoveMember(ann.persona),
            CircleCommand::UnbanMember(ann.persona),
        ] {
            execute(harness, circle.id, owner.user, command).await.unwrap();
        }
        assert_eq!(request_again().await, Err(CircleError::RequestDeclined));
        harness.clock.advance(Duration::from_hours(7 * 24 - 1).saturating_sub(Duration::from_millis(1)));
        assert_eq!(request_again().await, Err(CircleError::RequestDeclined));
        harness.clock.advance(Duration::from_millis(1));
        request_again().await.unwrap();
        assert_eq!(harness.status(circle.id, ann.user).await, Some(MembershipStatus::Requested));
    }

    async fn an_invite_an_unban_or_open_access_ends_the_cool_down(harness: &Harness) {
        let (circle, owner) = harness.create(Access::ByRequest, 10).await;
        let declined = async || {
            let new = membership(MembershipStatus::Requested);
            execute(harness, circle.id, new.user, CircleCommand::Join(new.persona)).await.unwrap();
            execute(harness, circle.id, owner.user, CircleCommand::DeclineRequest(new.persona)).await.unwrap();
            new
        };
        let (ann, bob, eve) = (declined().await, declined().await, declined().await);
        let (_, code) = create_invite(harness, &circle, &owner, 1).await;
        execute(harness, circle.id, ann.user, CircleCommand::AcceptInvite(code.digest(), ann.persona)).await.unwrap();
        assert_eq!(harness.status(circle.id, ann.user).await, Some(MEMBER));
        execute(harness, circle.id, ann.user, CircleCommand::Leave).await.unwrap();
        execute(harness, circle.id, ann.user, CircleCommand::Join(ann.persona)).await.unwrap();
        for command in [CircleCommand::BanMember(bob.persona), CircleCommand::UnbanMember(bob.persona)] {
            execute(harness, circle.id, owner.user, command).await.unwrap();
        }
        execute(harness, circle.id, bob.user, CircleCommand::Join(bob.persona)).await.unwrap();
        execute(
            harness,
            circle.id,
            owner.user,
            CircleCommand::Update(1, CircleUpdate { access: Some(Access::Open), ..CircleUpdate::default() }),
        )
        .await
        .unwrap();
        execute(harness, circle.id, eve.user, CircleCommand::Join(eve.persona)).await.unwrap();
        assert_eq!(harness.status(circle.id, eve.user).await, Some(MEMBER));
    }

    async fn a_role_change_keeps_the_time_of_joining(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        let ann = join(harness, &circle).await;
        let since = harness.clock.now();
        harness.clock.advance(Duration::from_hours(24));
        execute(harness, circle.id, owner.user, CircleCommand::ChangeRole(ann.persona, CircleRole::Keeper))
            .await
            .unwrap();
        let now = harness.store.find_member(circle.id, ann.persona).await.unwrap().unwrap();
        assert_eq!((now.status, now.since), (KEEPER, since));
    }
}
