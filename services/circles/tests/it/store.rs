//! What `kith_circles::store::Store` promises.

use std::{collections::BTreeSet, time::Duration};

use kith_circles::{
    domain::{Access, Change, Circle, Code, Invite, Name, Person, State, invite_id},
    policy::{Act, Refused, Scene},
    store::{Behind, Deed, Door, Standing},
};
use kith_kernel::{
    CircleId, Clock as _, PersonaId, SystemEntropy, UserId,
    event::CircleChange::{Archived, Asked, Closed, Created, Joined, Left, Opened, RoleGiven, Updated},
    ports::CircleRole,
};
use kith_storage::StoreError;
use kith_testkit::race;

use crate::bed::{Bed, circle, person, postgres, sqlite};

const MEMBER: State = State::Member(CircleRole::Member);
const KEEPER: State = State::Member(CircleRole::Keeper);
const OWNER: State = State::Member(CircleRole::Owner);

async fn does(bed: &Bed, circle: CircleId, user: UserId, act: Act) -> Result<Scene, Refused> {
    bed.store.settle(&Deed { circle, by: bed.by(user), act }).await.unwrap()
}

/// Somebody new who has joined.
async fn joined(bed: &Bed, circle: &Circle) -> Person {
    let new = person(MEMBER);
    does(bed, circle.id, new.user, Act::Join(new.persona)).await.unwrap();
    new
}

fn invite(bed: &Bed, circle: &Circle, maker: &Person, uses_left: u32) -> (Invite, Code) {
    let code = Code::draw(&SystemEntropy);
    let invite = Invite {
        id: invite_id(None, &SystemEntropy),
        circle: circle.id,
        maker: maker.user,
        persona: maker.persona,
        code: code.digest(),
        uses_left,
        expires_at: bed.clock.now().after(Duration::from_hours(1)),
    };
    (invite, code)
}

async fn invited(bed: &Bed, circle: &Circle, maker: &Person, uses: u32) -> (Invite, Code) {
    let (invite, code) = invite(bed, circle, maker, uses);
    does(bed, circle.id, maker.user, Act::Invite(invite.clone())).await.unwrap();
    (invite, code)
}

