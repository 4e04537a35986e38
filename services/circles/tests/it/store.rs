//! What `kith_circles::store::Store` promises.

use std::{collections::BTreeSet, time::Duration};

use kith_circles::{
    domain::{Access, Change, Circle, Code, Invite, Name, Person, State, invite_id},
    policy::{Act, Refused, Scene},
    store::{Behind, Deed, Door, Standing},
};
use kith_kernel::{
    CircleId, Clock as _, PersonaId, SystemEntropy, UserId,
    event::CircleChange::{Archived, JoinRequested, ClosedByStaff, Created, Joined, Left, ReopenedByStaff, RoleChanged, Updated},
    ports::CircleRole,
};
use kith_storage::StoreError;
use kith_testkit::run_concurrently;

use crate::harness::{Harness, circle, person, postgres, sqlite};

const MEMBER: State = State::Member(CircleRole::Member);
const KEEPER: State = State::Member(CircleRole::Keeper);
const OWNER: State = State::Member(CircleRole::Owner);

async fn does(harness: &Harness, circle: CircleId, user: UserId, act: Act) -> Result<Scene, Refused> {
    harness.store.settle(&Deed { circle, by: harness.by(user), act }).await.unwrap()
}

/// Somebody new who has joined.
async fn joined(harness: &Harness, circle: &Circle) -> Person {
    let new = person(MEMBER);
    does(harness, circle.id, new.user, Act::Join(new.persona)).await.unwrap();
    new
}

fn invite(harness: &Harness, circle: &Circle, maker: &Person, uses_left: u32) -> (Invite, Code) {
    let code = Code::draw(&SystemEntropy);
    let invite = Invite {
        id: invite_id(None, &SystemEntropy),
        circle: circle.id,
        maker: maker.user,
        persona: maker.persona,
        code: code.digest(),
        uses_left,
        expires_at: harness.clock.now().after(Duration::from_hours(1)),
    };
    (invite, code)
}

async fn invited(harness: &Harness, circle: &Circle, maker: &Person, uses: u32) -> (Invite, Code) {
    let (invite, code) = invite(harness, circle, maker, uses);
    does(harness, circle.id, maker.user, Act::Invite(invite.clone())).await.unwrap();
    (invite, code)
}

