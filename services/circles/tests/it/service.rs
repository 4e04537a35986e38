//! The use cases of circles and their refusals, on the embedded store.

use std::time::Duration;

use kith_circles::{
    Error, Service,
    domain::{Access, Change, Term},
    policy::Refused,
    service::Scope,
    store::{Seen, Standing},
};
use kith_kernel::{
    Actor, CircleId, PageSize, PersonaId,
    ports::{CircleLookup as _, CircleModeration as _, CircleRole, Membership as _},
};
use kith_testkit::{block_on, member};

use crate::harness::{Harness, sqlite, terms};

fn refused<T>(answer: Result<T, Error>) -> Option<Refused> {
    let Some(Error::Refused(refused)) = answer.err() else { return None };
    Some(refused)
}

async fn opened(circles: &Service, owner: &Actor, access: Access) -> CircleId {
    circles.create(owner, terms(access, 10), None).await.unwrap().circle.id
}

fn persona(seen: &Seen) -> PersonaId {
    seen.person.unwrap().persona
}

async fn members(circles: &Service, actor: &Actor, circle: CircleId) -> Vec<PersonaId> {
    let (_, people, _) = circles.people(actor, circle, Standing::Members, PageSize::MAX, "").await.unwrap();
    people.iter().map(|person| person.persona).collect()
}

fn once() -> Term {
    Term::new(1, 1).unwrap()
}

/// Everything that somebody who may not know of a circle can try on it.
async fn tries(
    harness: &Harness,
    circles: &Service,
    actor: &Actor,
    circle: CircleId,
    somebody: PersonaId,
) -> Vec<Refused> {
    let invite = kith_circles::domain::invite_id(None, &kith_kernel::SystemEntropy);
    let size = PageSize::DEFAULT;
    let all = [
        refused(circles.get(actor, circle, None).await),
        refused(circles.update(actor, circle, "1", Change::default()).await),
        refused(circles.archive(actor, circle).await),
        refused(circles.join(actor, circle).await),
        refused(circles.leave(actor, circle).await),
        refused(circles.people(actor, circle, Standing::Members, size, "").await),
        refused(circles.people(actor, circle, Standing::Asked, size, "").await),
        refused(circles.people(actor, circle, Standing::Banned, size, "").await),
        refused(circles.give(actor, circle, somebody, CircleRole::Member).await),
        refused(circles.remove(actor, circle, somebody).await),
        refused(circles.ban(actor, circle, somebody).await),
        refused(circles.unban(actor, circle, somebody).await),
        refused(circles.admit(actor, circle, somebody).await),
        refused(circles.decline(actor, circle, somebody).await),
        refused(circles.invite(actor, circle, once(), None).await),
        refused(circles.invites(actor, circle, size, "").await),
        refused(circles.revoke(actor, circle, invite).await),
        refused(circles.log(actor, circle, size, "").await),
        refused(circles.must_be_member(actor, circle).await),
    ];
    let listed = circles.list(actor, Scope::Public(None), PageSize::MAX, "").await.unwrap().0;
    assert!(listed.iter().all(|seen| seen.circle.id != circle), "it is listed");
    assert_eq!(harness.roster().find(actor.user, circle).await.unwrap(), None);
    assert_eq!(harness.roster().summary(actor.user, circle).await.unwrap(), None);
    all.into_iter().map(|it| it.unwrap()).collect()
}

#[test]
fn a_private_circle_is_private_on_every_path() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, stranger) = (harness.service(), member(), member());
        let seen = circles.create(&owner, terms(Access::Private, 10), None).await.unwrap();
        let (circle, its_owner) = (seen.circle.id, persona(&seen));
        let nowhere = crate::harness::circle(Access::Open, 5).id;
        let of_private = tries(&harness, &circles, &stranger, circle, its_owner).await;
        let of_none = tries(&harness, &circles, &stranger, nowhere, its_owner).await;
        assert!(of_private.iter().all(|it| *it == Refused::NoCircle), "{of_private:?}");
        assert_eq!(of_private, of_none);
        assert!(!harness.scenario.appeared(stranger.user, circle));
    });
}

