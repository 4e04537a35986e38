//! Creation, settings, closure, archiving and the log.

use std::{collections::BTreeSet, time::Duration};

use kith_circles::{
    domain::{Access, CircleUpdate, LogAction, MembershipStatus, Name},
    policy::{CircleCommand, CircleError, CommandRequest},
    store::{Closure, MemberFilter},
};
use kith_kernel::{
    Clock as _, UserId,
    event::CircleChange::{
        Archived, ClosedByStaff, Created, JoinRequested, Joined, Left, ReopenedByStaff, RoleChanged, Updated,
    },
    ports::CircleRole,
};
use kith_storage::StoreError;
use kith_testkit::run_concurrently;

use super::{MEMBER, OWNER, count_invites, create_invite, execute, execute_on, join};
use crate::harness::{Harness, circle, membership, postgres, sqlite};

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_created_circle_is_returned_as_stored(harness: &Harness) {
        let (circle, owner) = (circle(Access::Private, 10), membership(OWNER));
        assert_eq!(harness.store.create(&circle, &owner, &harness.stamp(owner.user)).await.unwrap(), circle);
        let view = harness.store.find_for(circle.id, owner.user).await.unwrap().unwrap();
        assert_eq!((view.circle, view.membership), (circle.clone(), Some(owner)));
        let other = harness.store.find_for(circle.id, kith_testkit::user()).await.unwrap().unwrap();
        assert_eq!(other.membership, None);
        assert_eq!(harness.store.find_for(crate::harness::circle(Access::Open, 5).id, owner.user).await.unwrap(), None);
        assert_eq!(harness.published().await, [(Created, Some(owner.user))]);
    }

    async fn a_repeated_create_has_no_effect_and_an_id_of_another_account_is_a_unique_violation(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        join(harness, &circle).await;
        harness.published().await;
        let again = harness.store.create(&circle, &owner, &harness.stamp(owner.user)).await.unwrap();
        assert_eq!(again.member_count, 2);
        let other = membership(OWNER);
        let taken = harness.store.create(&circle, &other, &harness.stamp(other.user)).await;
        assert!(matches!(taken, Err(StoreError::UniqueViolation(key)) if key == "id"));
        assert_eq!(harness.published().await, []);
    }

    async fn every_change_is_logged_and_published_and_a_command_without_effect_is_not(harness: &Harness) {
        let (circle, owner) = harness.create(Access::ByRequest, 10).await;
        let ann = membership(MembershipStatus::Requested);
        for _ in 0..2 {
            execute(harness, circle.id, ann.user, CircleCommand::Join(ann.persona)).await.unwrap();
        }
        execute(harness, circle.id, ann.user, CircleCommand::ApproveRequest(ann.persona)).await.unwrap_err();
        for command in [
            CircleCommand::ApproveRequest(ann.persona),
            CircleCommand::ChangeRole(ann.persona, CircleRole::Keeper),
            CircleCommand::ChangeRole(ann.persona, CircleRole::Keeper),
            CircleCommand::Update(1, CircleUpdate::default()),
            CircleCommand::BanMember(ann.persona),
            CircleCommand::UnbanMember(ann.persona),
            CircleCommand::Archive,
            CircleCommand::Archive,
        ] {
            execute(harness, circle.id, owner.user, command).await.unwrap();
        }
        let (created, of_ann) = ((Created, Some(owner.user)), Some(ann.user));
        let changes =
            [(JoinRequested, of_ann), (Joined, of_ann), (RoleChanged, of_ann), (Updated, None), (Left, of_ann)];
        let expected: Vec<_> = [created].into_iter().chain(changes).chain([(Archived, None)]).collect();
        assert_eq!(harness.published().await, expected);
        let log = harness.store.list_log(circle.id, None, 100).await.unwrap();
        let actions: BTreeSet<_> =
            log.iter().map(|entry| (entry.action.unwrap(), entry.stamp.actor, entry.target)).collect();
        let (o, a) = (owner.user, ann.user);
        let logged = [
            (LogAction::Created, o, None),
            (LogAction::JoinRequested, a, Some(a)),
            (LogAction::RequestApproved, o, Some(a)),
            (LogAction::RoleChanged, o, Some(a)),
            (LogAction::Updated, o, None),
            (LogAction::MemberBanned, o, Some(a)),
            (LogAction::MemberUnbanned, o, Some(a)),
            (LogAction::Archived, o, None),
        ];
        assert_eq!((actions, log.len()), (BTreeSet::from(logged), 8));
    }

    async fn closing_and_reopening_are_idempotent_and_logged_and_published(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        let ann = join(harness, &circle).await;
        let (_, code) = create_invite(harness, &circle, &owner, 5).await;
        let before = harness.store.find_for(circle.id, ann.user).await.unwrap();
        harness.published().await;
        harness.clock.advance(Duration::from_secs(1));
        let closed_at = harness.clock.now();
        let staff = UserId::from_uuid(uuid::Uuid::nil());
        for _ in 0..2 {
            harness.store.set_closed(circle.id, Closure::Closed, &harness.stamp(staff)).await.unwrap();
            harness.clock.advance(Duration::from_secs(1));
        }
        let view = harness.store.find_for(circle.id, ann.user).await.unwrap().unwrap();
        assert_eq!(view.circle.closed_at, Some(closed_at));
        assert_eq!(harness.store.list_public(ann.user, None, None, 100).await.unwrap(), []);
        assert_eq!(harness.store.circles_of(ann.user).await.unwrap(), BTreeSet::new());
        assert_eq!(harness.store.list_own(ann.user, None, 100).await.unwrap(), [view]);
        for _ in 0..2 {
            harness.store.set_closed(circle.id, Closure::Open, &harness.stamp(staff)).await.unwrap();
        }
        assert_eq!(harness.store.find_for(circle.id, ann.user).await.unwrap(), before, "reopening restores the circle");
        assert!(harness.store.find_invite(&code.digest(), harness.clock.now()).await.unwrap().is_some());
        assert_eq!(harness.store.list_public(ann.user, None, None, 100).await.unwrap().len(), 1);
        assert_eq!(harness.published().await, [(ClosedByStaff, None), (ReopenedByStaff, None)]);
        let log = harness.store.list_log(circle.id, None, 2).await.unwrap();
        let logged: Vec<_> = log.iter().map(|entry| (entry.action.unwrap(), entry.stamp.actor, entry.target)).collect();
        assert_eq!(logged, [(LogAction::Reopened, staff, None), (LogAction::Closed, staff, None)]);
        let missing = crate::harness::circle(Access::Open, 5).id;
        harness.store.set_closed(missing, Closure::Closed, &harness.stamp(staff)).await.unwrap();
        assert_eq!(harness.published().await, []);
    }

    async fn no_account_joins_after_a_concurrent_closure(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 100).await;
        let (store, stamp) = (harness.store.clone(), harness.stamp(owner.user));
        let closing = async move { store.set_closed(circle.id, Closure::Closed, &stamp).await.unwrap() };
        let racers = (0..16).map(|_| {
            let (store, new) = (harness.store.clone(), membership(MEMBER));
            let request = CommandRequest {
                circle: circle.id,
                stamp: harness.stamp(new.user),
                command: CircleCommand::Join(new.persona),
            };
            async move { execute_on(&*store, &request).await }
        });
        let (results, ()) = tokio::join!(run_concurrently(racers), closing);
        let joined_count = results.iter().filter(|it| it.is_ok()).count();
        assert!(results.iter().all(|it| it.as_ref().err().is_none_or(|error| *error == CircleError::CircleNotFound)));
        let now = harness.store.find_for(circle.id, owner.user).await.unwrap().unwrap().circle;
        assert_eq!((usize::try_from(now.member_count).unwrap(), now.closed_at.is_some()), (joined_count + 1, true));
        let latecomer = membership(MEMBER);
        let result = execute(harness, circle.id, latecomer.user, CircleCommand::Join(latecomer.persona)).await;
        assert_eq!(result.unwrap_err(), CircleError::CircleNotFound);
    }

    async fn the_owner_with_the_longest_membership_is_found(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        harness.clock.advance(Duration::from_hours(1));
        let (ann, bob) = (join(harness, &circle).await, join(harness, &circle).await);
        for other in [&ann, &bob] {
            execute(harness, circle.id, owner.user, CircleCommand::ChangeRole(other.persona, CircleRole::Owner))
                .await
                .unwrap();
        }
        assert_eq!(harness.store.find_owner(circle.id).await.unwrap().unwrap().user, owner.user);
        execute(harness, circle.id, owner.user, CircleCommand::Leave).await.unwrap();
        let first = if ann.persona < bob.persona { &ann } else { &bob };
        assert_eq!(harness.store.find_owner(circle.id).await.unwrap().unwrap().user, first.user);
        execute(harness, circle.id, ann.user, CircleCommand::Archive).await.unwrap();
        for other in [&ann, &bob] {
            execute(harness, circle.id, other.user, CircleCommand::Leave).await.unwrap();
        }
        assert_eq!(harness.store.find_owner(circle.id).await.unwrap(), None);
        assert_eq!(harness.store.find_owner(crate::harness::circle(Access::Open, 5).id).await.unwrap(), None);
    }

    async fn a_command_on_a_missing_circle_is_rejected(harness: &Harness) {
        let missing = circle(Access::Open, 5).id;
        assert_eq!(
            execute(harness, missing, kith_testkit::user(), CircleCommand::Leave).await.unwrap_err(),
            CircleError::CircleNotFound
        );
    }

    async fn an_update_increments_the_version_and_a_stale_one_is_rejected(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        let update = CircleUpdate { name: Some(Name::new("night owls").unwrap()), ..CircleUpdate::default() };
        let after =
            execute(harness, circle.id, owner.user, CircleCommand::Update(1, update.clone())).await.unwrap().circle;
        assert_eq!((after.settings.name.as_str(), after.version), ("night owls", 2));
        assert_eq!(after.settings.rules, circle.settings.rules);
        let stale = execute(harness, circle.id, owner.user, CircleCommand::Update(1, update)).await;
        assert_eq!(stale.unwrap_err(), CircleError::EtagMismatch);
    }

    async fn a_circle_without_access_by_request_has_no_join_requests(harness: &Harness) {
        for command in [
            CircleCommand::Update(1, CircleUpdate { access: Some(Access::Open), ..CircleUpdate::default() }),
            CircleCommand::Update(1, CircleUpdate { access: Some(Access::Private), ..CircleUpdate::default() }),
            CircleCommand::Archive,
        ] {
            let (circle, owner) = harness.create(Access::ByRequest, 10).await;
            let ann = membership(MembershipStatus::Requested);
            execute(harness, circle.id, ann.user, CircleCommand::Join(ann.persona)).await.unwrap();
            assert_eq!(
                harness.store.list_members(circle.id, MemberFilter::Requested, None, 10).await.unwrap().len(),
                1
            );
            execute(harness, circle.id, owner.user, command).await.unwrap();
            assert_eq!(harness.store.list_members(circle.id, MemberFilter::Requested, None, 10).await.unwrap(), []);
        }
    }

    async fn an_archived_circle_has_no_invites(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        create_invite(harness, &circle, &owner, 5).await;
        let after = execute(harness, circle.id, owner.user, CircleCommand::Archive).await.unwrap().circle;
        assert_eq!((after.archived_at, count_invites(harness, &circle).await), (Some(harness.clock.now()), 0));
    }

    async fn the_log_is_paged_from_new_to_old(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        for _ in 0..4 {
            harness.clock.advance(Duration::from_secs(1));
            let version = harness.store.find_for(circle.id, owner.user).await.unwrap().unwrap().circle.version;
            execute(harness, circle.id, owner.user, CircleCommand::Update(version, CircleUpdate::default()))
                .await
                .unwrap();
        }
        let all = harness.store.list_log(circle.id, None, 100).await.unwrap();
        let first = harness.store.list_log(circle.id, None, 2).await.unwrap();
        let rest = harness.store.list_log(circle.id, Some(first[1].token), 100).await.unwrap();
        assert_eq!([first, rest].concat(), all);
        assert_eq!(all.last().unwrap().action, Some(LogAction::Created));
        let tokens: BTreeSet<_> = all.iter().map(|entry| entry.token).collect();
        assert!(tokens.len() == all.len() && tokens.iter().all(|token| token.get_version_num() == 4), "{tokens:?}");
        assert!(all.iter().all(|entry| entry.persona == Some(owner.persona)));
        let (elsewhere, _) = harness.create(Access::Open, 10).await;
        assert_eq!(harness.store.list_log(elsewhere.id, Some(all[1].token), 100).await.unwrap(), []);
    }

    async fn the_log_names_the_personas_of_past_members(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        let ann = join(harness, &circle).await;
        execute(harness, circle.id, owner.user, CircleCommand::BanMember(ann.persona)).await.unwrap();
        harness
            .store
            .set_closed(circle.id, Closure::Closed, &harness.stamp(UserId::from_uuid(uuid::Uuid::nil())))
            .await
            .unwrap();
        let log = harness.store.list_log(circle.id, None, 100).await.unwrap();
        let logged: BTreeSet<_> =
            log.iter().map(|entry| (entry.action.unwrap(), entry.persona, entry.target_persona)).collect();
        let (o, a) = (Some(owner.persona), Some(ann.persona));
        assert_eq!(
            logged,
            BTreeSet::from([
                (LogAction::Created, o, None),
                (LogAction::Joined, a, a),
                (LogAction::MemberBanned, o, a),
                (LogAction::Closed, None, None)
            ])
        );
    }

    async fn a_dropped_lock_changes_nothing_and_releases_the_circle(harness: &Harness) {
        let (circle, owner) = harness.create(Access::Open, 10).await;
        let request =
            CommandRequest { circle: circle.id, stamp: harness.stamp(owner.user), command: CircleCommand::Archive };
        drop(harness.store.lock(&request).await.unwrap().unwrap());
        let view = harness.store.find_for(circle.id, owner.user).await.unwrap().unwrap();
        assert_eq!((view.circle, view.membership), (circle.clone(), Some(owner)));
        execute(harness, circle.id, owner.user, CircleCommand::Archive).await.unwrap();
    }
}
