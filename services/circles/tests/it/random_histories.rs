//! Random histories of a circle, compared with a model that is independent of the implementation.

use std::collections::BTreeMap;

use kith_circles::{
    domain::{Access, MembershipRecord, MembershipStatus},
    policy::{CircleCommand, CircleError},
    store::Closure,
};
use kith_kernel::{PersonaId, SystemEntropy, UserId, ports::CircleRole};
use kith_testkit::block_on;
use proptest::prelude::*;

use crate::{
    harness::{Harness, circle, membership, postgres, sqlite},
    store::execute,
};

const ACCOUNTS: usize = 5;
const MAX_MEMBERS: u32 = 3;

/// A command. Accounts are named by their index: the actor first, then the subject.
#[derive(Debug, Clone, Copy)]
enum Step {
    Join(usize),
    Leave(usize),
    ChangeRole(usize, usize, CircleRole),
    Remove(usize, usize),
    Ban(usize, usize),
    Unban(usize, usize),
    Approve(usize, usize),
    Decline(usize, usize),
    Archive(usize),
    /// By staff.
    SetClosed(Closure),
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..ACCOUNTS;
    let role = prop_oneof![Just(CircleRole::Member), Just(CircleRole::Keeper), Just(CircleRole::Owner)];
    prop_oneof![
        8 => index().prop_map(Step::Join),
        3 => index().prop_map(Step::Leave),
        6 => (index(), index(), role).prop_map(|(by, to, role)| Step::ChangeRole(by, to, role)),
        3 => (index(), index()).prop_map(|(by, to)| Step::Remove(by, to)),
        2 => (index(), index()).prop_map(|(by, to)| Step::Ban(by, to)),
        2 => (index(), index()).prop_map(|(by, to)| Step::Unban(by, to)),
        4 => (index(), index()).prop_map(|(by, to)| Step::Approve(by, to)),
        2 => (index(), index()).prop_map(|(by, to)| Step::Decline(by, to)),
        1 => index().prop_map(Step::Archive),
        1 => Just(Step::SetClosed(Closure::Closed)),
        2 => Just(Step::SetClosed(Closure::Open)),
    ]
}

/// Model of a circle. Ranks: 1 is a member, 2 a keeper, 3 an owner.
#[derive(Debug, Default)]
struct Model {
    ranks: BTreeMap<usize, u8>,
    requested: Vec<usize>,
    declined: Vec<usize>,
    banned: Vec<usize>,
    archived: bool,
    closed: bool,
    by_request: bool,
}

impl Model {
    fn rank(&self, account: usize) -> u8 {
        self.ranks.get(&account).copied().unwrap_or(0)
    }

    fn owners(&self) -> usize {
        self.ranks.values().filter(|rank| **rank == 3).count()
    }

    fn is_full(&self) -> bool {
        self.ranks.len() >= usize::try_from(MAX_MEMBERS).unwrap()
    }

    /// Applies a step if the rules allow it.
    fn apply(&mut self, step: Step) {
        match step {
            Step::SetClosed(closure) => self.closed = closure == Closure::Closed,
            // In a closed circle, members can leave and owners can archive.
            Step::Leave(account) if self.closed && self.rank(account) == 0 => {}
            _ if self.closed && !matches!(step, Step::Leave(_) | Step::Archive(_)) => {}
            Step::Join(account) if self.rank(account) > 0 || self.banned.contains(&account) || self.archived => {}
            Step::Join(account) if self.declined.contains(&account) => {}
            Step::Join(account) if self.by_request => self.requested.push(account),
            Step::Join(account) if !self.is_full() => drop(self.ranks.insert(account, 1)),
            Step::Leave(account) => {
                self.requested.retain(|it| *it != account);
                if self.rank(account) < 3 || self.owners() > 1 || self.archived {
                    self.ranks.remove(&account);
                }
            }
            Step::ChangeRole(by, to, role) => self.change_role(by, to, role),
            Step::Remove(by, to) if self.outranks(by, to) => self.remove(to),
            Step::Ban(by, to) if self.outranks(by, to) => {
                self.remove(to);
                self.declined.retain(|it| *it != to);
                self.banned.push(to);
            }
            Step::Unban(by, to) if self.rank(by) > 1 => self.banned.retain(|it| *it != to),
            Step::Approve(by, to) if self.rank(by) > 1 && self.requested.contains(&to) && !self.is_full() => {
                self.requested.retain(|it| *it != to);
                self.ranks.insert(to, 1);
            }
            Step::Decline(by, to) if self.rank(by) > 1 && self.requested.contains(&to) => {
                self.requested.retain(|it| *it != to);
                self.declined.push(to);
            }
            Step::Archive(by) if self.rank(by) == 3 => {
                self.archived = true;
                self.requested.clear();
            }
            Step::Join(_)
            | Step::Remove(..)
            | Step::Ban(..)
            | Step::Unban(..)
            | Step::Approve(..)
            | Step::Decline(..)
            | Step::Archive(_) => {}
        }
    }

    fn outranks(&self, by: usize, to: usize) -> bool {
        self.rank(by) > 1 && self.rank(by) > self.rank(to)
    }

    fn remove(&mut self, account: usize) {
        self.ranks.remove(&account);
        self.requested.retain(|it| *it != account);
    }