#[test]
fn who_is_banned_finds_nothing_and_no_invite_helps() {
    block_on(async {
        let harness = sqlite().await;
        for access in [Access::Open, Access::ByRequest, Access::Private] {
            let (circles, owner, ann) = (harness.service(), member(), member());
            let circle = opened(&circles, &owner, access).await;
            let way = circles.invite(&owner, circle, Term::new(5, 1).unwrap(), None).await.unwrap();
            let in_it = persona(&circles.accept(&ann, &way.code).await.unwrap());
            circles.ban(&owner, circle, in_it).await.unwrap();
            let tried = tries(&harness, &circles, &ann, circle, in_it).await;
            assert!(tried.iter().all(|it| *it == Refused::NoCircle), "{tried:?}");
            assert_eq!(refused(circles.get(&ann, circle, Some(&way.code)).await), Some(Refused::NoCircle));
            assert_eq!(refused(circles.accept(&ann, &way.code).await), Some(Refused::NoInvite));
            let (_, kept_out, _) = circles.people(&owner, circle, Standing::Banned, PageSize::MAX, "").await.unwrap();
            assert_eq!(kept_out[0].persona, in_it);
            circles.unban(&owner, circle, in_it).await.unwrap();
            assert!(circles.accept(&ann, &way.code).await.is_ok());
        }
    });
}

#[test]
fn an_archived_circle_is_there_for_its_members_and_for_reading_alone() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, stranger) = (harness.service(), member(), member(), member());
        let circle = opened(&circles, &owner, Access::Open).await;
        let in_it = persona(&circles.join(&ann, circle).await.unwrap());
        circles.archive(&owner, circle).await.unwrap();
        let tried = tries(&harness, &circles, &stranger, circle, in_it).await;
        assert!(tried.iter().all(|it| *it == Refused::NoCircle), "{tried:?}");
        assert!(!harness.roster().find(ann.user, circle).await.unwrap().unwrap().can_post);
        assert!(harness.roster().summary(ann.user, circle).await.unwrap().is_some(), "its members know of it");
        assert_eq!(members(&circles, &ann, circle).await.len(), 2);
        let over = [
            refused(circles.update(&owner, circle, "1", Change::default()).await),
            refused(circles.give(&owner, circle, in_it, CircleRole::Keeper).await),
            refused(circles.invite(&owner, circle, once(), None).await),
        ];
        assert_eq!(over, [Some(Refused::Archived); 3]);
        circles.leave(&ann, circle).await.unwrap();
        circles.leave(&owner, circle).await.unwrap();
    });
}

#[test]
fn a_closed_circle_is_there_for_nobody_and_its_members_are_told_that_it_is_closed() {
    block_on(async {
        let harness = sqlite().await;
        for access in [Access::Open, Access::ByRequest, Access::Private] {
            let (circles, owner, ann, stranger) = (harness.service(), member(), member(), member());
            let circle = opened(&circles, &owner, access).await;
            let way = circles.invite(&owner, circle, Term::new(9, 1).unwrap(), None).await.unwrap();
            let in_it = persona(&circles.accept(&ann, &way.code).await.unwrap());
            let (gone, asker) = (member(), member());
            circles.accept(&gone, &way.code).await.unwrap();
            circles.leave(&gone, circle).await.unwrap();
            if access == Access::ByRequest {
                circles.join(&asker, circle).await.unwrap();
            }
            assert_eq!(
                harness.roster().summary(ann.user, circle).await.unwrap().unwrap().owner.unwrap().user,
                owner.user
            );
            harness.doors().close(circle, owner.user).await.unwrap();
            for outside in [&stranger, &gone, &asker] {
                let tried = tries(&harness, &circles, outside, circle, in_it).await;
                assert!(tried.iter().all(|it| *it == Refused::NoCircle), "{tried:?}");
                assert_eq!(refused(circles.get(outside, circle, Some(&way.code)).await), Some(Refused::NoCircle));
                assert_eq!(refused(circles.accept(outside, &way.code).await), Some(Refused::NoInvite));
            }
            for inside in [&ann, &owner] {
                assert!(circles.get(inside, circle, None).await.unwrap().circle.closed_at.is_some());
                assert_eq!(circles.list(inside, Scope::Own, PageSize::MAX, "").await.unwrap().0.len(), 1);
                assert_eq!(refused(circles.accept(inside, &way.code).await), Some(Refused::NoInvite));
                assert_eq!(harness.roster().circles_of(inside.user).await.unwrap(), []);
                assert_eq!(harness.roster().find(inside.user, circle).await.unwrap(), None);
                assert_eq!(harness.roster().summary(inside.user, circle).await.unwrap(), None);
            }
            let size = PageSize::DEFAULT;
            let closed = [
                refused(circles.update(&owner, circle, "1", Change::default()).await),
                refused(circles.join(&owner, circle).await),
                refused(circles.people(&owner, circle, Standing::Members, size, "").await),
                refused(circles.people(&owner, circle, Standing::Asked, size, "").await),
                refused(circles.people(&owner, circle, Standing::Banned, size, "").await),
                refused(circles.give(&owner, circle, in_it, CircleRole::Member).await),
                refused(circles.remove(&owner, circle, in_it).await),
                refused(circles.ban(&owner, circle, in_it).await),
                refused(circles.unban(&owner, circle, in_it).await),
                refused(circles.admit(&owner, circle, in_it).await),
                refused(circles.decline(&owner, circle, in_it).await),
                refused(circles.invite(&owner, circle, once(), None).await),
                refused(circles.invites(&owner, circle, size, "").await),
                refused(circles.revoke(&owner, circle, way.invite.id).await),
                refused(circles.log(&owner, circle, size, "").await),
                refused(circles.must_be_member(&ann, circle).await),
            ];
            assert!(closed.iter().all(|it| *it == Some(Refused::Closed)), "{closed:?}");
            assert!(harness.doors().is_keeper(owner.user, circle).await.unwrap());
            assert!(!harness.doors().is_keeper(ann.user, circle).await.unwrap());
            assert!(!harness.doors().is_keeper(stranger.user, circle).await.unwrap());
        }
    });
}

