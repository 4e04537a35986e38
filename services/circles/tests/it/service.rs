//! Use cases and their errors, on the embedded store.

use std::time::Duration;

use kith_circles::{
    Error, Service,
    domain::{Access, CircleUpdate, InviteLimits},
    policy::CircleError,
    service::Scope,
    store::{CircleView, MemberFilter},
};
use kith_kernel::{
    Actor, CircleId, PageSize, PersonaId,
    ports::{CircleLookup as _, CircleModeration as _, CircleRole, Membership as _},
};
use kith_testkit::{block_on, member};

use crate::harness::{Harness, settings, sqlite};

/// Returns the rule that rejected the call.
fn rejection<T>(result: Result<T, Error>) -> Option<CircleError> {
    let Some(Error::Rejected(error)) = result.err() else { return None };
    Some(error)
}

async fn create(circles: &Service, owner: &Actor, access: Access) -> CircleId {
    circles.create(owner, settings(access, 10), None).await.unwrap().circle.id
}

fn persona(view: &CircleView) -> PersonaId {
    view.membership.unwrap().persona
}

async fn members(circles: &Service, actor: &Actor, circle: CircleId) -> Vec<PersonaId> {
    let (_, members, _) = circles.list_members(actor, circle, MemberFilter::Members, PageSize::MAX, "").await.unwrap();
    members.iter().map(|member| member.persona).collect()
}

fn single_use() -> InviteLimits {
    InviteLimits::new(1, 1).unwrap()
}

/// Calls every method about a circle that is invisible to the actor, and returns the errors.
async fn call_all(
    harness: &Harness,
    circles: &Service,
    actor: &Actor,
    circle: CircleId,
    target: PersonaId,
) -> Vec<CircleError> {
    let invite = kith_circles::domain::invite_id(None, &kith_kernel::SystemEntropy);
    let size = PageSize::DEFAULT;
    let all = [
        rejection(circles.get(actor, circle, None).await),
        rejection(circles.update(actor, circle, "1", CircleUpdate::default()).await),
        rejection(circles.archive(actor, circle).await),
        rejection(circles.join(actor, circle).await),
        rejection(circles.leave(actor, circle).await),
        rejection(circles.list_members(actor, circle, MemberFilter::Members, size, "").await),
        rejection(circles.list_members(actor, circle, MemberFilter::Requested, size, "").await),
        rejection(circles.list_members(actor, circle, MemberFilter::Banned, size, "").await),
        rejection(circles.change_role(actor, circle, target, CircleRole::Member).await),
        rejection(circles.remove(actor, circle, target).await),
        rejection(circles.ban(actor, circle, target).await),
        rejection(circles.unban(actor, circle, target).await),
        rejection(circles.approve(actor, circle, target).await),
        rejection(circles.decline(actor, circle, target).await),
        rejection(circles.create_invite(actor, circle, single_use(), None).await),
        rejection(circles.list_invites(actor, circle, size, "").await),
        rejection(circles.revoke_invite(actor, circle, invite).await),
        rejection(circles.list_log(actor, circle, size, "").await),
        rejection(circles.ensure_member(actor, circle).await),
    ];
    let listed = circles.list(actor, Scope::Public(None), PageSize::MAX, "").await.unwrap().0;
    assert!(listed.iter().all(|view| view.circle.id != circle), "the circle is listed");
    assert_eq!(harness.membership().find(actor.user, circle).await.unwrap(), None);
    assert_eq!(harness.lookup().summary(actor.user, circle).await.unwrap(), None);
    all.into_iter().map(|error| error.unwrap()).collect()
}

