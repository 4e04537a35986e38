//! Contract of `kith_moderation::store::DecisionStore`, and of decisions and appeals saved under a lock.

use kith_kernel::{Actor, EventPayload, ModerationEvent};
use kith_moderation::{
    domain::{Action, AppealState, Case, CaseState, ContentOutcome, Decision, Origin},
    policy::{AppealError, NEVER_ENDS},
    store::Restrictions,
};
use kith_testkit::{event, event_id, run_concurrently};

use super::{
    changes::{appeal, assign, decide, decide_with, file},
    event_with_id, new_filing, subject,
};
use crate::harness::{Harness, hours, postgres, sqlite};

/// Creates a case that is assigned to this staff member.
async fn assigned_case(harness: &Harness, affected_account: &Actor, staff: &Actor) -> Case {
    let filing = new_filing(harness, Some(&harness.member()), subject(harness), affected_account);
    let case = file(&*harness.store, &filing).await.case;
    assign(&*harness.store, case.id, staff.user, harness.now()).await.unwrap()
}

/// Creates a case and decides it.
async fn decide_new(harness: &Harness, affected_account: &Actor, staff: &Actor, action: Action) -> Decision {
    let case = assigned_case(harness, affected_account, staff).await;
    decide(&*harness.store, &case, staff, action, harness.now()).await.unwrap().1
}

async fn appeal_of_affected(harness: &Harness, decision: &Decision) -> Result<Decision, AppealError> {
    appeal(&*harness.store, decision.affected_account.unwrap(), decision, harness.now()).await
}