#[test]
fn what_was_closed_is_left_archived_and_opened_as_it_was() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, bob) = (harness.service(), member(), member(), member());
        let circle = opened(&circles, &owner, Access::Private).await;
        let way = circles.invite(&owner, circle, Term::new(9, 1).unwrap(), None).await.unwrap();
        circles.accept(&ann, &way.code).await.unwrap();
        harness.doors().close(circle, owner.user).await.unwrap();
        assert_eq!(refused(circles.leave(&owner, circle).await), Some(Refused::LastOwner));
        circles.leave(&ann, circle).await.unwrap();
        assert_eq!(refused(circles.get(&ann, circle, None).await), Some(Refused::NoCircle));
        harness.doors().reopen(circle, owner.user).await.unwrap();
        assert_eq!(members(&circles, &owner, circle).await.len(), 1);
        circles.accept(&bob, &way.code).await.unwrap();
        harness.doors().close(circle, owner.user).await.unwrap();
        assert_eq!(refused(circles.archive(&bob, circle).await), Some(Refused::Role));
        circles.archive(&owner, circle).await.unwrap();
        circles.leave(&owner, circle).await.unwrap();
        harness.doors().reopen(circle, owner.user).await.unwrap();
        assert!(!harness.roster().find(bob.user, circle).await.unwrap().unwrap().can_post, "it was archived");
    });
}

#[test]
fn a_member_may_do_what_members_may_and_is_told_what_is_not_for_them() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, stranger) = (harness.service(), member(), member(), member());
        let circle = opened(&circles, &owner, Access::Open).await;
        let in_it = persona(&circles.join(&ann, circle).await.unwrap());
        for standing in [Standing::Asked, Standing::Banned] {
            let answer = circles.people(&ann, circle, standing, PageSize::MAX, "").await;
            assert_eq!(refused(answer), Some(Refused::Role));
        }
        assert_eq!(refused(circles.invite(&ann, circle, once(), None).await), Some(Refused::Role));
        assert_eq!(refused(circles.ban(&ann, circle, in_it).await), Some(Refused::Role));
        assert_eq!(refused(circles.archive(&ann, circle).await), Some(Refused::Role));
        let answer = circles.people(&stranger, circle, Standing::Members, PageSize::MAX, "").await;
        assert_eq!(refused(answer), Some(Refused::NotAMember));
        assert_eq!(refused(circles.remove(&stranger, circle, in_it).await), Some(Refused::NotAMember));
    });
}