#[test]
fn a_private_circle_is_indistinguishable_from_a_missing_one_in_every_method() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, stranger) = (harness.service(), member(), member());
        let view = circles.create(&owner, settings(Access::Private, 10), None).await.unwrap();
        let (circle, owner_persona) = (view.circle.id, persona(&view));
        let missing = crate::harness::circle(Access::Open, 5).id;
        let errors_of_private = call_all(&harness, &circles, &stranger, circle, owner_persona).await;
        let errors_of_missing = call_all(&harness, &circles, &stranger, missing, owner_persona).await;
        assert!(errors_of_private.iter().all(|error| *error == CircleError::CircleNotFound), "{errors_of_private:?}");
        assert_eq!(errors_of_private, errors_of_missing);
        assert!(!harness.scenario.has_persona(stranger.user, circle));
    });
}

#[test]
fn a_circle_is_invisible_to_a_banned_account_even_with_an_invite() {
    block_on(async {
        let harness = sqlite().await;
        for access in [Access::Open, Access::ByRequest, Access::Private] {
            let (circles, owner, ann) = (harness.service(), member(), member());
            let circle = create(&circles, &owner, access).await;
            let invite = circles.create_invite(&owner, circle, InviteLimits::new(5, 1).unwrap(), None).await.unwrap();
            let ann_persona = persona(&circles.accept_invite(&ann, &invite.code).await.unwrap());
            circles.ban(&owner, circle, ann_persona).await.unwrap();
            let errors = call_all(&harness, &circles, &ann, circle, ann_persona).await;
            assert!(errors.iter().all(|error| *error == CircleError::CircleNotFound), "{errors:?}");
            assert_eq!(
                rejection(circles.get(&ann, circle, Some(&invite.code)).await),
                Some(CircleError::CircleNotFound)
            );
            assert_eq!(rejection(circles.accept_invite(&ann, &invite.code).await), Some(CircleError::InviteNotFound));
            let (_, banned, _) =
                circles.list_members(&owner, circle, MemberFilter::Banned, PageSize::MAX, "").await.unwrap();
            assert_eq!(banned[0].persona, ann_persona);
            circles.unban(&owner, circle, ann_persona).await.unwrap();
            assert!(circles.accept_invite(&ann, &invite.code).await.is_ok());
        }
    });
}

#[test]
fn an_archived_circle_is_read_only_and_visible_only_to_members() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, stranger) = (harness.service(), member(), member(), member());
        let circle = create(&circles, &owner, Access::Open).await;
        let ann_persona = persona(&circles.join(&ann, circle).await.unwrap());
        circles.archive(&owner, circle).await.unwrap();
        let errors = call_all(&harness, &circles, &stranger, circle, ann_persona).await;
        assert!(errors.iter().all(|error| *error == CircleError::CircleNotFound), "{errors:?}");
        assert!(!harness.membership().find(ann.user, circle).await.unwrap().unwrap().can_post);
        assert!(harness.lookup().summary(ann.user, circle).await.unwrap().is_some(), "visible to its members");
        assert_eq!(members(&circles, &ann, circle).await.len(), 2);
        let errors = [
            rejection(circles.update(&owner, circle, "1", CircleUpdate::default()).await),
            rejection(circles.change_role(&owner, circle, ann_persona, CircleRole::Keeper).await),
            rejection(circles.create_invite(&owner, circle, single_use(), None).await),
        ];
        assert_eq!(errors, [Some(CircleError::Archived); 3]);
        circles.leave(&ann, circle).await.unwrap();
        circles.leave(&owner, circle).await.unwrap();
    });
}