/// Decides on an appeal.
async fn decide_appeal(harness: &Harness, appealed: &Decision, staff: &Actor, action: Action) -> (Case, Decision) {
    let case = assign(&*harness.store, appealed.case, staff.user, harness.now()).await.unwrap();
    decide(&*harness.store, &case, staff, action, harness.now()).await.unwrap()
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_decision_is_stored_and_closes_its_case_and_reports(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let case = assigned_case(harness, &bob, &staff).await;
        let report = &harness.store.reports(case.id).await.unwrap()[0];
        let resolved =
            EventPayload::Moderation(ModerationEvent::ReportResolved { user: report.reporter, report: report.id });
        let events = vec![event(resolved.clone())];
        let decided = decide_with(&*harness.store, &case, &staff, Action::Mute, harness.now(), events).await;
        let (closed, made) = decided.unwrap().unwrap();
        assert_eq!((closed.state, closed.assignment, closed.version), (CaseState::Decided, None, case.version + 1));
        assert_eq!(harness.case(case.id).await, closed);
        assert_eq!(harness.store.decision(made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(harness.store.decisions(case.id).await.unwrap(), [made]);
        assert!(harness.store.reports(case.id).await.unwrap()[0].outcome.is_some());
        assert_eq!(harness.published().await, [resolved]);
    }

    async fn a_decision_is_not_stored_if_its_event_is_rejected(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let events = event_with_id(event_id(harness.now()));
        let first = assigned_case(harness, &bob, &staff).await;
        let action = Action::Remove;
        decide_with(&*harness.store, &first, &staff, action, harness.now(), events.clone()).await.unwrap().unwrap();
        let second = assigned_case(harness, &bob, &staff).await;
        let counts = harness.row_counts().await;
        decide_with(&*harness.store, &second, &staff, action, harness.now(), events).await.unwrap_err();
        assert_eq!((harness.case(second.id).await, harness.row_counts().await), (second, counts));
    }

    async fn deciding_requires_the_assignment_and_the_current_version(harness: &Harness) {
        let (bob, staff, other) = (harness.member(), harness.member(), harness.member());
        let case = assigned_case(harness, &bob, &staff).await;
        let stale = Case { version: case.version - 1, ..case.clone() };
        for (case, staff) in [(&case, &other), (&stale, &staff)] {
            assert_eq!(decide(&*harness.store, case, staff, Action::Remove, harness.now()).await, None);
        }
        harness.clock.advance(hours(1));
        let expired = decide(&*harness.store, &case, &staff, Action::Remove, harness.now()).await;
        assert_eq!(expired, None, "the assignment has expired");
        let case = assign(&*harness.store, case.id, staff.user, harness.now()).await.unwrap();
        decide(&*harness.store, &case, &staff, Action::Remove, harness.now()).await.unwrap();
        let decided = harness.case(case.id).await;
        assert_eq!(decide(&*harness.store, &decided, &staff, Action::Remove, harness.now()).await, None);
        assert_eq!(harness.row_counts().await[3], 1);
    }

    async fn a_lock_that_is_not_saved_changes_nothing(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let case = assigned_case(harness, &bob, &staff).await;
        drop(harness.store.lock_case(case.id).await.unwrap());
        assert_eq!(harness.case(case.id).await, case);
        decide(&*harness.store, &case, &staff, Action::Remove, harness.now()).await.unwrap();
    }

    async fn concurrent_decisions_have_one_winner(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let case = assigned_case(harness, &bob, &staff).await;
        let now = harness.now();
        let decided = run_concurrently((0..5).map(|_| {
            let (store, case, staff) = (harness.store.clone(), case.clone(), staff.clone());
            async move { decide(&*store, &case, &staff, Action::Remove, now).await }
        }));
        assert_eq!(decided.await.iter().flatten().count(), 1);
    }

    async fn an_appeal_is_made_once_and_requires_another_decider(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let made = decide_new(harness, &bob, &staff, Action::Suspend).await;
        let now = harness.now();
        let other_account = appeal(&*harness.store, staff.user, &made, now).await;
        assert_eq!(other_account, Err(AppealError::NotYours));
        let late = appeal(&*harness.store, bob.user, &made, now.after(hours(180 * 24))).await;
        assert_eq!(late, Err(AppealError::WindowClosed));
        let appealed = run_concurrently((0..4).map(|_| {
            let (store, user, made) = (harness.store.clone(), bob.user, made.clone());
            async move { appeal(&*store, user, &made, now).await }
        }));
        let appealed: Vec<_> = appealed.await.into_iter().flatten().collect();
        assert_eq!(appealed.len(), 1);
        assert_eq!((appealed[0].appeal.state, &appealed[0].appeal.text), (AppealState::Open, &vec![1, 1]));
        assert_eq!(harness.store.decision(made.id).await.unwrap().as_ref(), Some(&appealed[0]));
        let case = harness.case(made.case).await;
        assert_eq!((case.state, case.assignment, case.due_at), (CaseState::Appealed, None, now.after(hours(72))));
        assert_eq!(
            assign(&*harness.store, case.id, staff.user, now).await,
            None,
            "the decider of the appealed decision"
        );
    }

    async fn overturning_revokes_the_decision_and_its_strike_and_upholding_does_not(harness: &Harness) {
        let (bob, staff, other) = (harness.member(), harness.member(), harness.member());
        for (action, strikes, outcome) in
            [(Action::Overturn, 0, ContentOutcome::Visible), (Action::Uphold, 3, ContentOutcome::Removed)]
        {
            let made = decide_new(harness, &bob, &staff, Action::Suspend).await;
            assert_eq!(harness.store.current_outcome(made.subject).await.unwrap(), Some(ContentOutcome::Removed));
            appeal_of_affected(harness, &made).await.unwrap();
            let (case, _) = decide_appeal(harness, &made, &other, action).await;
            assert_eq!(case.state, CaseState::AppealDecided);
            assert_eq!(harness.store.active_strike_weight(bob.user, harness.now()).await.unwrap(), strikes);
            let ends = harness.store.strike_expirations(bob.user, harness.now()).await.unwrap();
            assert_eq!(ends.contains_key(&made.id), strikes > 0);
            assert_eq!(harness.store.current_outcome(made.subject).await.unwrap(), Some(outcome));
            let after = harness.store.decision(made.id).await.unwrap().unwrap();
            assert_eq!(after.overturned_at.is_some(), action == Action::Overturn);
            assert_eq!(after.appeal.text, [1, 1]);
            let restrictions = harness.store.restrictions(bob.user, harness.now()).await.unwrap();
            assert_eq!(restrictions.suspended_until.is_some(), action == Action::Uphold);
        }
    }

    async fn overturning_does_not_reverse_a_later_decision_of_another_case(harness: &Harness) {
        let (bob, staff, other) = (harness.member(), harness.member(), harness.member());
        let made = decide_new(harness, &bob, &staff, Action::Remove).await;
        let second = new_filing(harness, Some(&harness.member()), made.subject, &bob);
        let case = file(&*harness.store, &second).await.case;
        assert_ne!(case.id, made.case, "a decided case is not reused");
        let case = assign(&*harness.store, case.id, staff.user, harness.now()).await.unwrap();
        decide(&*harness.store, &case, &staff, Action::Remove, harness.now()).await.unwrap();
        appeal_of_affected(harness, &made).await.unwrap();
        decide_appeal(harness, &made, &other, Action::Overturn).await;
        assert_eq!(harness.store.current_outcome(made.subject).await.unwrap(), Some(ContentOutcome::Removed));
    }

    async fn the_longest_active_restriction_applies(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        assert_eq!(harness.store.restrictions(bob.user, harness.now()).await.unwrap(), Restrictions::default());
        decide_new(harness, &bob, &staff, Action::Mute).await;
        harness.clock.advance(hours(1));
        decide_new(harness, &bob, &staff, Action::Mute).await;
        decide_new(harness, &bob, &staff, Action::Suspend).await;
        let until = Some(harness.now().after(hours(24)));
        let restrictions = harness.store.restrictions(bob.user, harness.now()).await.unwrap();
        assert_eq!(restrictions, Restrictions { muted_until: until, suspended_until: until });
        harness.clock.advance(hours(24));
        assert_eq!(harness.store.restrictions(bob.user, harness.now()).await.unwrap(), Restrictions::default());
        decide_new(harness, &bob, &staff, Action::Ban).await;
        let restrictions = harness.store.restrictions(bob.user, harness.now()).await.unwrap();
        assert_eq!(restrictions, Restrictions { muted_until: None, suspended_until: Some(NEVER_ENDS) });
    }

    async fn strikes_count_until_they_expire(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let made = decide_new(harness, &bob, &staff, Action::Warn).await;
        let until = harness.now().after(hours(90 * 24));
        assert_eq!(harness.store.strike_expirations(bob.user, harness.now()).await.unwrap(), [(made.id, until)].into());
        decide_new(harness, &bob, &staff, Action::Mute).await;
        assert_eq!(harness.store.active_strike_weight(bob.user, harness.now()).await.unwrap(), 3);
        assert_eq!(harness.store.active_strike_weight(bob.user, until).await.unwrap(), 0);
    }

    async fn decisions_about_an_account_are_listed_newest_first(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let mut made = Vec::new();
        for action in [Action::Warn, Action::Dismiss, Action::Mute] {
            harness.clock.advance(hours(1));
            made.insert(0, decide_new(harness, &bob, &staff, action).await);
        }
        assert_eq!(harness.store.decisions_about(bob.user, 10).await.unwrap(), made);
        assert_eq!(harness.store.decisions_about(bob.user, 1).await.unwrap(), made[..1]);
        assert_eq!(harness.store.case_count(bob.user).await.unwrap(), 3);
        assert_eq!(harness.store.case_count(staff.user).await.unwrap(), 0);
    }

    async fn statements_are_paged_newest_first_without_dismissals(harness: &Harness) {
        let (bob, cleo, staff) = (harness.member(), harness.member(), harness.member());
        let mut made = Vec::new();
        for round in 0..3_u64 {
            // Two statements at the same time, between dismissals and decisions about another account.
            for action in [Action::Warn, Action::Remove] {
                made.push(decide_new(harness, &bob, &staff, action).await);
                decide_new(harness, &bob, &staff, Action::Dismiss).await;
                decide_new(harness, &cleo, &staff, action).await;
            }
            harness.clock.advance(hours(round + 1));
        }
        // A dismissal that makes held content visible has a statement.
        let mut held = new_filing(harness, None, subject(harness), &bob);
        held.case.origin = Origin::Screen;
        let case = file(&*harness.store, &held).await.case;
        let case = assign(&*harness.store, case.id, staff.user, harness.now()).await.unwrap();
        made.push(decide(&*harness.store, &case, &staff, Action::Dismiss, harness.now()).await.unwrap().1);
        made.sort_by_key(|it| std::cmp::Reverse((it.at, it.id)));
        // Two decisions about one subject at the same time: the last one is the newest.
        harness.clock.advance(hours(1));
        let warned = decide_new(harness, &bob, &staff, Action::Warn).await;
        appeal_of_affected(harness, &warned).await.unwrap();
        let (_, overturned) = decide_appeal(harness, &warned, &harness.member(), Action::Overturn).await;
        let warned = harness.store.decision(warned.id).await.unwrap().unwrap();
        made.splice(0..0, [overturned, warned]);
        let mut paged: Vec<Decision> = Vec::new();
        loop {
            let last = paged.last().map(|last| last.id);
            let page = harness.store.statements(bob.user, last, 2).await.unwrap();
            assert_eq!(page.len(), 2.min(made.len() - paged.len()), "only the last page is short");
            if page.is_empty() {
                break;
            }
            paged.extend(page);
            // A new decision during paging precedes the cursor.
            harness.clock.advance(hours(1));
            decide_new(harness, &bob, &staff, Action::Warn).await;
        }
        assert_eq!(paged, made);
        assert_eq!(harness.store.statements(staff.user, None, 10).await.unwrap(), []);
    }

    async fn expired_decisions_are_listed_until_they_are_marked(harness: &Harness) {
        let (bob, staff) = (harness.member(), harness.member());
        let made = decide_new(harness, &bob, &staff, Action::Mute).await;
        decide_new(harness, &bob, &staff, Action::Ban).await;
        harness.clock.advance(hours(24).saturating_sub(std::time::Duration::from_millis(1)));
        assert_eq!(harness.store.expired(harness.now(), 10).await.unwrap(), []);
        harness.clock.advance(std::time::Duration::from_millis(1));
        assert_eq!(harness.store.expired(harness.now(), 10).await.unwrap(), std::slice::from_ref(&made));
        harness.store.mark_expired(made.id, harness.now()).await.unwrap();
        harness.store.mark_expired(made.id, harness.now()).await.unwrap();
        assert_eq!(harness.store.expired(harness.now(), 10).await.unwrap(), []);
    }
}