#[test]
fn an_invite_opens_what_is_private_and_shows_it_before() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let circle = opened(&circles, &owner, Access::Private).await;
        let other = opened(&circles, &owner, Access::Private).await;
        let made = circles.invite(&owner, circle, once(), None).await.unwrap();
        assert_eq!(circles.get(&ann, circle, Some(&made.code)).await.unwrap().circle.id, circle);
        assert_eq!(refused(circles.get(&ann, other, Some(&made.code)).await), Some(Refused::NoCircle));
        assert_eq!(refused(circles.join(&ann, circle).await), Some(Refused::NoCircle));
        assert_eq!(circles.accept(&ann, &made.code).await.unwrap().circle.id, circle);
        let late = member();
        assert_eq!(refused(circles.get(&late, circle, Some(&made.code)).await), Some(Refused::NoCircle));
        let short = circles.invite(&owner, circle, once(), None).await.unwrap();
        harness.clock.advance(Duration::from_hours(2));
        assert_eq!(refused(circles.accept(&late, &short.code).await), Some(Refused::NoInvite));
        assert_eq!(circles.invites(&owner, circle, PageSize::MAX, "").await.unwrap().0, []);
    });
}

#[test]
fn who_asks_is_let_in_or_not_and_may_ask_again_after_a_week() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let circle = opened(&circles, &owner, Access::ByRequest).await;
        let asked = persona(&circles.join(&ann, circle).await.unwrap());
        assert_eq!(harness.roster().find(ann.user, circle).await.unwrap(), None);
        circles.decline(&owner, circle, asked).await.unwrap();
        assert_eq!(refused(circles.admit(&owner, circle, asked).await), Some(Refused::NoPerson));
        assert_eq!(refused(circles.join(&ann, circle).await), Some(Refused::Declined));
        harness.clock.advance(Duration::from_hours(7 * 24));
        assert_eq!(persona(&circles.join(&ann, circle).await.unwrap()), asked);
        let (_, waiting, _) = circles.people(&owner, circle, Standing::Asked, PageSize::MAX, "").await.unwrap();
        assert_eq!(waiting.len(), 1);
        circles.admit(&owner, circle, asked).await.unwrap();
        let standing = harness.roster().find(ann.user, circle).await.unwrap().unwrap();
        assert_eq!((standing.persona, standing.role, standing.can_post), (asked, CircleRole::Member, true));
        assert_eq!(harness.roster().circles_of(ann.user).await.unwrap(), [circle]);
    });
}

#[test]
fn the_last_owner_hands_over_and_owners_do_not_put_each_other_out() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let seen = circles.create(&owner, terms(Access::Open, 10), None).await.unwrap();
        let (circle, first) = (seen.circle.id, persona(&seen));
        let in_it = persona(&circles.join(&ann, circle).await.unwrap());
        assert_eq!(refused(circles.leave(&owner, circle).await), Some(Refused::LastOwner));
        let step_down = circles.give(&owner, circle, first, CircleRole::Member).await;
        assert_eq!(refused(step_down), Some(Refused::LastOwner));
        circles.give(&owner, circle, in_it, CircleRole::Owner).await.unwrap();
        assert_eq!(refused(circles.remove(&owner, circle, in_it).await), Some(Refused::Role));
        assert_eq!(refused(circles.ban(&ann, circle, first).await), Some(Refused::Role));
        assert_eq!(refused(circles.give(&ann, circle, first, CircleRole::Member).await), Some(Refused::Role));
        circles.leave(&owner, circle).await.unwrap();
        assert_eq!(members(&circles, &ann, circle).await, [in_it]);
    });
}

#[test]
fn once_private_a_circle_stays_so() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let circle = opened(&circles, &owner, Access::Open).await;
        let change = |access| Change { access: Some(access), ..Change::default() };
        let seen = circles.update(&owner, circle, "1", change(Access::Private)).await.unwrap();
        let back = circles.update(&owner, circle, &seen.circle.etag(), change(Access::Open)).await;
        assert_eq!(refused(back), Some(Refused::StaysPrivate));
        let stale = circles.update(&owner, circle, "not an etag", change(Access::Private)).await;
        assert_eq!(refused(stale), Some(Refused::EtagMismatch));
    });
}

