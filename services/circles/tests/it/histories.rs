//! Random histories of a circle against a model that knows nothing of how it is kept.

use std::collections::BTreeMap;

use kith_circles::{
    domain::{Access, State},
    policy::{Act, Refused},
    store::{Deed, Door},
};
use kith_kernel::{PersonaId, SystemEntropy, UserId, ports::CircleRole};
use kith_testkit::block_on;
use proptest::prelude::*;

use crate::harness::{Harness, circle, person, postgres, sqlite};

const PEOPLE: usize = 5;
const CAP: u32 = 3;

/// What somebody does to somebody, by their numbers.
#[derive(Debug, Clone, Copy)]
enum Step {
    Join(usize),
    Leave(usize),
    Give(usize, usize, CircleRole),
    Remove(usize, usize),
    Ban(usize, usize),
    Unban(usize, usize),
    Admit(usize, usize),
    Decline(usize, usize),
    Archive(usize),
    /// By the staff.
    Turn(Door),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE;
    let role = prop_oneof![Just(CircleRole::Member), Just(CircleRole::Keeper), Just(CircleRole::Owner)];
    prop_oneof![
        8 => who().prop_map(Step::Join),
        3 => who().prop_map(Step::Leave),
        6 => (who(), who(), role).prop_map(|(by, to, role)| Step::Give(by, to, role)),
        3 => (who(), who()).prop_map(|(by, to)| Step::Remove(by, to)),
        2 => (who(), who()).prop_map(|(by, to)| Step::Ban(by, to)),
        2 => (who(), who()).prop_map(|(by, to)| Step::Unban(by, to)),
        4 => (who(), who()).prop_map(|(by, to)| Step::Admit(by, to)),
        2 => (who(), who()).prop_map(|(by, to)| Step::Decline(by, to)),
        1 => who().prop_map(Step::Archive),
        1 => Just(Step::Turn(Door::Closed)),
        2 => Just(Step::Turn(Door::Open)),
    ]
}

/// A circle in a table: 1 is a member, 2 a keeper, 3 an owner; who asked, and who is banned, is in a list.
#[derive(Debug, Default)]
struct Model {
    ranks: BTreeMap<usize, u8>,
    asked: Vec<usize>,
    declined: Vec<usize>,
    banned: Vec<usize>,
    archived: bool,
    closed: bool,
    by_request: bool,
}

impl Model {
    fn rank(&self, who: usize) -> u8 {
        self.ranks.get(&who).copied().unwrap_or(0)
    }

    fn owners(&self) -> usize {
        self.ranks.values().filter(|rank| **rank == 3).count()
    }

    fn is_full(&self) -> bool {
        self.ranks.len() >= usize::try_from(CAP).unwrap()
    }

    /// Does a step, if it may be done.
    fn step(&mut self, step: Step) {
        match step {
            Step::Turn(door) => self.closed = door == Door::Closed,
            // It can be left by its members and ended by its owner, and nothing else.
            Step::Leave(who) if self.closed && self.rank(who) == 0 => {}
            _ if self.closed && !matches!(step, Step::Leave(_) | Step::Archive(_)) => {}
            Step::Join(who) if self.rank(who) > 0 || self.banned.contains(&who) || self.archived => {}
            Step::Join(who) if self.declined.contains(&who) => {}
            Step::Join(who) if self.by_request => self.asked.push(who),
            Step::Join(who) if !self.is_full() => drop(self.ranks.insert(who, 1)),
            Step::Leave(who) => {
                self.asked.retain(|it| *it != who);
                if self.rank(who) < 3 || self.owners() > 1 || self.archived {
                    self.ranks.remove(&who);
                }
            }
            Step::Give(by, to, role) => self.give(by, to, role),
            Step::Remove(by, to) if self.outranks(by, to) => self.out(to),
            Step::Ban(by, to) if self.outranks(by, to) => {
                self.out(to);
                self.declined.retain(|it| *it != to);
                self.banned.push(to);
            }
            Step::Unban(by, to) if self.rank(by) > 1 => self.banned.retain(|it| *it != to),
            Step::Admit(by, to) if self.rank(by) > 1 && self.asked.contains(&to) && !self.is_full() => {
                self.asked.retain(|it| *it != to);
                self.ranks.insert(to, 1);
            }
            Step::Decline(by, to) if self.rank(by) > 1 && self.asked.contains(&to) => {
                self.asked.retain(|it| *it != to);
                self.declined.push(to);
            }
            Step::Archive(by) if self.rank(by) == 3 => {
                self.archived = true;
                self.asked.clear();
            }
            Step::Join(_)
            | Step::Remove(..)
            | Step::Ban(..)
            | Step::Unban(..)
            | Step::Admit(..)
            | Step::Decline(..)
            | Step::Archive(_) => {}
        }
    }

