//! Lists of circles and members.

use kith_circles::{
    domain::Access,
    policy::CircleCommand,
    store::{MemberCursor, MemberFilter},
};
use kith_kernel::{PersonaId, SystemEntropy, ports::CircleRole};

use super::{MEMBER, execute, join};
use crate::harness::{Harness, membership, postgres, sqlite};

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn public_circles_are_listed_unless_the_viewer_is_banned(harness: &Harness) {
        let viewer = membership(MEMBER);
        let (open, _) = harness.create(Access::Open, 10).await;
        let (by_request, _) = harness.create(Access::ByRequest, 10).await;
        harness.create(Access::Private, 10).await;
        let (archived, archived_owner) = harness.create(Access::Open, 10).await;
        execute(harness, archived.id, archived_owner.user, CircleCommand::Archive).await.unwrap();
        let (banned, keeper) = harness.create(Access::Open, 10).await;
        execute(harness, banned.id, viewer.user, CircleCommand::Join(viewer.persona)).await.unwrap();
        execute(harness, banned.id, keeper.user, CircleCommand::BanMember(viewer.persona)).await.unwrap();
        let found = async |category: Option<&str>, before, limit| {
            let category = category.map(|slug| slug.parse().unwrap());
            let found = harness.store.list_public(viewer.user, category, before, limit).await.unwrap();
            found.into_iter().map(|view| view.circle.id).collect::<Vec<_>>()
        };
        let mut both = [open.id, by_request.id];
        both.sort_by(|one, other| other.cmp(one));
        assert_eq!(found(None, None, 10).await, both);
        assert_eq!(found(Some("sleep"), None, 10).await, both);
        assert_eq!(found(Some("work"), None, 10).await, []);
        assert_eq!(found(None, None, 1).await, both[..1]);
        assert_eq!(found(None, Some(both[0]), 10).await, both[1..]);
    }

    async fn a_user_finds_their_own_circles(harness: &Harness) {
        let mut all = Vec::new();
        let ann = membership(MEMBER);
        for access in [Access::Open, Access::Open, Access::Open, Access::ByRequest] {
            let (circle, _) = harness.create(access, 10).await;
            execute(harness, circle.id, ann.user, CircleCommand::Join(PersonaId::random(&SystemEntropy)))
                .await
                .unwrap();
            all.push(circle.id);
        }
        execute(harness, all[0], ann.user, CircleCommand::Leave).await.unwrap();
        let mut mine = all[1..3].to_vec();
        mine.sort_by(|one, other| other.cmp(one));
        let own = harness.store.list_own(ann.user, None, 10).await.unwrap();
        assert_eq!(own.iter().map(|view| view.circle.id).collect::<Vec<_>>(), mine);
        assert!(own.iter().all(|view| view.membership.is_some_and(|membership| membership.status == MEMBER)));
        assert_eq!(harness.store.list_own(ann.user, Some(mine[0]), 10).await.unwrap()[0].circle.id, mine[1]);
        assert_eq!(harness.store.circles_of(ann.user).await.unwrap(), mine.into_iter().collect());
    }

    async fn members_are_listed_by_role_and_then_by_persona(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 100).await;
        let mut members = Vec::new();
        for _ in 0..6 {
            members.push(join(harness, &circle).await.persona);
        }
        let keeper = members.pop().unwrap();
        execute(harness, circle.id, owner.user, CircleCommand::ChangeRole(keeper, CircleRole::Keeper)).await.unwrap();
        members.sort();
        let expected = [vec![owner.persona, keeper], members].concat();
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let page = harness.store.list_members(circle.id, MemberFilter::Members, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(MemberCursor { role: last.status.role(), persona: last.persona });
            listed.extend(page.iter().map(|member| member.persona));
        }
        assert_eq!(listed, expected);
        assert_eq!(harness.store.list_members(circle.id, MemberFilter::Banned, None, 10).await.unwrap(), []);
    }
}