#[test]
fn a_blocked_pair_is_in_one_circle_and_neither_sees_the_other_nor_a_number_that_tells() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann, bob) = (harness.service(), member(), member(), member());
        let seen = circles.create(&owner, terms(Access::ByRequest, 10), None).await.unwrap();
        let (circle, first) = (seen.circle.id, persona(&seen));
        let mut personas = Vec::new();
        for actor in [&ann, &bob] {
            let asked = persona(&circles.join(actor, circle).await.unwrap());
            circles.admit(&owner, circle, asked).await.unwrap();
            personas.push(asked);
        }
        let told = circles.get(&ann, circle, None).await.unwrap().circle.about_members();
        harness.scenario.block(&ann, &bob);
        assert!(!members(&circles, &ann, circle).await.contains(&personas[1]));
        assert!(!members(&circles, &bob, circle).await.contains(&personas[0]));
        assert_eq!(members(&circles, &owner, circle).await.len(), 3);
        assert_eq!(circles.get(&ann, circle, None).await.unwrap().circle.about_members(), told);
        circles.give(&owner, circle, personas[0], CircleRole::Owner).await.unwrap();
        let role = circles.give(&ann, circle, personas[1], CircleRole::Keeper).await;
        assert_eq!(refused(role), Some(Refused::NoPerson));
        circles.ban(&ann, circle, personas[1]).await.unwrap();
        assert_eq!(members(&circles, &owner, circle).await.len(), 2);
        circles.remove(&ann, circle, personas[1]).await.unwrap();
        let (_, banned, _) = circles.people(&ann, circle, Standing::Banned, PageSize::MAX, "").await.unwrap();
        assert_eq!(banned, []);
        assert!(members(&circles, &owner, circle).await.contains(&first));
    });
}

#[test]
fn pages_of_members_miss_nobody_and_show_nobody_who_is_hidden() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let circle = circles.create(&owner, terms(Access::Open, 1_000), None).await.unwrap().circle.id;
        let mut seen = Vec::new();
        for number in 0..150 {
            let new = member();
            let joined = persona(&circles.join(&new, circle).await.unwrap());
            if number < 140 { harness.scenario.block(&owner, &new) } else { seen.push(joined) }
        }
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let size = PageSize::new(3).unwrap();
            let page = circles.people(&owner, circle, Standing::Members, size, &token).await.unwrap();
            listed.extend(page.1.iter().map(|person| person.persona));
            token = page.2;
            if token.is_empty() {
                break;
            }
        }
        seen.sort();
        assert_eq!(listed[1..], seen);
        let foreign = circles.people(&owner, circle, Standing::Banned, PageSize::DEFAULT, "AAAA").await;
        assert!(matches!(foreign, Err(Error::Page(_))));
    });
}

#[test]
fn pages_of_the_log_miss_nothing_and_tell_nothing_of_who_is_hidden() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner, ann) = (harness.service(), member(), member());
        let seen = circles.create(&owner, terms(Access::Open, 1_000), None).await.unwrap();
        let (circle, first) = (seen.circle.id, persona(&seen));
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
        let in_it = persona(&circles.join(&ann, circle).await.unwrap());
        expected.push((in_it, Some(in_it)));
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let (entries, next) = circles.log(&owner, circle, PageSize::new(3).unwrap(), &token).await.unwrap();
            listed.extend(entries.iter().map(|entry| (entry.persona.unwrap(), entry.subject_persona)));
            token = next;
            if token.is_empty() {
                break;
            }
        }
        listed.reverse();
        assert_eq!(listed, expected);
        assert_eq!(refused(circles.log(&ann, circle, PageSize::DEFAULT, "").await), Some(Refused::Role));
        let foreign = circles.log(&owner, circle, PageSize::DEFAULT, "AAAA").await;
        assert!(matches!(foreign, Err(Error::Page(_))));
    });
}

#[test]
fn a_call_that_is_repeated_opens_one_circle() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let claimed = Some(crate::harness::circle(Access::Open, 5).id.uuid());
        let first = circles.create(&owner, terms(Access::Open, 10), claimed).await.unwrap();
        let again = circles.create(&owner, terms(Access::Open, 10), claimed).await.unwrap();
        assert_eq!(first.circle.id, again.circle.id);
        assert_eq!(circles.list(&owner, Scope::Own, PageSize::MAX, "").await.unwrap().0.len(), 1);
    });
}

#[test]
fn a_circle_has_a_hundred_invites_and_no_more() {
    block_on(async {
        let harness = sqlite().await;
        let (circles, owner) = (harness.service(), member());
        let circle = opened(&circles, &owner, Access::Open).await;
        for _ in 0..100 {
            circles.invite(&owner, circle, once(), None).await.unwrap();
        }
        assert_eq!(refused(circles.invite(&owner, circle, once(), None).await), Some(Refused::TooManyInvites));
        harness.clock.advance(Duration::from_hours(2));
        circles.invite(&owner, circle, once(), None).await.unwrap();
    });
}