    fn outranks(&self, by: usize, to: usize) -> bool {
        self.rank(by) > 1 && self.rank(by) > self.rank(to)
    }

    fn out(&mut self, who: usize) {
        self.ranks.remove(&who);
        self.asked.retain(|it| *it != who);
    }

    fn give(&mut self, by: usize, to: usize, role: CircleRole) {
        let rank = match role {
            CircleRole::Member => 1,
            CircleRole::Keeper => 2,
            CircleRole::Owner => 3,
        };
        let may = if by == to { rank < self.rank(by) } else { self.rank(by) == 3 && (1..3).contains(&self.rank(to)) };
        let last = self.rank(to) == 3 && self.owners() == 1;
        if may && !last && !self.archived {
            self.ranks.insert(to, rank);
        }
    }

    fn state(&self, who: usize) -> Option<State> {
        match self.rank(who) {
            1 => Some(State::Member(CircleRole::Member)),
            2 => Some(State::Member(CircleRole::Keeper)),
            3 => Some(State::Member(CircleRole::Owner)),
            _ if self.banned.contains(&who) => Some(State::Banned),
            _ if self.asked.contains(&who) => Some(State::Asked),
            _ => None,
        }
    }
}

async fn agrees(harness: &Harness, access: Access, steps: Vec<Step>) {
    let people: Vec<(UserId, PersonaId)> =
        (0..PEOPLE).map(|_| (kith_testkit::user(), PersonaId::random(&SystemEntropy))).collect();
    let (circle, first) = (circle(access, CAP), person(State::Member(CircleRole::Owner)));
    let owner = kith_circles::domain::Person { user: people[0].0, persona: people[0].1, ..first };
    harness.store.open(&circle, &owner, &harness.by(owner.user)).await.unwrap();
    let mut model = Model { by_request: access == Access::ByRequest, ..Model::default() };
    model.ranks.insert(0, 3);
    for step in steps {
        if let Step::Turn(door) = step {
            harness.store.bar(circle.id, door, &harness.by(owner.user)).await.unwrap();
            model.step(step);
            continue;
        }
        let (by, act) = match step {
            Step::Join(who) => (who, Act::Join(people[who].1)),
            Step::Leave(who) => (who, Act::Leave),
            Step::Give(by, to, role) => (by, Act::Give(people[to].1, role)),
            Step::Remove(by, to) => (by, Act::Remove(people[to].1)),
            Step::Ban(by, to) => (by, Act::Ban(people[to].1)),
            Step::Unban(by, to) => (by, Act::Unban(people[to].1)),
            Step::Admit(by, to) => (by, Act::Admit(people[to].1)),
            Step::Decline(by, to) => (by, Act::Decline(people[to].1)),
            Step::Archive(by) => (by, Act::Archive),
            Step::Turn(_) => continue,
        };
        let outsider = model.state(by).is_none_or(|state| state.role().is_none());
        // The model bans whoever there is; the circle whoever ever came to it.
        let came = harness.store.person(circle.id, act.subject().unwrap_or(people[by].1)).await.unwrap().is_some();
        let did = harness.store.settle(&Deed { circle: circle.id, by: harness.by(people[by].0), act }).await.unwrap();
        if came || matches!(step, Step::Join(_)) {
            model.step(step);
        }
        if outsider && (model.archived || model.closed) {
            assert_eq!(did.unwrap_err(), Refused::NoCircle, "{step:?}");
        }
        let mut members = 0;
        for (who, (user, _)) in people.iter().enumerate() {
            let there = harness.state(circle.id, *user).await;
            let there = there.filter(|state| !matches!(state, State::Left | State::Declined));
            assert_eq!(there, model.state(who), "{who} after {step:?}");
            members += u32::from(there.is_some_and(|state| state.role().is_some()));
        }
        let now = harness.store.look(circle.id, owner.user).await.unwrap().unwrap().circle;
        assert_eq!(now.members, members, "the number of members after {step:?}");
        assert!(members <= CAP, "more than the circle may have after {step:?}");
        assert!(model.owners() > 0 || model.archived, "nobody keeps the circle after {step:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(96), ..ProptestConfig::default() })]

    #[test]
    fn an_open_circle_does_as_its_model(steps in prop::collection::vec(step(), 1..60)) {
        block_on(async { agrees(&sqlite().await, Access::Open, steps).await });
    }

    #[test]
    fn a_circle_by_request_does_as_its_model(steps in prop::collection::vec(step(), 1..60)) {
        block_on(async { agrees(&sqlite().await, Access::ByRequest, steps).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(6), ..ProptestConfig::default() })]

    #[test]
    fn so_it_does_in_postgres(steps in prop::collection::vec(step(), 30..60)) {
        block_on(async { agrees(&postgres().await, Access::Open, steps).await });
    }
}