    fn change_role(&mut self, by: usize, to: usize, role: CircleRole) {
        let rank = match role {
            CircleRole::Member => 1,
            CircleRole::Keeper => 2,
            CircleRole::Owner => 3,
        };
        let is_allowed =
            if by == to { rank < self.rank(by) } else { self.rank(by) == 3 && (1..3).contains(&self.rank(to)) };
        let is_last_owner = self.rank(to) == 3 && self.owners() == 1;
        if is_allowed && !is_last_owner && !self.archived {
            self.ranks.insert(to, rank);
        }
    }

    fn status(&self, account: usize) -> Option<MembershipStatus> {
        match self.rank(account) {
            1 => Some(MembershipStatus::Member(CircleRole::Member)),
            2 => Some(MembershipStatus::Member(CircleRole::Keeper)),
            3 => Some(MembershipStatus::Member(CircleRole::Owner)),
            _ if self.banned.contains(&account) => Some(MembershipStatus::Banned),
            _ if self.requested.contains(&account) => Some(MembershipStatus::Requested),
            _ => None,
        }
    }
}

async fn check_against_model(harness: &Harness, access: Access, steps: Vec<Step>) {
    let accounts: Vec<(UserId, PersonaId)> =
        (0..ACCOUNTS).map(|_| (kith_testkit::user(), PersonaId::random(&SystemEntropy))).collect();
    let (circle, owner) = (circle(access, MAX_MEMBERS), membership(MembershipStatus::Member(CircleRole::Owner)));
    let owner = MembershipRecord { user: accounts[0].0, persona: accounts[0].1, ..owner };
    harness.store.create(&circle, &owner, &harness.stamp(owner.user)).await.unwrap();
    let mut model = Model { by_request: access == Access::ByRequest, ..Model::default() };
    model.ranks.insert(0, 3);
    for step in steps {
        if let Step::SetClosed(closure) = step {
            harness.store.set_closed(circle.id, closure, &harness.stamp(owner.user)).await.unwrap();
            model.apply(step);
            continue;
        }
        let (by, command) = match step {
            Step::Join(account) => (account, CircleCommand::Join(accounts[account].1)),
            Step::Leave(account) => (account, CircleCommand::Leave),
            Step::ChangeRole(by, to, role) => (by, CircleCommand::ChangeRole(accounts[to].1, role)),
            Step::Remove(by, to) => (by, CircleCommand::RemoveMember(accounts[to].1)),
            Step::Ban(by, to) => (by, CircleCommand::BanMember(accounts[to].1)),
            Step::Unban(by, to) => (by, CircleCommand::UnbanMember(accounts[to].1)),
            Step::Approve(by, to) => (by, CircleCommand::ApproveRequest(accounts[to].1)),
            Step::Decline(by, to) => (by, CircleCommand::DeclineRequest(accounts[to].1)),
            Step::Archive(by) => (by, CircleCommand::Archive),
            Step::SetClosed(_) => continue,
        };
        let is_outsider = model.status(by).is_none_or(|status| status.role().is_none());
        // The model bans any account, the circle only accounts with a past or present membership.
        let has_record =
            harness.store.find_member(circle.id, command.subject().unwrap_or(accounts[by].1)).await.unwrap().is_some();
        let result = execute(harness, circle.id, accounts[by].0, command).await;
        if has_record || matches!(step, Step::Join(_)) {
            model.apply(step);
        }
        if let Ok(result) = &result {
            let stored = harness.store.find_for(circle.id, accounts[by].0).await.unwrap().unwrap();
            assert_eq!((&stored.circle, stored.membership), (&result.circle, result.actor), "result of {step:?}");
        }
        if is_outsider && (model.archived || model.closed) {
            assert_eq!(result.unwrap_err(), CircleError::CircleNotFound, "{step:?}");
        }
        let mut members = 0;
        for (account, (user, _)) in accounts.iter().enumerate() {
            let status = harness.status(circle.id, *user).await;
            let status = status.filter(|status| !matches!(status, MembershipStatus::Left | MembershipStatus::Declined));
            assert_eq!(status, model.status(account), "{account} after {step:?}");
            members += u32::from(status.is_some_and(|status| status.role().is_some()));
        }
        let now = harness.store.find_for(circle.id, owner.user).await.unwrap().unwrap().circle;
        assert_eq!(now.member_count, members, "member count after {step:?}");
        assert!(members <= MAX_MEMBERS, "too many members after {step:?}");
        assert!(model.owners() > 0 || model.archived, "no owner after {step:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(96), ..ProptestConfig::default() })]

    #[test]
    fn an_open_circle_behaves_like_its_model(steps in prop::collection::vec(step(), 1..60)) {
        block_on(async { check_against_model(&sqlite().await, Access::Open, steps).await });
    }

    #[test]
    fn a_circle_with_join_requests_behaves_like_its_model(steps in prop::collection::vec(step(), 1..60)) {
        block_on(async { check_against_model(&sqlite().await, Access::ByRequest, steps).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(6), ..ProptestConfig::default() })]

    #[test]
    fn an_open_circle_in_postgres_behaves_like_its_model(steps in prop::collection::vec(step(), 30..60)) {
        block_on(async { check_against_model(&postgres().await, Access::Open, steps).await });
    }
}
