//! Cases about circles: a sanction closes the circle and affects its owner.

use kith_kernel::{
    Actor, CaseId, CircleId, EventPayload, ModerationEvent, PersonaId, SystemEntropy, ports::CircleRole,
};
use kith_moderation::{
    domain::{Action, CaseState, Reason, Subject},
    policy::CaseError,
};

use crate::harness::{Harness, hours, postgres, sqlite};

/// Circle with its owner and a member.
struct Circle {
    id: CircleId,
    owner: Actor,
    persona: PersonaId,
    member: Actor,
}

fn circle(harness: &Harness) -> Circle {
    let (owner, member) = (harness.member(), harness.member());
    let id = CircleId::new(harness.now(), &SystemEntropy);
    harness.slices.join(&member, id, CircleRole::Member);
    Circle { id, persona: harness.slices.join(&owner, id, CircleRole::Owner), owner, member }
}

async fn reported(harness: &Harness, by: &Actor, circle: CircleId) -> CaseId {
    harness.service().report(by, Subject::Circle(circle), Reason::Scam, "look at this", None).await.unwrap().case
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_report_of_a_circle_captures_its_texts_and_affects_its_owner(harness: &Harness) {
        let circle = circle(harness);
        let id = reported(harness, &circle.member, circle.id).await;
        let case = harness.case(id).await;
        assert_eq!((case.affected_account, case.persona), (Some(circle.owner.user), Some(circle.persona)));
        assert_eq!(case.circle, Some(circle.id));
        let case_details = harness.service().case_details(&harness.moderator(), id).await.unwrap();
        assert_eq!(case_details.evidence[0].1.text, "Nights\n\nFor sleepless nights.\n\nNo phones.\n\nsleep");
        let subject = Subject::Circle(circle.id);
        let own = harness.service().report(&circle.owner, subject, Reason::Scam, "", None).await.unwrap_err();
        assert!(matches!(own, kith_moderation::Error::CannotReportSelf), "{own:?}");
    }

    async fn every_sanction_of_the_owner_closes_the_circle_and_issues_a_statement(harness: &Harness) {
        for action in [Action::Remove, Action::Warn, Action::Mute, Action::Suspend, Action::Ban] {
            let circle = circle(harness);
            let case = reported(harness, &circle.member, circle.id).await;
            harness.published().await;
            let decision = harness.decide(&harness.moderator(), case, action).await;
            assert!(harness.slices.is_closed(circle.id), "{action:?}");
            let statement = EventPayload::Moderation(ModerationEvent::StatementIssued {
                user: circle.owner.user,
                decision: decision.id,
            });
            let published = harness.published().await;
            assert!(published.contains(&statement), "{published:?}");
            assert!(published.iter().any(|payload| {
                matches!(payload, EventPayload::Moderation(ModerationEvent::ReportResolved { user, .. })
                    if *user == circle.member.user)
            }));
            assert_eq!(harness.slices.muted_until(&circle.owner).is_some(), action == Action::Mute);
            let suspended = matches!(action, Action::Suspend | Action::Ban);
            assert_eq!(harness.slices.suspended_until(&circle.owner).is_some(), suspended);
            assert!(harness.store.active_strike_weight(circle.owner.user, harness.now()).await.unwrap() > 0);
        }
    }

    async fn overturning_reopens_the_circle_and_upholding_does_not(harness: &Harness) {
        for (action, closed) in [(Action::Uphold, true), (Action::Overturn, false)] {
            let circle = circle(harness);
            let case = reported(harness, &circle.member, circle.id).await;
            let decision = harness.decide(&harness.moderator(), case, Action::Suspend).await;
            harness.service().appeal(&circle.owner, decision.id, "We do no harm.").await.unwrap();
            assert!(harness.slices.is_closed(circle.id), "an appeal alone does not reopen the circle");
            harness.decide(&harness.moderator(), case, action).await;
            assert_eq!(harness.slices.is_closed(circle.id), closed, "{action:?}");
            assert_eq!(harness.slices.suspended_until(&circle.owner).is_some(), closed, "{action:?}");
        }
    }

    async fn the_event_handler_completes_an_interrupted_enforcement(harness: &Harness) {
        let circle = circle(harness);
        let case = reported(harness, &circle.member, circle.id).await;
        harness.handle_events().await;
        let staff = harness.moderator();
        let etag = harness.service().assign(&staff, case).await.unwrap().etag();
        // The keeper check still works; closing fails.
        harness.slices.fail_circle_actions(true);
        harness.service().decide(&staff, case, &etag, &harness.proposal(Action::Remove), None).await.unwrap_err();
        assert!(!harness.slices.is_closed(circle.id));
        harness.slices.fail_circle_actions(false);
        let events = harness.events().await;
        for _ in 0..2 {
            for event in &events {
                harness.handle(event).await.unwrap();
            }
        }
        assert!(harness.slices.is_closed(circle.id));
        assert_eq!(harness.slices.action_count(), 1, "enforced once");
    }

    async fn an_old_event_does_not_reverse_a_later_decision(harness: &Harness) {
        let circle = circle(harness);
        let first = reported(harness, &circle.member, circle.id).await;
        harness.slices.fail_circle_actions(true);
        let staff = harness.moderator();
        let etag = harness.service().assign(&staff, first).await.unwrap().etag();
        harness.service().decide(&staff, first, &etag, &harness.proposal(Action::Remove), None).await.unwrap_err();
        // The circle is reported again before it is closed.
        let second = reported(harness, &circle.member, circle.id).await;
        assert_ne!(first, second);
        harness.slices.fail_circle_actions(false);
        let old = harness.events().await;
        harness.decide(&harness.moderator(), second, Action::Restore).await;
        for event in &old {
            harness.handle(event).await.unwrap();
        }
        assert!(!harness.slices.is_closed(circle.id));
    }

    async fn the_end_of_a_suspension_does_not_reopen_the_circle(harness: &Harness) {
        let circle = circle(harness);
        let case = reported(harness, &circle.member, circle.id).await;
        harness.decide(&harness.moderator(), case, Action::Suspend).await;
        harness.clock.advance(hours(25));
        harness.expire_sanctions().expire_due().await.unwrap();
        assert!(harness.slices.suspended_until(&circle.owner).is_none());
        assert!(harness.slices.is_closed(circle.id), "like removed content");
    }

    async fn a_circle_without_an_owner_can_only_be_closed(harness: &Harness) {
        let member = harness.member();
        let id = CircleId::new(harness.now(), &SystemEntropy);
        harness.slices.join(&member, id, CircleRole::Member);
        let (case, staff) = (reported(harness, &member, id).await, harness.moderator());
        let etag = harness.service().assign(&staff, case).await.unwrap().etag();
        for action in [Action::Warn, Action::Mute, Action::Suspend, Action::Ban] {
            let rejected =
                harness.service().decide(&staff, case, &etag, &harness.proposal(action), None).await.unwrap_err();
            assert!(matches!(rejected, kith_moderation::Error::Case(CaseError::ActionNotAllowed)), "{rejected:?}");
        }
        let decision = harness.decide(&staff, case, Action::Remove).await;
        assert!(harness.slices.is_closed(id));
        assert_eq!((decision.affected_account, decision.appeal.until), (None, None));
        let published = harness.published().await;
        assert!(
            !published
                .iter()
                .any(|payload| matches!(payload, EventPayload::Moderation(ModerationEvent::StatementIssued { .. }))),
            "{published:?}"
        );
    }

    async fn a_keeper_of_a_closed_circle_cannot_decide_about_it(harness: &Harness) {
        let circle = circle(harness);
        let keeper = harness.moderator();
        harness.slices.join(keeper.actor(), circle.id, CircleRole::Keeper);
        let case = reported(harness, &circle.member, circle.id).await;
        assert_eq!(harness.open_cases(&keeper).await, []);
        let decision = harness.decide(&harness.moderator(), case, Action::Remove).await;
        harness.service().appeal(&circle.owner, decision.id, "We do no harm.").await.unwrap();
        let appealed =
            harness.service().queue(&keeper, CaseState::Appealed, kith_kernel::PageSize::MAX, "").await.unwrap().0;
        assert_eq!(appealed, []);
        let rejected = harness.service().assign(&keeper, case).await.unwrap_err();
        assert!(matches!(rejected, kith_moderation::Error::CaseNotFound), "{rejected:?}");
    }

    async fn a_closed_circle_cannot_be_reported(harness: &Harness) {
        let circle = circle(harness);
        let case = reported(harness, &circle.member, circle.id).await;
        harness.decide(&harness.moderator(), case, Action::Remove).await;
        let subject = Subject::Circle(circle.id);
        let rejected = harness.service().report(&circle.member, subject, Reason::Scam, "", None).await.unwrap_err();
        assert!(matches!(rejected, kith_moderation::Error::SubjectNotFound), "{rejected:?}");
    }
}