async fn live(bed: &Bed, circle: &Circle) -> usize {
    bed.store.invites(circle.id, bed.clock.now(), None, 200).await.unwrap().len()
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_circle_comes_back_as_it_was_opened(bed: &Bed) {
        let (circle, owner) = (circle(Access::Private, 10), person(OWNER));
        assert_eq!(bed.store.open(&circle, &owner, &bed.by(owner.user)).await.unwrap(), circle);
        let seen = bed.store.look(circle.id, owner.user).await.unwrap().unwrap();
        assert_eq!((seen.circle, seen.person), (circle.clone(), Some(owner)));
        let other = bed.store.look(circle.id, kith_testkit::user()).await.unwrap().unwrap();
        assert_eq!(other.person, None);
        assert_eq!(bed.store.look(crate::bed::circle(Access::Open, 5).id, owner.user).await.unwrap(), None);
        assert_eq!(bed.announced().await, [(Created, Some(owner.user))]);
    }

    async fn opening_again_changes_nothing_and_an_id_is_taken_once(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        joined(bed, &circle).await;
        bed.announced().await;
        let again = bed.store.open(&circle, &owner, &bed.by(owner.user)).await.unwrap();
        assert_eq!(again.members, 2);
        let other = person(OWNER);
        let taken = bed.store.open(&circle, &other, &bed.by(other.user)).await;
        assert!(matches!(taken, Err(StoreError::Taken(key)) if key == "id"));
        assert_eq!(bed.announced().await, []);
    }

    async fn what_changes_something_is_said_in_the_log_and_announced_and_what_does_not_is_neither(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::ByRequest, 10).await;
        let ann = person(State::Asked);
        for _ in 0..2 {
            does(bed, circle.id, ann.user, Act::Join(ann.persona)).await.unwrap();
        }
        does(bed, circle.id, ann.user, Act::Admit(ann.persona)).await.unwrap_err();
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
            does(bed, circle.id, owner.user, act).await.unwrap();
        }
        let (circle_made, ann_did) = ((Created, Some(owner.user)), Some(ann.user));
        let told = [(Asked, ann_did), (Joined, ann_did), (RoleGiven, ann_did), (Updated, None), (Left, ann_did)];
        let expected: Vec<_> = [circle_made].into_iter().chain(told).chain([(Archived, None)]).collect();
        assert_eq!(bed.announced().await, expected);
        let log = bed.store.log(circle.id, None, 100).await.unwrap();
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

    async fn a_circle_is_closed_and_opened_once_and_that_is_said_and_announced(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        let ann = joined(bed, &circle).await;
        let (_, code) = invited(bed, &circle, &owner, 5).await;
        let before = bed.store.look(circle.id, ann.user).await.unwrap();
        bed.announced().await;
        bed.clock.pass(Duration::from_secs(1));
        let closed_at = bed.clock.now();
        let nobody = UserId::from_uuid(uuid::Uuid::nil());
        for _ in 0..2 {
            bed.store.bar(circle.id, Door::Closed, &bed.by(nobody)).await.unwrap();
            bed.clock.pass(Duration::from_secs(1));
        }
        let seen = bed.store.look(circle.id, ann.user).await.unwrap().unwrap();
        assert_eq!(seen.circle.closed_at, Some(closed_at));
        assert_eq!(bed.store.public(ann.user, None, None, 100).await.unwrap(), []);
        assert_eq!(bed.store.circles_of(ann.user).await.unwrap(), BTreeSet::new());
        assert_eq!(bed.store.own(ann.user, None, 100).await.unwrap(), [seen]);
        for _ in 0..2 {
            bed.store.bar(circle.id, Door::Open, &bed.by(nobody)).await.unwrap();
        }
        assert_eq!(bed.store.look(circle.id, ann.user).await.unwrap(), before, "as it was");
        assert!(bed.store.invite(&code.digest(), bed.clock.now()).await.unwrap().is_some());
        assert_eq!(bed.store.public(ann.user, None, None, 100).await.unwrap().len(), 1);
        assert_eq!(bed.announced().await, [(Closed, None), (Opened, None)]);
        let log = bed.store.log(circle.id, None, 2).await.unwrap();
        let said: Vec<_> = log.iter().map(|entry| (entry.act.as_str(), entry.by.actor, entry.subject)).collect();
        assert_eq!(said, [("open", nobody, None), ("close", nobody, None)]);
        let nowhere = crate::bed::circle(Access::Open, 5).id;
        bed.store.bar(nowhere, Door::Closed, &bed.by(nobody)).await.unwrap();
        assert_eq!(bed.announced().await, []);
    }

    async fn of_many_who_join_while_it_is_closed_none_gets_in_after(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 100).await;
        let (store, by) = (bed.store.clone(), bed.by(owner.user));
        let closing = async move { store.bar(circle.id, Door::Closed, &by).await.unwrap() };
        let racers = (0..16).map(|_| {
            let (store, new) = (bed.store.clone(), person(MEMBER));
            let deed = Deed { circle: circle.id, by: bed.by(new.user), act: Act::Join(new.persona) };
            async move { store.settle(&deed).await.unwrap() }
        });
        let (came_to, ()) = tokio::join!(race(racers), closing);
        let in_it = came_to.iter().filter(|it| it.is_ok()).count();
        assert!(came_to.iter().all(|it| it.as_ref().err().is_none_or(|refused| *refused == Refused::NoCircle)));
        let now = bed.store.look(circle.id, owner.user).await.unwrap().unwrap().circle;
        assert_eq!((usize::try_from(now.members).unwrap(), now.closed_at.is_some()), (in_it + 1, true));
        let late = person(MEMBER);
        let refused = does(bed, circle.id, late.user, Act::Join(late.persona)).await;
        assert_eq!(refused.unwrap_err(), Refused::NoCircle);
    }

    async fn of_owners_the_one_who_was_first_answers_for_a_circle(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        bed.clock.pass(Duration::from_hours(1));
        let (ann, bob) = (joined(bed, &circle).await, joined(bed, &circle).await);
        for other in [&ann, &bob] {
            does(bed, circle.id, owner.user, Act::Give(other.persona, CircleRole::Owner)).await.unwrap();
        }
        assert_eq!(bed.store.owner(circle.id).await.unwrap().unwrap().user, owner.user);
        does(bed, circle.id, owner.user, Act::Leave).await.unwrap();
        let first = if ann.persona < bob.persona { &ann } else { &bob };
        assert_eq!(bed.store.owner(circle.id).await.unwrap().unwrap().user, first.user);
        does(bed, circle.id, ann.user, Act::Archive).await.unwrap();
        for other in [&ann, &bob] {
            does(bed, circle.id, other.user, Act::Leave).await.unwrap();
        }
        assert_eq!(bed.store.owner(circle.id).await.unwrap(), None);
        assert_eq!(bed.store.owner(crate::bed::circle(Access::Open, 5).id).await.unwrap(), None);
    }

    async fn the_log_is_read_backwards_in_pages(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        for _ in 0..4 {
            bed.clock.pass(Duration::from_secs(1));
            let version = bed.store.look(circle.id, owner.user).await.unwrap().unwrap().circle.version;
            does(bed, circle.id, owner.user, Act::Update(version, Change::default())).await.unwrap();
        }
        let all = bed.store.log(circle.id, None, 100).await.unwrap();
        let first = bed.store.log(circle.id, None, 2).await.unwrap();
        let rest = bed.store.log(circle.id, Some(first[1].mark), 100).await.unwrap();
        assert_eq!([first, rest].concat(), all);
        assert_eq!(all.last().unwrap().act, "create");
        let marks: BTreeSet<_> = all.iter().map(|entry| entry.mark).collect();
        assert!(marks.len() == all.len() && marks.iter().all(|mark| mark.get_version_num() == 4), "{marks:?}");
        assert!(all.iter().all(|entry| entry.persona == Some(owner.persona)));
        let (elsewhere, _) = bed.opened(Access::Open, 10).await;
        assert_eq!(bed.store.log(elsewhere.id, Some(all[1].mark), 100).await.unwrap(), []);
    }

    async fn the_log_says_as_whom_people_appear_there_whatever_became_of_them(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        let ann = joined(bed, &circle).await;
        does(bed, circle.id, owner.user, Act::Ban(ann.persona)).await.unwrap();
        bed.store.bar(circle.id, Door::Closed, &bed.by(UserId::from_uuid(uuid::Uuid::nil()))).await.unwrap();
        let log = bed.store.log(circle.id, None, 100).await.unwrap();
        let said: BTreeSet<_> =
            log.iter().map(|entry| (entry.act.as_str(), entry.persona, entry.subject_persona)).collect();
        let (o, a) = (Some(owner.persona), Some(ann.persona));
        assert_eq!(said, BTreeSet::from([("create", o, None), ("join", a, a), ("ban", o, a), ("close", None, None)]));
    }

    async fn of_64_who_want_the_last_place_one_gets_it(bed: &Bed) {
        let (circle, _) = bed.opened(Access::Open, 3).await;
        joined(bed, &circle).await;
        let racers = (0..64).map(|_| {
            let (store, new) = (bed.store.clone(), person(MEMBER));
            let deed = Deed { circle: circle.id, by: bed.by(new.user), act: Act::Join(new.persona) };
            async move { store.settle(&deed).await.unwrap() }
        });
        let came_to = race(racers).await;
        assert_eq!(came_to.iter().filter(|it| it.is_ok()).count(), 1);
        assert!(came_to.iter().all(|it| it.as_ref().err().is_none_or(|refused| *refused == Refused::Full)));
        let members = bed.store.people(circle.id, Standing::Members, None, 100).await.unwrap();
        assert_eq!(members.len(), 3);
    }

    async fn of_many_who_use_the_last_use_of_an_invite_one_gets_in(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Private, 100).await;
        let (_, code) = invited(bed, &circle, &owner, 1).await;
        let racers = (0..16).map(|_| {
            let (store, new) = (bed.store.clone(), person(MEMBER));
            let act = Act::Accept(code.digest(), new.persona);
            let deed = Deed { circle: circle.id, by: bed.by(new.user), act };
            async move { store.settle(&deed).await.unwrap() }
        });
        assert_eq!(race(racers).await.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(live(bed, &circle).await, 0);
    }

    async fn of_two_owners_who_leave_at_once_one_stays(bed: &Bed) {
        for _ in 0..8 {
            let (circle, owner) = bed.opened(Access::Open, 10).await;
            let other = joined(bed, &circle).await;
            does(bed, circle.id, owner.user, Act::Give(other.persona, CircleRole::Owner)).await.unwrap();
            let racers = [owner, other].map(|who| {
                let store = bed.store.clone();
                let deed = Deed { circle: circle.id, by: bed.by(who.user), act: Act::Leave };
                async move { store.settle(&deed).await.unwrap() }
            });
            assert_eq!(race(racers).await.iter().filter(|it| it.is_ok()).count(), 1);
        }
    }

    async fn what_is_not_there_is_no_circle(bed: &Bed) {
        let nowhere = circle(Access::Open, 5).id;
        assert_eq!(does(bed, nowhere, kith_testkit::user(), Act::Leave).await.unwrap_err(), Refused::NoCircle);
    }

    async fn a_use_is_taken_with_what_it_gives_and_the_last_ends_the_invite(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Private, 10).await;
        let (invite, code) = invited(bed, &circle, &owner, 2).await;
        assert_eq!(bed.store.invite(&code.digest(), bed.clock.now()).await.unwrap(), Some(invite));
        let accept = async |new: &Person| {
            does(bed, circle.id, new.user, Act::Accept(code.digest(), new.persona)).await.map(drop)
        };
        let (ann, bob, eve) = (person(MEMBER), person(MEMBER), person(MEMBER));
        assert_eq!((accept(&ann).await, accept(&ann).await), (Ok(()), Ok(())));
        let left = bed.store.invite(&code.digest(), bed.clock.now()).await.unwrap().unwrap();
        assert_eq!(left.uses_left, 1, "a member takes no use");
        assert_eq!(accept(&bob).await, Ok(()));
        assert_eq!(accept(&eve).await, Err(Refused::NoInvite));
        assert_eq!(bed.store.invite(&code.digest(), bed.clock.now()).await.unwrap(), None);
    }

    async fn an_invite_ends_at_its_time_and_when_it_is_revoked(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Private, 10).await;
        let (invite, code) = invited(bed, &circle, &owner, 5).await;
        let (_, other) = invited(bed, &circle, &owner, 5).await;
        for _ in 0..2 {
            does(bed, circle.id, owner.user, Act::Revoke(invite.id)).await.unwrap();
        }
        let now = bed.clock.now();
        assert_eq!(bed.store.invite(&code.digest(), now).await.unwrap(), None);
        assert!(bed.store.invite(&other.digest(), now).await.unwrap().is_some());
        bed.clock.pass(Duration::from_hours(1));
        assert_eq!(bed.store.invite(&other.digest(), bed.clock.now()).await.unwrap(), None);
        let late = person(MEMBER);
        let refused = does(bed, circle.id, late.user, Act::Accept(other.digest(), late.persona)).await;
        assert_eq!((refused.unwrap_err(), live(bed, &circle).await), (Refused::NoInvite, 0));
    }

    async fn an_invite_of_another_circle_opens_and_ends_nothing_here(bed: &Bed) {
        let (here, owner) = bed.opened(Access::Private, 10).await;
        let (there, other) = bed.opened(Access::Private, 10).await;
        let (foreign, code) = invited(bed, &there, &other, 5).await;
        let new = person(MEMBER);
        let refused = does(bed, here.id, new.user, Act::Accept(code.digest(), new.persona)).await.unwrap_err();
        assert_eq!(refused, Refused::NoInvite);
        does(bed, here.id, owner.user, Act::Revoke(foreign.id)).await.unwrap();
        assert_eq!(live(bed, &there).await, 1);
    }

    async fn who_repeats_a_call_makes_one_invite_with_a_new_code(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Private, 10).await;
        let (first, lost) = invited(bed, &circle, &owner, 5).await;
        let (again, code) = invite(bed, &circle, &owner, 5);
        let again = Invite { id: first.id, ..again };
        does(bed, circle.id, owner.user, Act::Invite(again.clone())).await.unwrap();
        let now = bed.clock.now();
        assert_eq!(bed.store.invites(circle.id, now, None, 10).await.unwrap(), [again]);
        assert_eq!(bed.store.invite(&lost.digest(), now).await.unwrap(), None);
        assert!(bed.store.invite(&code.digest(), now).await.unwrap().is_some());
    }

    async fn whoever_may_not_invite_any_more_has_no_invites(bed: &Bed) {
        let ends: [fn(PersonaId) -> Act; 3] = [|it| Act::Give(it, CircleRole::Member), Act::Remove, Act::Ban];
        for end in ends {
            let (circle, owner) = bed.opened(Access::Open, 10).await;
            let ann = joined(bed, &circle).await;
            does(bed, circle.id, owner.user, Act::Give(ann.persona, CircleRole::Keeper)).await.unwrap();
            invited(bed, &circle, &ann, 5).await;
            invited(bed, &circle, &owner, 5).await;
            does(bed, circle.id, owner.user, end(ann.persona)).await.unwrap();
            let left = bed.store.invites(circle.id, bed.clock.now(), None, 10).await.unwrap();
            assert_eq!(left.iter().map(|it| it.maker).collect::<Vec<_>>(), [owner.user]);
        }
    }

    async fn who_comes_back_is_the_same_persona_since_then(bed: &Bed) {
        let (circle, _) = bed.opened(Access::Open, 10).await;
        let ann = joined(bed, &circle).await;
        does(bed, circle.id, ann.user, Act::Leave).await.unwrap();
        assert_eq!(bed.state(circle.id, ann.user).await, Some(State::Left));
        bed.clock.pass(Duration::from_hours(24));
        does(bed, circle.id, ann.user, Act::Join(PersonaId::random(&SystemEntropy))).await.unwrap();
        let back = bed.store.person(circle.id, ann.persona).await.unwrap().unwrap();
        assert_eq!((back.user, back.state, back.since), (ann.user, MEMBER, bed.clock.now()));
    }

    async fn who_was_declined_asks_again_after_seven_days_and_not_before(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::ByRequest, 10).await;
        let ann = person(State::Asked);
        let asks = async || does(bed, circle.id, ann.user, Act::Join(ann.persona)).await.map(drop);
        asks().await.unwrap();
        bed.clock.pass(Duration::from_hours(24));
        does(bed, circle.id, owner.user, Act::Decline(ann.persona)).await.unwrap();
        assert_eq!(bed.state(circle.id, ann.user).await, Some(State::Declined));
        // None of these is a way to ask sooner, and none begins the week anew.
        bed.clock.pass(Duration::from_hours(1));
        does(bed, circle.id, ann.user, Act::Leave).await.unwrap();
        for act in [Act::Decline(ann.persona), Act::Remove(ann.persona), Act::Unban(ann.persona)] {
            does(bed, circle.id, owner.user, act).await.unwrap();
        }
        assert_eq!(asks().await, Err(Refused::Declined));
        bed.clock.pass(Duration::from_hours(7 * 24 - 1).saturating_sub(Duration::from_millis(1)));
        assert_eq!(asks().await, Err(Refused::Declined));
        bed.clock.pass(Duration::from_millis(1));
        asks().await.unwrap();
        assert_eq!(bed.state(circle.id, ann.user).await, Some(State::Asked));
    }

    async fn what_a_keeper_does_goes_around_the_wait_of_who_was_declined(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::ByRequest, 10).await;
        let declined = async || {
            let new = person(State::Asked);
            does(bed, circle.id, new.user, Act::Join(new.persona)).await.unwrap();
            does(bed, circle.id, owner.user, Act::Decline(new.persona)).await.unwrap();
            new
        };
        let (ann, bob, eve) = (declined().await, declined().await, declined().await);
        let (_, code) = invited(bed, &circle, &owner, 1).await;
        does(bed, circle.id, ann.user, Act::Accept(code.digest(), ann.persona)).await.unwrap();
        assert_eq!(bed.state(circle.id, ann.user).await, Some(MEMBER));
        does(bed, circle.id, ann.user, Act::Leave).await.unwrap();
        does(bed, circle.id, ann.user, Act::Join(ann.persona)).await.unwrap();
        for act in [Act::Ban(bob.persona), Act::Unban(bob.persona)] {
            does(bed, circle.id, owner.user, act).await.unwrap();
        }
        does(bed, circle.id, bob.user, Act::Join(bob.persona)).await.unwrap();
        does(bed, circle.id, owner.user, Act::Update(1, Change { access: Some(Access::Open), ..Change::default() }))
            .await
            .unwrap();
        does(bed, circle.id, eve.user, Act::Join(eve.persona)).await.unwrap();
        assert_eq!(bed.state(circle.id, eve.user).await, Some(MEMBER));
    }

    async fn a_role_changes_nothing_of_when_somebody_joined(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        let ann = joined(bed, &circle).await;
        let since = bed.clock.now();
        bed.clock.pass(Duration::from_hours(24));
        does(bed, circle.id, owner.user, Act::Give(ann.persona, CircleRole::Keeper)).await.unwrap();
        let now = bed.store.person(circle.id, ann.persona).await.unwrap().unwrap();
        assert_eq!((now.state, now.since), (KEEPER, since));
    }

    async fn an_update_counts_the_version_and_a_stale_one_changes_nothing(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        let change = Change { name: Some(Name::new("night owls").unwrap()), ..Change::default() };
        let after = does(bed, circle.id, owner.user, Act::Update(1, change.clone())).await.unwrap().circle;
        assert_eq!((after.terms.name.as_str(), after.version), ("night owls", 2));
        assert_eq!(after.terms.rules, circle.terms.rules);
        let stale = does(bed, circle.id, owner.user, Act::Update(1, change)).await;
        assert_eq!(stale.unwrap_err(), Refused::EtagMismatch);
    }

    async fn a_circle_that_lets_nobody_in_by_request_has_no_requests(bed: &Bed) {
        for act in [
            Act::Update(1, Change { access: Some(Access::Open), ..Change::default() }),
            Act::Update(1, Change { access: Some(Access::Private), ..Change::default() }),
            Act::Archive,
        ] {
            let (circle, owner) = bed.opened(Access::ByRequest, 10).await;
            let ann = person(State::Asked);
            does(bed, circle.id, ann.user, Act::Join(ann.persona)).await.unwrap();
            assert_eq!(bed.store.people(circle.id, Standing::Asked, None, 10).await.unwrap().len(), 1);
            does(bed, circle.id, owner.user, act).await.unwrap();
            assert_eq!(bed.store.people(circle.id, Standing::Asked, None, 10).await.unwrap(), []);
        }
    }

    async fn an_archived_circle_has_no_invites(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 10).await;
        invited(bed, &circle, &owner, 5).await;
        let after = does(bed, circle.id, owner.user, Act::Archive).await.unwrap().circle;
        assert_eq!((after.archived_at, live(bed, &circle).await), (Some(bed.clock.now()), 0));
    }

    async fn everybody_finds_public_circles_but_those_that_keep_them_out(bed: &Bed) {
        let viewer = person(MEMBER);
        let (open, _) = bed.opened(Access::Open, 10).await;
        let (by_request, _) = bed.opened(Access::ByRequest, 10).await;
        bed.opened(Access::Private, 10).await;
        let (over, its_owner) = bed.opened(Access::Open, 10).await;
        does(bed, over.id, its_owner.user, Act::Archive).await.unwrap();
        let (closed, keeper) = bed.opened(Access::Open, 10).await;
        does(bed, closed.id, viewer.user, Act::Join(viewer.persona)).await.unwrap();
        does(bed, closed.id, keeper.user, Act::Ban(viewer.persona)).await.unwrap();
        let found = async |category: Option<&str>, before, limit| {
            let category = category.map(|slug| slug.parse().unwrap());
            let found = bed.store.public(viewer.user, category, before, limit).await.unwrap();
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

    async fn people_find_the_circles_that_they_are_in(bed: &Bed) {
        let mut all = Vec::new();
        let ann = person(MEMBER);
        for access in [Access::Open, Access::Open, Access::Open, Access::ByRequest] {
            let (circle, _) = bed.opened(access, 10).await;
            does(bed, circle.id, ann.user, Act::Join(PersonaId::random(&SystemEntropy))).await.unwrap();
            all.push(circle.id);
        }
        does(bed, all[0], ann.user, Act::Leave).await.unwrap();
        let mut mine = all[1..3].to_vec();
        mine.sort_by(|one, other| other.cmp(one));
        let own = bed.store.own(ann.user, None, 10).await.unwrap();
        assert_eq!(own.iter().map(|seen| seen.circle.id).collect::<Vec<_>>(), mine);
        assert!(own.iter().all(|seen| seen.person.is_some_and(|person| person.state == MEMBER)));
        assert_eq!(bed.store.own(ann.user, Some(mine[0]), 10).await.unwrap()[0].circle.id, mine[1]);
        assert_eq!(bed.store.circles_of(ann.user).await.unwrap(), mine.into_iter().collect());
    }

    async fn people_are_listed_by_role_and_then_by_persona(bed: &Bed) {
        let (circle, owner) = bed.opened(Access::Open, 100).await;
        let mut members = Vec::new();
        for _ in 0..6 {
            members.push(joined(bed, &circle).await.persona);
        }
        let keeper = members.pop().unwrap();
        does(bed, circle.id, owner.user, Act::Give(keeper, CircleRole::Keeper)).await.unwrap();
        members.sort();
        let expected = [vec![owner.persona, keeper], members].concat();
        let mut listed = Vec::new();
        let mut behind = None;
        loop {
            let page = bed.store.people(circle.id, Standing::Members, behind, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            behind = Some(Behind { role: last.state.role(), persona: last.persona });
            listed.extend(page.iter().map(|person| person.persona));
        }
        assert_eq!(listed, expected);
        assert_eq!(bed.store.people(circle.id, Standing::Banned, None, 10).await.unwrap(), []);
    }
}