async fn live(harness: &Harness, circle: &Circle) -> usize {
    harness.store.invites(circle.id, harness.clock.now(), None, 200).await.unwrap().len()
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_circle_comes_back_as_it_was_opened(harness: &Harness) {
        let (circle, owner) = (circle(Access::Private, 10), person(OWNER));
        assert_eq!(harness.store.open(&circle, &owner, &harness.by(owner.user)).await.unwrap(), circle);
        let seen = harness.store.look(circle.id, owner.user).await.unwrap().unwrap();
        assert_eq!((seen.circle, seen.person), (circle.clone(), Some(owner)));
        let other = harness.store.look(circle.id, kith_testkit::user()).await.unwrap().unwrap();
        assert_eq!(other.person, None);
        assert_eq!(harness.store.look(crate::harness::circle(Access::Open, 5).id, owner.user).await.unwrap(), None);
        assert_eq!(harness.announced().await, [(Created, Some(owner.user))]);
    }

    async fn opening_again_changes_nothing_and_an_id_is_taken_once(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        joined(harness, &circle).await;
        harness.announced().await;
        let again = harness.store.open(&circle, &owner, &harness.by(owner.user)).await.unwrap();
        assert_eq!(again.members, 2);
        let other = person(OWNER);
        let taken = harness.store.open(&circle, &other, &harness.by(other.user)).await;
        assert!(matches!(taken, Err(StoreError::UniqueViolation(key)) if key == "id"));
        assert_eq!(harness.announced().await, []);
    }

    async fn what_changes_something_is_said_in_the_log_and_announced_and_what_does_not_is_neither(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::ByRequest, 10).await;
        let ann = person(State::Asked);
        for _ in 0..2 {
            does(harness, circle.id, ann.user, Act::Join(ann.persona)).await.unwrap();
        }
        does(harness, circle.id, ann.user, Act::Admit(ann.persona)).await.unwrap_err();
        for act in [
            Act::Admit(ann.persona),
            Act::Give(ann.persona, CircleRole::Keeper),
            Act::Give(ann.persona, CircleRole::Keeper),
            Act::Update(1, Change::default()),
            Act::Ban(ann.persona),
            Act::Unban(ann.persona),
            Act::Archive,
            Act::Archive,
        ] {
            does(harness, circle.id, owner.user, act).await.unwrap();
        }
        let (circle_made, ann_did) = ((Created, Some(owner.user)), Some(ann.user));
        let told = [(JoinRequested, ann_did), (Joined, ann_did), (RoleChanged, ann_did), (Updated, None), (Left, ann_did)];
        let expected: Vec<_> = [circle_made].into_iter().chain(told).chain([(Archived, None)]).collect();
        assert_eq!(harness.announced().await, expected);
        let log = harness.store.log(circle.id, None, 100).await.unwrap();
        let words: BTreeSet<_> = log.iter().map(|entry| (entry.act.as_str(), entry.by.actor, entry.subject)).collect();
        let (o, a) = (owner.user, ann.user);
        let said = [
            ("create", o, None),
            ("ask", a, Some(a)),
            ("admit", o, Some(a)),
            ("give_role", o, Some(a)),
            ("update", o, None),
            ("ban", o, Some(a)),
            ("unban", o, Some(a)),
            ("archive", o, None),
        ];
        assert_eq!((words, log.len()), (BTreeSet::from(said), 8));
    }

    async fn a_circle_is_closed_and_opened_once_and_that_is_said_and_announced(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        let ann = joined(harness, &circle).await;
        let (_, code) = invited(harness, &circle, &owner, 5).await;
        let before = harness.store.look(circle.id, ann.user).await.unwrap();
        harness.announced().await;
        harness.clock.advance(Duration::from_secs(1));
        let closed_at = harness.clock.now();
        let nobody = UserId::from_uuid(uuid::Uuid::nil());
        for _ in 0..2 {
            harness.store.bar(circle.id, Door::Closed, &harness.by(nobody)).await.unwrap();
            harness.clock.advance(Duration::from_secs(1));
        }
        let seen = harness.store.look(circle.id, ann.user).await.unwrap().unwrap();
        assert_eq!(seen.circle.closed_at, Some(closed_at));
        assert_eq!(harness.store.public(ann.user, None, None, 100).await.unwrap(), []);
        assert_eq!(harness.store.circles_of(ann.user).await.unwrap(), BTreeSet::new());
        assert_eq!(harness.store.own(ann.user, None, 100).await.unwrap(), [seen]);
        for _ in 0..2 {
            harness.store.bar(circle.id, Door::Open, &harness.by(nobody)).await.unwrap();
        }
        assert_eq!(harness.store.look(circle.id, ann.user).await.unwrap(), before, "as it was");
        assert!(harness.store.invite(&code.digest(), harness.clock.now()).await.unwrap().is_some());
        assert_eq!(harness.store.public(ann.user, None, None, 100).await.unwrap().len(), 1);
        assert_eq!(harness.announced().await, [(ClosedByStaff, None), (ReopenedByStaff, None)]);
        let log = harness.store.log(circle.id, None, 2).await.unwrap();
        let said: Vec<_> = log.iter().map(|entry| (entry.act.as_str(), entry.by.actor, entry.subject)).collect();
        assert_eq!(said, [("open", nobody, None), ("close", nobody, None)]);
        let nowhere = crate::harness::circle(Access::Open, 5).id;
        harness.store.bar(nowhere, Door::Closed, &harness.by(nobody)).await.unwrap();
        assert_eq!(harness.announced().await, []);
    }

    async fn of_many_who_join_while_it_is_closed_none_gets_in_after(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 100).await;
        let (store, by) = (harness.store.clone(), harness.by(owner.user));
        let closing = async move { store.bar(circle.id, Door::Closed, &by).await.unwrap() };
        let racers = (0..16).map(|_| {
            let (store, new) = (harness.store.clone(), person(MEMBER));
            let deed = Deed { circle: circle.id, by: harness.by(new.user), act: Act::Join(new.persona) };
            async move { store.settle(&deed).await.unwrap() }
        });
        let (came_to, ()) = tokio::join!(run_concurrently(racers), closing);
        let in_it = came_to.iter().filter(|it| it.is_ok()).count();
        assert!(came_to.iter().all(|it| it.as_ref().err().is_none_or(|refused| *refused == Refused::NoCircle)));
        let now = harness.store.look(circle.id, owner.user).await.unwrap().unwrap().circle;
        assert_eq!((usize::try_from(now.members).unwrap(), now.closed_at.is_some()), (in_it + 1, true));
        let late = person(MEMBER);
        let refused = does(harness, circle.id, late.user, Act::Join(late.persona)).await;
        assert_eq!(refused.unwrap_err(), Refused::NoCircle);
    }

    async fn of_owners_the_one_who_was_first_answers_for_a_circle(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        harness.clock.advance(Duration::from_hours(1));
        let (ann, bob) = (joined(harness, &circle).await, joined(harness, &circle).await);
        for other in [&ann, &bob] {
            does(harness, circle.id, owner.user, Act::Give(other.persona, CircleRole::Owner)).await.unwrap();
        }
        assert_eq!(harness.store.owner(circle.id).await.unwrap().unwrap().user, owner.user);
        does(harness, circle.id, owner.user, Act::Leave).await.unwrap();
        let first = if ann.persona < bob.persona { &ann } else { &bob };
        assert_eq!(harness.store.owner(circle.id).await.unwrap().unwrap().user, first.user);
        does(harness, circle.id, ann.user, Act::Archive).await.unwrap();
        for other in [&ann, &bob] {
            does(harness, circle.id, other.user, Act::Leave).await.unwrap();
        }
        assert_eq!(harness.store.owner(circle.id).await.unwrap(), None);
        assert_eq!(harness.store.owner(crate::harness::circle(Access::Open, 5).id).await.unwrap(), None);
    }

    async fn the_log_is_read_backwards_in_pages(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        for _ in 0..4 {
            harness.clock.advance(Duration::from_secs(1));
            let version = harness.store.look(circle.id, owner.user).await.unwrap().unwrap().circle.version;
            does(harness, circle.id, owner.user, Act::Update(version, Change::default())).await.unwrap();
        }
        let all = harness.store.log(circle.id, None, 100).await.unwrap();
        let first = harness.store.log(circle.id, None, 2).await.unwrap();
        let rest = harness.store.log(circle.id, Some(first[1].mark), 100).await.unwrap();
        assert_eq!([first, rest].concat(), all);
        assert_eq!(all.last().unwrap().act, "create");
        let marks: BTreeSet<_> = all.iter().map(|entry| entry.mark).collect();
        assert!(marks.len() == all.len() && marks.iter().all(|mark| mark.get_version_num() == 4), "{marks:?}");
        assert!(all.iter().all(|entry| entry.persona == Some(owner.persona)));
        let (elsewhere, _) = harness.opened(Access::Open, 10).await;
        assert_eq!(harness.store.log(elsewhere.id, Some(all[1].mark), 100).await.unwrap(), []);
    }

    async fn the_log_says_as_whom_people_appear_there_whatever_became_of_them(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        let ann = joined(harness, &circle).await;
        does(harness, circle.id, owner.user, Act::Ban(ann.persona)).await.unwrap();
        harness.store.bar(circle.id, Door::Closed, &harness.by(UserId::from_uuid(uuid::Uuid::nil()))).await.unwrap();
        let log = harness.store.log(circle.id, None, 100).await.unwrap();
        let said: BTreeSet<_> =
            log.iter().map(|entry| (entry.act.as_str(), entry.persona, entry.subject_persona)).collect();
        let (o, a) = (Some(owner.persona), Some(ann.persona));
        assert_eq!(said, BTreeSet::from([("create", o, None), ("join", a, a), ("ban", o, a), ("close", None, None)]));
    }

    async fn of_64_who_want_the_last_place_one_gets_it(harness: &Harness) {
        let (circle, _) = harness.opened(Access::Open, 3).await;
        joined(harness, &circle).await;
        let racers = (0..64).map(|_| {
            let (store, new) = (harness.store.clone(), person(MEMBER));
            let deed = Deed { circle: circle.id, by: harness.by(new.user), act: Act::Join(new.persona) };
            async move { store.settle(&deed).await.unwrap() }
        });
        let came_to = run_concurrently(racers).await;
        assert_eq!(came_to.iter().filter(|it| it.is_ok()).count(), 1);
        assert!(came_to.iter().all(|it| it.as_ref().err().is_none_or(|refused| *refused == Refused::Full)));
        let members = harness.store.people(circle.id, Standing::Members, None, 100).await.unwrap();
        assert_eq!(members.len(), 3);
    }

    async fn of_many_who_use_the_last_use_of_an_invite_one_gets_in(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Private, 100).await;
        let (_, code) = invited(harness, &circle, &owner, 1).await;
        let racers = (0..16).map(|_| {
            let (store, new) = (harness.store.clone(), person(MEMBER));
            let act = Act::Accept(code.digest(), new.persona);
            let deed = Deed { circle: circle.id, by: harness.by(new.user), act };
            async move { store.settle(&deed).await.unwrap() }
        });
        assert_eq!(run_concurrently(racers).await.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(live(harness, &circle).await, 0);
    }

    async fn of_two_owners_who_leave_at_once_one_stays(harness: &Harness) {
        for _ in 0..8 {
            let (circle, owner) = harness.opened(Access::Open, 10).await;
            let other = joined(harness, &circle).await;
            does(harness, circle.id, owner.user, Act::Give(other.persona, CircleRole::Owner)).await.unwrap();
            let racers = [owner, other].map(|who| {
                let store = harness.store.clone();
                let deed = Deed { circle: circle.id, by: harness.by(who.user), act: Act::Leave };
                async move { store.settle(&deed).await.unwrap() }
            });
            assert_eq!(run_concurrently(racers).await.iter().filter(|it| it.is_ok()).count(), 1);
        }
    }

    async fn what_is_not_there_is_no_circle(harness: &Harness) {
        let nowhere = circle(Access::Open, 5).id;
        assert_eq!(does(harness, nowhere, kith_testkit::user(), Act::Leave).await.unwrap_err(), Refused::NoCircle);
    }

    async fn a_use_is_taken_with_what_it_gives_and_the_last_ends_the_invite(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Private, 10).await;
        let (invite, code) = invited(harness, &circle, &owner, 2).await;
        assert_eq!(harness.store.invite(&code.digest(), harness.clock.now()).await.unwrap(), Some(invite));
        let accept = async |new: &Person| {
            does(harness, circle.id, new.user, Act::Accept(code.digest(), new.persona)).await.map(drop)
        };
        let (ann, bob, eve) = (person(MEMBER), person(MEMBER), person(MEMBER));
        assert_eq!((accept(&ann).await, accept(&ann).await), (Ok(()), Ok(())));
        let left = harness.store.invite(&code.digest(), harness.clock.now()).await.unwrap().unwrap();
        assert_eq!(left.uses_left, 1, "a member takes no use");
        assert_eq!(accept(&bob).await, Ok(()));
        assert_eq!(accept(&eve).await, Err(Refused::NoInvite));
        assert_eq!(harness.store.invite(&code.digest(), harness.clock.now()).await.unwrap(), None);
    }

    async fn an_invite_ends_at_its_time_and_when_it_is_revoked(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Private, 10).await;
        let (invite, code) = invited(harness, &circle, &owner, 5).await;
        let (_, other) = invited(harness, &circle, &owner, 5).await;
        for _ in 0..2 {
            does(harness, circle.id, owner.user, Act::Revoke(invite.id)).await.unwrap();
        }
        let now = harness.clock.now();
        assert_eq!(harness.store.invite(&code.digest(), now).await.unwrap(), None);
        assert!(harness.store.invite(&other.digest(), now).await.unwrap().is_some());
        harness.clock.advance(Duration::from_hours(1));
        assert_eq!(harness.store.invite(&other.digest(), harness.clock.now()).await.unwrap(), None);
        let late = person(MEMBER);
        let refused = does(harness, circle.id, late.user, Act::Accept(other.digest(), late.persona)).await;
        assert_eq!((refused.unwrap_err(), live(harness, &circle).await), (Refused::NoInvite, 0));
    }

    async fn an_invite_of_another_circle_opens_and_ends_nothing_here(harness: &Harness) {
        let (here, owner) = harness.opened(Access::Private, 10).await;
        let (there, other) = harness.opened(Access::Private, 10).await;
        let (foreign, code) = invited(harness, &there, &other, 5).await;
        let new = person(MEMBER);
        let refused = does(harness, here.id, new.user, Act::Accept(code.digest(), new.persona)).await.unwrap_err();
        assert_eq!(refused, Refused::NoInvite);
        does(harness, here.id, owner.user, Act::Revoke(foreign.id)).await.unwrap();
        assert_eq!(live(harness, &there).await, 1);
    }

    async fn who_repeats_a_call_makes_one_invite_with_a_new_code(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Private, 10).await;
        let (first, lost) = invited(harness, &circle, &owner, 5).await;
        let (again, code) = invite(harness, &circle, &owner, 5);
        let again = Invite { id: first.id, ..again };
        does(harness, circle.id, owner.user, Act::Invite(again.clone())).await.unwrap();
        let now = harness.clock.now();
        assert_eq!(harness.store.invites(circle.id, now, None, 10).await.unwrap(), [again]);
        assert_eq!(harness.store.invite(&lost.digest(), now).await.unwrap(), None);
        assert!(harness.store.invite(&code.digest(), now).await.unwrap().is_some());
    }

    async fn whoever_may_not_invite_any_more_has_no_invites(harness: &Harness) {
        let ends: [fn(PersonaId) -> Act; 3] = [|it| Act::Give(it, CircleRole::Member), Act::Remove, Act::Ban];
        for end in ends {
            let (circle, owner) = harness.opened(Access::Open, 10).await;
            let ann = joined(harness, &circle).await;
            does(harness, circle.id, owner.user, Act::Give(ann.persona, CircleRole::Keeper)).await.unwrap();
            invited(harness, &circle, &ann, 5).await;
            invited(harness, &circle, &owner, 5).await;
            does(harness, circle.id, owner.user, end(ann.persona)).await.unwrap();
            let left = harness.store.invites(circle.id, harness.clock.now(), None, 10).await.unwrap();
            assert_eq!(left.iter().map(|it| it.maker).collect::<Vec<_>>(), [owner.user]);
        }
    }

    async fn who_comes_back_is_the_same_persona_since_then(harness: &Harness) {
        let (circle, _) = harness.opened(Access::Open, 10).await;
        let ann = joined(harness, &circle).await;
        does(harness, circle.id, ann.user, Act::Leave).await.unwrap();
        assert_eq!(harness.state(circle.id, ann.user).await, Some(State::Left));
        harness.clock.advance(Duration::from_hours(24));
        does(harness, circle.id, ann.user, Act::Join(PersonaId::random(&SystemEntropy))).await.unwrap();
        let back = harness.store.person(circle.id, ann.persona).await.unwrap().unwrap();
        assert_eq!((back.user, back.state, back.since), (ann.user, MEMBER, harness.clock.now()));
    }

    async fn who_was_declined_asks_again_after_seven_days_and_not_before(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::ByRequest, 10).await;
        let ann = person(State::Asked);
        let asks = async || does(harness, circle.id, ann.user, Act::Join(ann.persona)).await.map(drop);
        asks().await.unwrap();
        harness.clock.advance(Duration::from_hours(24));
        does(harness, circle.id, owner.user, Act::Decline(ann.persona)).await.unwrap();
        assert_eq!(harness.state(circle.id, ann.user).await, Some(State::Declined));
        // None of these is a way to ask sooner, and none begins the week anew.
        harness.clock.advance(Duration::from_hours(1));
        does(harness, circle.id, ann.user, Act::Leave).await.unwrap();
        for act in [Act::Decline(ann.persona), Act::Remove(ann.persona), Act::Unban(ann.persona)] {
            does(harness, circle.id, owner.user, act).await.unwrap();
        }
        assert_eq!(asks().await, Err(Refused::Declined));
        harness.clock.advance(Duration::from_hours(7 * 24 - 1).saturating_sub(Duration::from_millis(1)));
        assert_eq!(asks().await, Err(Refused::Declined));
        harness.clock.advance(Duration::from_millis(1));
        asks().await.unwrap();
        assert_eq!(harness.state(circle.id, ann.user).await, Some(State::Asked));
    }

    async fn what_a_keeper_does_goes_around_the_wait_of_who_was_declined(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::ByRequest, 10).await;
        let declined = async || {
            let new = person(State::Asked);
            does(harness, circle.id, new.user, Act::Join(new.persona)).await.unwrap();
            does(harness, circle.id, owner.user, Act::Decline(new.persona)).await.unwrap();
            new
        };
        let (ann, bob, eve) = (declined().await, declined().await, declined().await);
        let (_, code) = invited(harness, &circle, &owner, 1).await;
        does(harness, circle.id, ann.user, Act::Accept(code.digest(), ann.persona)).await.unwrap();
        assert_eq!(harness.state(circle.id, ann.user).await, Some(MEMBER));
        does(harness, circle.id, ann.user, Act::Leave).await.unwrap();
        does(harness, circle.id, ann.user, Act::Join(ann.persona)).await.unwrap();
        for act in [Act::Ban(bob.persona), Act::Unban(bob.persona)] {
            does(harness, circle.id, owner.user, act).await.unwrap();
        }
        does(harness, circle.id, bob.user, Act::Join(bob.persona)).await.unwrap();
        does(
            harness,
            circle.id,
            owner.user,
            Act::Update(1, Change { access: Some(Access::Open), ..Change::default() }),
        )
        .await
        .unwrap();
        does(harness, circle.id, eve.user, Act::Join(eve.persona)).await.unwrap();
        assert_eq!(harness.state(circle.id, eve.user).await, Some(MEMBER));
    }

    async fn a_role_changes_nothing_of_when_somebody_joined(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        let ann = joined(harness, &circle).await;
        let since = harness.clock.now();
        harness.clock.advance(Duration::from_hours(24));
        does(harness, circle.id, owner.user, Act::Give(ann.persona, CircleRole::Keeper)).await.unwrap();
        let now = harness.store.person(circle.id, ann.persona).await.unwrap().unwrap();
        assert_eq!((now.state, now.since), (KEEPER, since));
    }

    async fn an_update_counts_the_version_and_a_stale_one_changes_nothing(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        let change = Change { name: Some(Name::new("night owls").unwrap()), ..Change::default() };
        let after = does(harness, circle.id, owner.user, Act::Update(1, change.clone())).await.unwrap().circle;
        assert_eq!((after.terms.name.as_str(), after.version), ("night owls", 2));
        assert_eq!(after.terms.rules, circle.terms.rules);
        let stale = does(harness, circle.id, owner.user, Act::Update(1, change)).await;
        assert_eq!(stale.unwrap_err(), Refused::EtagMismatch);
    }

    async fn a_circle_that_lets_nobody_in_by_request_has_no_requests(harness: &Harness) {
        for act in [
            Act::Update(1, Change { access: Some(Access::Open), ..Change::default() }),
            Act::Update(1, Change { access: Some(Access::Private), ..Change::default() }),
            Act::Archive,
        ] {
            let (circle, owner) = harness.opened(Access::ByRequest, 10).await;
            let ann = person(State::Asked);
            does(harness, circle.id, ann.user, Act::Join(ann.persona)).await.unwrap();
            assert_eq!(harness.store.people(circle.id, Standing::Asked, None, 10).await.unwrap().len(), 1);
            does(harness, circle.id, owner.user, act).await.unwrap();
            assert_eq!(harness.store.people(circle.id, Standing::Asked, None, 10).await.unwrap(), []);
        }
    }

    async fn an_archived_circle_has_no_invites(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 10).await;
        invited(harness, &circle, &owner, 5).await;
        let after = does(harness, circle.id, owner.user, Act::Archive).await.unwrap().circle;
        assert_eq!((after.archived_at, live(harness, &circle).await), (Some(harness.clock.now()), 0));
    }

    async fn everybody_finds_public_circles_but_those_that_keep_them_out(harness: &Harness) {
        let viewer = person(MEMBER);
        let (open, _) = harness.opened(Access::Open, 10).await;
        let (by_request, _) = harness.opened(Access::ByRequest, 10).await;
        harness.opened(Access::Private, 10).await;
        let (over, its_owner) = harness.opened(Access::Open, 10).await;
        does(harness, over.id, its_owner.user, Act::Archive).await.unwrap();
        let (closed, keeper) = harness.opened(Access::Open, 10).await;
        does(harness, closed.id, viewer.user, Act::Join(viewer.persona)).await.unwrap();
        does(harness, closed.id, keeper.user, Act::Ban(viewer.persona)).await.unwrap();
        let found = async |category: Option<&str>, before, limit| {
            let category = category.map(|slug| slug.parse().unwrap());
            let found = harness.store.public(viewer.user, category, before, limit).await.unwrap();
            found.into_iter().map(|seen| seen.circle.id).collect::<Vec<_>>()
        };
        let mut both = [open.id, by_request.id];
        both.sort_by(|one, other| other.cmp(one));
        assert_eq!(found(None, None, 10).await, both);
        assert_eq!(found(Some("sleep"), None, 10).await, both);
        assert_eq!(found(Some("work"), None, 10).await, []);
        assert_eq!(found(None, None, 1).await, both[..1]);
        assert_eq!(found(None, Some(both[0]), 10).await, both[1..]);
    }

    async fn people_find_the_circles_that_they_are_in(harness: &Harness) {
        let mut all = Vec::new();
        let ann = person(MEMBER);
        for access in [Access::Open, Access::Open, Access::Open, Access::ByRequest] {
            let (circle, _) = harness.opened(access, 10).await;
            does(harness, circle.id, ann.user, Act::Join(PersonaId::random(&SystemEntropy))).await.unwrap();
            all.push(circle.id);
        }
        does(harness, all[0], ann.user, Act::Leave).await.unwrap();
        let mut mine = all[1..3].to_vec();
        mine.sort_by(|one, other| other.cmp(one));
        let own = harness.store.own(ann.user, None, 10).await.unwrap();
        assert_eq!(own.iter().map(|seen| seen.circle.id).collect::<Vec<_>>(), mine);
        assert!(own.iter().all(|seen| seen.person.is_some_and(|person| person.state == MEMBER)));
        assert_eq!(harness.store.own(ann.user, Some(mine[0]), 10).await.unwrap()[0].circle.id, mine[1]);
        assert_eq!(harness.store.circles_of(ann.user).await.unwrap(), mine.into_iter().collect());
    }

    async fn people_are_listed_by_role_and_then_by_persona(harness: &Harness) {
        let (circle, owner) = harness.opened(Access::Open, 100).await;
        let mut members = Vec::new();
        for _ in 0..6 {
            members.push(joined(harness, &circle).await.persona);
        }
        let keeper = members.pop().unwrap();
        does(harness, circle.id, owner.user, Act::Give(keeper, CircleRole::Keeper)).await.unwrap();
        members.sort();
        let expected = [vec![owner.persona, keeper], members].concat();
        let mut listed = Vec::new();
        let mut behind = None;
        loop {
            let page = harness.store.people(circle.id, Standing::Members, behind, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            behind = Some(Behind { role: last.state.role(), persona: last.persona });
            listed.extend(page.iter().map(|person| person.persona));
        }
        assert_eq!(listed, expected);
        assert_eq!(harness.store.people(circle.id, Standing::Banned, None, 10).await.unwrap(), []);
    }
}