#[test]
fn a_closed_circle_is_invisible_to_others_and_reported_as_closed_to_its_members() {
    block_on(async {
        let harness = sqlite().await;
        for access in [Access::Open, Access::ByRequest, Access::Private] {
            let (circles, owner, ann, stranger) = (harness.service(), member(), member(), member());
            let circle = create(&circles, &owner, access).await;
            let invite = circles.create_invite(&owner, circle, InviteLimits::new(9, 1).unwrap(), None).await.unwrap();
            let ann_persona = persona(&circles.accept_invite(&ann, &invite.code).await.unwrap());
            let (former_member, requester) = (member(), member());
            circles.accept_invite(&former_member, &invite.code).await.unwrap();
            circles.leave(&former_member, circle).await.unwrap();
            if access == Access::ByRequest {
                circles.join(&requester, circle).await.unwrap();
            }
            assert_eq!(
                harness.lookup().summary(ann.user, circle).await.unwrap().unwrap().owner.unwrap().user,
                owner.user
            );
            harness.moderation().close(circle, owner.user).await.unwrap();
            for outsider in [&stranger, &former_member, &requester] {
                let errors = call_all(&harness, &circles, outsider, circle, ann_persona).await;
                assert!(errors.iter().all(|error| *error == CircleError::CircleNotFound), "{errors:?}");
                assert_eq!(
                    rejection(circles.get(outsider, circle, Some(&invite.code)).await),
                    Some(CircleError::CircleNotFound)
                );
                assert_eq!(
                    rejection(circles.accept_invite(outsider, &invite.code).await),
                    Some(CircleError::InviteNotFound)
                );
            }
            for insider in [&ann, &owner] {
                assert!(circles.get(insider, circle, None).await.unwrap().circle.closed_at.is_some());
                assert_eq!(circles.list(insider, Scope::Own, PageSize::MAX, "").await.unwrap().0.len(), 1);
                assert_eq!(
                    rejection(circles.accept_invite(insider, &invite.code).await),
                    Some(CircleError::InviteNotFound)
                );
                assert_eq!(harness.membership().circles_of(insider.user).await.unwrap(), []);
                assert_eq!(harness.membership().find(insider.user, circle).await.unwrap(), None);
                assert_eq!(harness.lookup().summary(insider.user, circle).await.unwrap(), None);
            }
            let size = PageSize::DEFAULT;
            let errors = [
                rejection(circles.update(&owner, circle, "1", CircleUpdate::default()).await),
                rejection(circles.join(&owner, circle).await),
                rejection(circles.list_members(&owner, circle, MemberFilter::Members, size, "").await),
                rejection(circles.list_members(&owner, circle, MemberFilter::Requested, size, "").await),
                rejection(circles.list_members(&owner, circle, MemberFilter::Banned, size, "").await),
                rejection(circles.change_role(&owner, circle, ann_persona, CircleRole::Member).await),
                rejection(circles.remove(&owner, circle, ann_persona).await),
                rejection(circles.ban(&owner, circle, ann_persona).await),
                rejection(circles.unban(&owner, circle, ann_persona).await),
                rejection(circles.approve(&owner, circle, ann_persona).await),
                rejection(circles.decline(&owner, circle, ann_persona).await),
                rejection(circles.create_invite(&owner, circle, single_use(), None).await),
                rejection(circles.list_invites(&owner, circle, size, "").await),
                rejection(circles.revoke_invite(&owner, circle, invite.invite.id).await),
                rejection(circles.list_log(&owner, circle, size, "").await),
                rejection(circles.ensure_member(&ann, circle).await),
            ];
            assert!(errors.iter().all(|error| *error == Some(CircleError::Closed)), "{errors:?}");
            assert!(harness.moderation().is_keeper(owner.user, circle).await.unwrap());
            assert!(!harness.moderation().is_keeper(ann.user, circle).await.unwrap());
            assert!(!harness.moderation().is_keeper(stranger.user, circle).await.unwrap());
        }
    });
}

#[test]
fn a_closed_circle_can_be_left_archived_and_reopened() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, bob) = (harness.service(), member(), member(), member());
        let circle = create(&circles, &owner, Access::Private).await;
        let invite = circles.create_invite(&owner, circle, InviteLimits::new(9, 1).unwrap(), None).await.unwrap();
        circles.accept_invite(&ann, &invite.code).await.unwrap();
        harness.moderation().close(circle, owner.user).await.unwrap();
        assert_eq!(rejection(circles.leave(&owner, circle).await), Some(CircleError::LastOwner));
        circles.leave(&ann, circle).await.unwrap();
        assert_eq!(rejection(circles.get(&ann, circle, None).await), Some(CircleError::CircleNotFound));
        harness.moderation().reopen(circle, owner.user).await.unwrap();
        assert_eq!(members(&circles, &owner, circle).await.len(), 1);
        circles.accept_invite(&bob, &invite.code).await.unwrap();
        harness.moderation().close(circle, owner.user).await.unwrap();
        assert_eq!(rejection(circles.archive(&bob, circle).await), Some(CircleError::RoleTooLow));
        circles.archive(&owner, circle).await.unwrap();
        circles.leave(&owner, circle).await.unwrap();
        harness.moderation().reopen(circle, owner.user).await.unwrap();
        assert!(!harness.membership().find(bob.user, circle).await.unwrap().unwrap().can_post, "archived");
    });
}

