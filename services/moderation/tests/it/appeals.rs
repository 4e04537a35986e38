//! Appeals as users and staff make and decide them.

use kith_kernel::{Actor, EventPayload, ModerationEvent, PageSize, event::CaseChange};
use kith_moderation::{
    Error,
    domain::{Action, AppealState, CaseState, Reason, ReportOutcome},
    policy::{AppealError, CaseError},
};
use kith_testkit::block_on;

use crate::harness::{Harness, hours, sqlite};

async fn decided(harness: &Harness, bob: &Actor, action: Action) -> kith_moderation::domain::Decision {
    let post = harness.slices.add_post(bob, None, "spam");
    let case = harness.report(&harness.member(), post, Reason::Spam).await.case;
    harness.decide(&harness.moderator(), case, action).await
}

#[test]
fn an_appeal_is_accepted_once_in_time_and_from_the_affected_account() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob) = (harness.member(), harness.member());
        let removed = decided(&harness, &bob, Action::Remove).await;
        let dismissed = decided(&harness, &bob, Action::Dismiss).await;
        let late = decided(&harness, &bob, Action::Warn).await;
        let appeal = |actor: &Actor, decision| {
            let (service, actor) = (harness.service(), actor.clone());
            async move { service.appeal(&actor, decision, "It was a quote.").await }
        };
        let rejected = |error: Error| {
            let Error::Appeal(error) = error else { panic!("{error:?}") };
            error
        };
        assert_eq!(rejected(appeal(&ann, removed.id).await.unwrap_err()), AppealError::NotYours);
        assert_eq!(rejected(appeal(&bob, dismissed.id).await.unwrap_err()), AppealError::NotAppealable);
        let statement = appeal(&bob, removed.id).await.unwrap();
        assert_eq!((statement.decision.appeal.state, statement.appeal_deadline), (AppealState::Open, None));
        assert_eq!(rejected(appeal(&bob, removed.id).await.unwrap_err()), AppealError::AlreadyAppealed);
        harness.clock.advance(hours(180 * 24));
        assert_eq!(rejected(appeal(&bob, late.id).await.unwrap_err()), AppealError::WindowClosed);
    });
}

#[test]
fn an_overturned_decision_is_reversed_completely_by_another_moderator() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob) = (harness.member(), harness.member());
        let (mia, max) = (harness.moderator(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "a quote of what was said to me");
        let report = harness.report(&ann, post, Reason::Harassment).await;
        let decision = harness.decide(&mia, report.case, Action::Suspend).await;
        assert!(harness.slices.suspended_until(&bob).is_some() && !harness.slices.is_visible(post));
        harness.service().appeal(&bob, decision.id, "It was a quote.").await.unwrap();
        harness.events().await;
        let own = harness.service().assign(&mia, report.case).await.unwrap_err();
        assert!(matches!(own, Error::Case(CaseError::OwnDecision)), "{own:?}");
        let case_details = harness.service().case_details(&max, report.case).await.unwrap();
        assert_eq!(case_details.appeal, "It was a quote.");
        harness.decide(&max, report.case, Action::Overturn).await;
        assert!(harness.slices.suspended_until(&bob).is_none() && harness.slices.is_visible(post));
        let standing = harness.account_standing(&bob).await;
        assert_eq!((standing.strikes, standing.suspended_until), (0, None));
        let (mine, _) = harness.service().my_reports(&ann, PageSize::DEFAULT, "").await.unwrap();
        assert_eq!(mine[0].outcome, Some(ReportOutcome::Dismissed));
        let published = harness.published().await;
        assert!(published.contains(&EventPayload::Moderation(ModerationEvent::CaseChanged {
            case: report.case,
            change: CaseChange::Overturned
        })));
        assert_eq!(harness.case(report.case).await.state, CaseState::AppealDecided);
    });
}

#[test]
fn an_upheld_decision_remains_in_force() {
    block_on(async {
        let harness = sqlite().await;
        let bob = harness.member();
        let decision = decided(&harness, &bob, Action::Mute).await;
        harness.service().appeal(&bob, decision.id, "No.").await.unwrap();
        harness.decide(&harness.moderator(), decision.case, Action::Uphold).await;
        assert!(harness.slices.muted_until(&bob).is_some());
        let standing = harness.account_standing(&bob).await;
        assert_eq!(standing.strikes, 2);
        let of = |action| standing.statements.iter().find(|statement| statement.decision.action == action).unwrap();
        assert_eq!(of(Action::Mute).decision.appeal.state, AppealState::Upheld);
        assert_eq!(of(Action::Uphold).statement, "It broke the rule.");
    });
}