#[test]
fn members_and_strangers_are_rejected_where_a_higher_role_is_required() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, stranger) = (harness.service(), member(), member(), member());
        let circle = create(&circles, &owner, Access::Open).await;
        let ann_persona = persona(&circles.join(&ann, circle).await.unwrap());
        for filter in [MemberFilter::Requested, MemberFilter::Banned] {
            let result = circles.list_members(&ann, circle, filter, PageSize::MAX, "").await;
            assert_eq!(rejection(result), Some(CircleError::RoleTooLow));
        }
        assert_eq!(
            rejection(circles.create_invite(&ann, circle, single_use(), None).await),
            Some(CircleError::RoleTooLow)
        );
        assert_eq!(rejection(circles.ban(&ann, circle, ann_persona).await), Some(CircleError::RoleTooLow));
        assert_eq!(rejection(circles.archive(&ann, circle).await), Some(CircleError::RoleTooLow));
        let result = circles.list_members(&stranger, circle, MemberFilter::Members, PageSize::MAX, "").await;
        assert_eq!(rejection(result), Some(CircleError::NotAMember));
        assert_eq!(rejection(circles.remove(&stranger, circle, ann_persona).await), Some(CircleError::NotAMember));
    });
}

#[test]
fn an_invite_shows_a_private_circle_and_admits_to_it() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let circle = create(&circles, &owner, Access::Private).await;
        let other = create(&circles, &owner, Access::Private).await;
        let created = circles.create_invite(&owner, circle, single_use(), None).await.unwrap();
        assert_eq!(circles.get(&ann, circle, Some(&created.code)).await.unwrap().circle.id, circle);
        assert_eq!(rejection(circles.get(&ann, other, Some(&created.code)).await), Some(CircleError::CircleNotFound));
        assert_eq!(rejection(circles.join(&ann, circle).await), Some(CircleError::CircleNotFound));
        assert_eq!(circles.accept_invite(&ann, &created.code).await.unwrap().circle.id, circle);
        let latecomer = member();
        assert_eq!(
            rejection(circles.get(&latecomer, circle, Some(&created.code)).await),
            Some(CircleError::CircleNotFound)
        );
        let expiring = circles.create_invite(&owner, circle, single_use(), None).await.unwrap();
        harness.clock.advance(Duration::from_hours(2));
        assert_eq!(
            rejection(circles.accept_invite(&latecomer, &expiring.code).await),
            Some(CircleError::InviteNotFound)
        );
        assert_eq!(circles.list_invites(&owner, circle, PageSize::MAX, "").await.unwrap().0, []);
    });
}

#[test]
fn a_join_request_is_approved_or_declined_and_can_be_repeated_after_a_week() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let circle = create(&circles, &owner, Access::ByRequest).await;
        let requester = persona(&circles.join(&ann, circle).await.unwrap());
        assert_eq!(harness.membership().find(ann.user, circle).await.unwrap(), None);
        circles.decline(&owner, circle, requester).await.unwrap();
        assert_eq!(rejection(circles.approve(&owner, circle, requester).await), Some(CircleError::MemberNotFound));
        assert_eq!(rejection(circles.join(&ann, circle).await), Some(CircleError::RequestDeclined));
        harness.clock.advance(Duration::from_hours(7 * 24));
        assert_eq!(persona(&circles.join(&ann, circle).await.unwrap()), requester);
        let (_, requests, _) =
            circles.list_members(&owner, circle, MemberFilter::Requested, PageSize::MAX, "").await.unwrap();
        assert_eq!(requests.len(), 1);
        circles.approve(&owner, circle, requester).await.unwrap();
        let membership = harness.membership().find(ann.user, circle).await.unwrap().unwrap();
        assert_eq!((membership.persona, membership.role, membership.can_post), (requester, CircleRole::Member, true));
        assert_eq!(harness.membership().circles_of(ann.user).await.unwrap(), [circle]);
    });
}

#[test]
fn the_last_owner_must_transfer_the_circle_and_owners_cannot_remove_each_other() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let view = circles.create(&owner, settings(Access::Open, 10), None).await.unwrap();
        let (circle, first) = (view.circle.id, persona(&view));
        let ann_persona = persona(&circles.join(&ann, circle).await.unwrap());
        assert_eq!(rejection(circles.leave(&owner, circle).await), Some(CircleError::LastOwner));
        let step_down = circles.change_role(&owner, circle, first, CircleRole::Member).await;
        assert_eq!(rejection(step_down), Some(CircleError::LastOwner));
        circles.change_role(&owner, circle, ann_persona, CircleRole::Owner).await.unwrap();
        assert_eq!(rejection(circles.remove(&owner, circle, ann_persona).await), Some(CircleError::RoleTooLow));
        assert_eq!(rejection(circles.ban(&ann, circle, first).await), Some(CircleError::RoleTooLow));
        assert_eq!(
            rejection(circles.change_role(&ann, circle, first, CircleRole::Member).await),
            Some(CircleError::RoleTooLow)
        );
        circles.leave(&owner, circle).await.unwrap();
        assert_eq!(members(&circles, &ann, circle).await, [ann_persona]);
    });
}

#[test]
fn a_private_circle_cannot_become_public() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let circle = create(&circles, &owner, Access::Open).await;
        let update = |access| CircleUpdate { access: Some(access), ..CircleUpdate::default() };
        let view = circles.update(&owner, circle, "1", update(Access::Private)).await.unwrap();
        let result = circles.update(&owner, circle, &view.circle.etag(), update(Access::Open)).await;
        assert_eq!(rejection(result), Some(CircleError::PrivateIsPermanent));
        let stale = circles.update(&owner, circle, "not an etag", update(Access::Private)).await;
        assert_eq!(rejection(stale), Some(CircleError::EtagMismatch));
    });
}

#[test]
fn members_who_block_each_other_are_mutually_hidden_and_the_member_count_does_not_reveal_it() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, bob) = (harness.service(), member(), member(), member());
        let view = circles.create(&owner, settings(Access::ByRequest, 10), None).await.unwrap();
        let (circle, first) = (view.circle.id, persona(&view));
        let mut personas = Vec::new();
        for actor in [&ann, &bob] {
            let requester = persona(&circles.join(actor, circle).await.unwrap());
            circles.approve(&owner, circle, requester).await.unwrap();
            personas.push(requester);
        }
        let count = circles.get(&ann, circle, None).await.unwrap().circle.approximate_members();
        harness.scenario.block(&ann, &bob);
        assert!(!members(&circles, &ann, circle).await.contains(&personas[1]));
        assert!(!members(&circles, &bob, circle).await.contains(&personas[0]));
        assert_eq!(members(&circles, &owner, circle).await.len(), 3);
        assert_eq!(circles.get(&ann, circle, None).await.unwrap().circle.approximate_members(), count);
        circles.change_role(&owner, circle, personas[0], CircleRole::Owner).await.unwrap();
        let result = circles.change_role(&ann, circle, personas[1], CircleRole::Keeper).await;
        assert_eq!(rejection(result), Some(CircleError::MemberNotFound));
        circles.ban(&ann, circle, personas[1]).await.unwrap();
        assert_eq!(members(&circles, &owner, circle).await.len(), 2);
        circles.remove(&ann, circle, personas[1]).await.unwrap();
        let (_, banned, _) = circles.list_members(&ann, circle, MemberFilter::Banned, PageSize::MAX, "").await.unwrap();
        assert_eq!(banned, []);
        assert!(members(&circles, &owner, circle).await.contains(&first));
    });
}

#[test]
fn pages_of_members_are_complete_and_omit_hidden_members() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let circle = circles.create(&owner, settings(Access::Open, 1_000), None).await.unwrap().circle.id;
        let mut visible = Vec::new();
        for number in 0..150 {
            let new = member();
            let joined = persona(&circles.join(&new, circle).await.unwrap());
            if number < 140 { harness.scenario.block(&owner, &new) } else { visible.push(joined) }
        }
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let size = PageSize::new(3).unwrap();
            let page = circles.list_members(&owner, circle, MemberFilter::Members, size, &token).await.unwrap();
            listed.extend(page.1.iter().map(|member| member.persona));
            token = page.2;
            if token.is_empty() {
                break;
            }
        }
        visible.sort();
        assert_eq!(listed[1..], visible);
        let foreign = circles.list_members(&owner, circle, MemberFilter::Banned, PageSize::DEFAULT, "AAAA").await;
        assert!(matches!(foreign, Err(Error::Pagination(_))));
    });
}

#[test]
fn pages_of_the_log_are_complete_and_omit_hidden_accounts() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let view = circles.create(&owner, settings(Access::Open, 1_000), None).await.unwrap();
        let (circle, first) = (view.circle.id, persona(&view));
        let mut expected = vec![(first, None)];
        for number in 0..150 {
            harness.clock.advance(Duration::from_secs(1));
            let new = member();
            let joined = persona(&circles.join(&new, circle).await.unwrap());
            if number % 15 == 0 {
                expected.push((joined, Some(joined)));
            } else {
                harness.scenario.block(&new, &owner);
            }
            if number % 30 == 0 {
                harness.clock.advance(Duration::from_secs(1));
                circles.remove(&owner, circle, joined).await.unwrap();
                expected.push((first, Some(joined)));
            }
        }
        harness.clock.advance(Duration::from_secs(1));
        let ann_persona = persona(&circles.join(&ann, circle).await.unwrap());
        expected.push((ann_persona, Some(ann_persona)));
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let (entries, next) = circles.list_log(&owner, circle, PageSize::new(3).unwrap(), &token).await.unwrap();
            listed.extend(entries.iter().map(|entry| (entry.persona.unwrap(), entry.target_persona)));
            token = next;
            if token.is_empty() {
                break;
            }
        }
        listed.reverse();
        assert_eq!(listed, expected);
        assert_eq!(
            rejection(circles.list_log(&ann, circle, PageSize::DEFAULT, "").await),
            Some(CircleError::RoleTooLow)
        );
        let foreign = circles.list_log(&owner, circle, PageSize::DEFAULT, "AAAA").await;
        assert!(matches!(foreign, Err(Error::Pagination(_))));
    });
}

#[test]
fn a_repeated_create_returns_the_same_circle() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let claimed = Some(crate::harness::circle(Access::Open, 5).id.uuid());
        let first = circles.create(&owner, settings(Access::Open, 10), claimed).await.unwrap();
        let again = circles.create(&owner, settings(Access::Open, 10), claimed).await.unwrap();
        assert_eq!(first.circle.id, again.circle.id);
        assert_eq!(circles.list(&owner, Scope::Own, PageSize::MAX, "").await.unwrap().0.len(), 1);
    });
}

#[test]
fn a_circle_has_at_most_100_invites() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let circle = create(&circles, &owner, Access::Open).await;
        for _ in 0..100 {
            circles.create_invite(&owner, circle, single_use(), None).await.unwrap();
        }
        assert_eq!(
            rejection(circles.create_invite(&owner, circle, single_use(), None).await),
            Some(CircleError::TooManyInvites)
        );
        harness.clock.advance(Duration::from_hours(2));
        circles.create_invite(&owner, circle, single_use(), None).await.unwrap();
    });
}
