//! Use cases of users and staff.

use kith_kernel::{
    CircleId, ContentId, DomainError as _, EventPayload, ModerationEvent, PageSize, PostEvent, SystemEntropy,
    ports::CircleRole,
};
use kith_moderation::{
    Error,
    domain::{Accuracy, Action, Origin, Reason, ReportOutcome, Subject},
    policy::ProposedDecision,
};
use kith_testkit::{block_on, event};

use crate::harness::{hours, sqlite};

const DOXX: &str = "This is Maria Weber, she lives at 12 Elm Street, call her: 555 012 3456";

#[test]
fn a_repeated_report_returns_the_first_and_counts_once() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob) = (harness.member(), harness.member());
        let post = harness.slices.add_post(&bob, None, "buy my pills");
        let first = harness.report(&ann, post, Reason::Scam).await;
        let repeated = harness.report(&ann, post, Reason::Spam).await;
        assert_eq!(repeated, first);
        let case = harness.case(first.case).await;
        assert_eq!((case.report_count, case.reasons), (1, vec![Reason::Scam]));
        assert_eq!(harness.published().await.len(), 1);
    });
}

#[test]
fn an_invisible_subject_cannot_be_reported() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, eve) = (harness.member(), harness.member(), harness.member());
        let circle = CircleId::new(harness.now(), &SystemEntropy);
        let inside = harness.slices.join(&bob, circle, CircleRole::Member);
        let post = harness.slices.add_post(&bob, Some(circle), "among us");
        let open = harness.slices.add_post(&bob, None, "for all");
        harness.slices.block(&bob, &eve);
        let invisible = [
            (&ann, Subject::Post(post)),
            (&ann, Subject::Persona(inside)),
            (&ann, Subject::Circle(circle)),
            (&eve, Subject::Post(open)),
            (&eve, Subject::Persona(bob.persona)),
        ];
        for (reporter, subject) in invisible {
            let rejected = harness.service().report(reporter, subject, Reason::Other, "", None).await.unwrap_err();
            assert!(matches!(rejected, Error::SubjectNotFound), "{subject:?}: {rejected:?}");
        }
        harness.slices.join(&ann, circle, CircleRole::Member);
        for subject in [Subject::Post(post), Subject::Persona(inside), Subject::Circle(circle)] {
            harness.service().report(&ann, subject, Reason::Other, "", None).await.unwrap();
        }
        harness.service().report(&ann, Subject::Persona(bob.persona), Reason::Other, "", None).await.unwrap();
        let own = harness.service().report(&bob, Subject::Post(open), Reason::Other, "", None).await.unwrap_err();
        assert_eq!(own.reason(), "CANNOT_REPORT_SELF");
    });
}

#[test]
fn evidence_is_not_affected_by_later_edits() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, cleo, bob, staff) = (harness.member(), harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "first");
        harness.slices.edit(post, "second");
        let case = harness.report(&ann, post, Reason::Harassment).await.case;
        harness.slices.edit(post, "harmless");
        harness.clock.advance(hours(1));
        harness.report(&cleo, post, Reason::Harassment).await;
        let case_details = harness.service().case_details(&staff, case).await.unwrap();
        let texts: Vec<&str> = case_details.evidence.iter().map(|(_, snapshot)| snapshot.text.as_str()).collect();
        assert_eq!(texts, ["second", "harmless"]);
        assert_eq!(case_details.evidence[0].1.revisions[0].1, "first");
        assert_eq!(case_details.reports[0].comment, "look at this");
    });
}

#[test]
fn reporter_aliases_are_stable_in_a_case_and_differ_between_cases() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, cleo, bob, staff) = (harness.member(), harness.member(), harness.member(), harness.moderator());
        let mut aliases = Vec::new();
        for text in ["one", "two"] {
            let post = harness.slices.add_post(&bob, None, text);
            let case = harness.report(&ann, post, Reason::Spam).await.case;
            harness.report(&cleo, post, Reason::Spam).await;
            let case_details = harness.service().case_details(&staff, case).await.unwrap();
            let repeated = harness.service().case_details(&staff, case).await.unwrap();
            assert_eq!(case_details.reports, repeated.reports);
            assert_eq!(case_details.reports[0].accuracy, Accuracy::New);
            aliases.extend(case_details.reports.into_iter().map(|report| report.alias));
        }
        let different: std::collections::BTreeSet<_> = aliases.iter().collect();
        assert_eq!(different.len(), 4, "{aliases:?}");
        assert!(aliases.iter().all(|alias| !alias.contains(&ann.user.to_string())));
    });
}

#[test]
fn reported_doxxing_is_hidden_at_once_and_visible_again_after_dismissal() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, DOXX);
        let case = harness.report(&ann, post, Reason::Doxxing).await.case;
        assert!(!harness.slices.is_visible(post), "hidden before the response");
        let standing = harness.account_standing(&bob).await;
        assert_eq!(standing.statements[0].decision.action, Action::Hold);
        assert_eq!((standing.strikes, standing.statements[0].appeal_deadline), (0, None));
        let published = harness.published().await;
        assert!(published.iter().any(|payload| {
            matches!(payload, EventPayload::Moderation(ModerationEvent::StatementIssued { user, .. })
                if *user == bob.user)
        }));
        harness.decide(&staff, case, Action::Dismiss).await;
        assert!(harness.slices.is_visible(post));
        assert_eq!(harness.case(case).await.hidden_at, None);
    });
}

#[test]
fn reports_that_the_text_does_not_support_hide_nothing() {
    block_on(async {
        let harness = sqlite().await;
        let bob = harness.member();
        let post = harness.slices.add_post(&bob, None, "I feel like I want to die tonight");
        for _ in 0..30 {
            harness.report(&harness.member(), post, Reason::Doxxing).await;
            harness.report(&harness.member(), post, Reason::Threat).await;
        }
        assert!(harness.slices.is_visible(post));
    });
}

#[test]
fn an_assignment_is_exclusive_until_it_expires_and_can_be_renewed() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob) = (harness.member(), harness.member());
        let (mia, max) = (harness.moderator(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        let assigned = harness.service().assign(&mia, case).await.unwrap();
        harness.clock.advance(hours(1) / 3);
        let renewed = harness.service().assign(&mia, case).await.unwrap();
        assert_eq!(renewed.etag(), assigned.etag(), "a renewal keeps the etag");
        harness.clock.advance(hours(1) / 3);
        let rejected = harness.service().assign(&max, case).await.unwrap_err();
        assert_eq!(rejected.reason(), "CASE_ASSIGNED_TO_OTHER");
        harness.clock.advance(hours(1) / 6);
        harness.service().assign(&max, case).await.unwrap();
        let late =
            harness.service().decide(&mia, case, &renewed.etag(), &harness.proposal(Action::Dismiss), None).await;
        assert_eq!(late.unwrap_err().reason(), "ETAG_MISMATCH");
    });
}

#[test]
fn a_decision_requires_assignment_etag_rule_and_statement() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, cleo, bob, staff) = (harness.member(), harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        let decide = |etag: String, proposal: ProposedDecision| {
            let (service, staff) = (harness.service(), staff.clone());
            async move { service.decide(&staff, case, &etag, &proposal, None).await.map_err(|error| error.reason()) }
        };
        let unassigned_etag = harness.case(case).await.etag();
        assert_eq!(decide(unassigned_etag, harness.proposal(Action::Remove)).await.unwrap_err(), "CASE_NOT_ASSIGNED");
        let etag = harness.service().assign(&staff, case).await.unwrap().etag();
        let without_statement = ProposedDecision { statement: " ".into(), ..harness.proposal(Action::Remove) };
        assert_eq!(decide(etag.clone(), without_statement).await.unwrap_err(), "STATEMENT_REQUIRED");
        let without_end = ProposedDecision { until: None, ..harness.proposal(Action::Suspend) };
        assert_eq!(decide(etag.clone(), without_end).await.unwrap_err(), "END_TIME_OUT_OF_RANGE");
        assert_eq!(decide(etag.clone(), harness.proposal(Action::Overturn)).await.unwrap_err(), "ACTION_NOT_ALLOWED");
        harness.report(&cleo, post, Reason::Harassment).await;
        assert_eq!(decide(etag, harness.proposal(Action::Remove)).await.unwrap_err(), "ETAG_MISMATCH");
        let etag = harness.case(case).await.etag();
        decide(etag, harness.proposal(Action::Remove)).await.unwrap();
        assert!(!harness.slices.is_visible(post));
    });
}

#[test]
fn staff_cannot_see_cases_with_a_conflict_of_interest() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, staff) = (harness.member(), harness.moderator());
        let circle = CircleId::new(harness.now(), &SystemEntropy);
        for actor in [&ann, staff.actor()] {
            harness.slices.join(actor, circle, if actor == &ann { CircleRole::Member } else { CircleRole::Keeper });
        }
        let bob = harness.member();
        harness.slices.join(&bob, circle, CircleRole::Member);
        let own = harness.slices.add_post(staff.actor(), None, "mine");
        let reported = harness.slices.add_post(&bob, None, "theirs");
        let in_circle = harness.slices.add_post(&bob, Some(circle), "ours");
        let cases = [
            harness.report(&ann, own, Reason::Spam).await.case,
            harness.report(staff.actor(), reported, Reason::Spam).await.case,
            harness.report(&ann, in_circle, Reason::Spam).await.case,
        ];
        assert_eq!(harness.open_cases(&staff).await, []);
        for case in cases {
            let service = harness.service();
            for rejected in [
                service.case_details(&staff, case).await.unwrap_err(),
                service.subject_history(&staff, case).await.unwrap_err(),
                service.assign(&staff, case).await.unwrap_err(),
                service.escalate(&staff, case, "1").await.unwrap_err(),
                service.decide(&staff, case, "1", &harness.proposal(Action::Dismiss), None).await.unwrap_err(),
            ] {
                assert!(matches!(rejected, Error::CaseNotFound), "{rejected:?}");
            }
        }
        assert_eq!(harness.open_cases(&harness.moderator()).await.len(), 3);
    });
}

#[test]
fn an_escalated_case_is_decided_by_an_admin() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        let assigned = harness.service().assign(&staff, case).await.unwrap();
        let stale = harness.service().escalate(&staff, case, "77").await.unwrap_err();
        assert_eq!(stale.reason(), "ETAG_MISMATCH");
        let escalated = harness.service().escalate(&staff, case, &assigned.etag()).await.unwrap();
        assert!(escalated.escalated_at.is_some() && escalated.assignment.is_none());
        assert_eq!(harness.service().assign(&staff, case).await.unwrap_err().reason(), "CASE_ESCALATED");
        harness.decide(&harness.admin(), case, Action::Remove).await;
        assert!(!harness.slices.is_visible(post));
    });
}

#[test]
fn the_affected_account_gets_a_statement_and_reporters_get_the_outcome() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "you are worthless");
        let report = harness.report(&ann, post, Reason::Harassment).await;
        harness.events().await;
        let decision = harness.decide(&staff, report.case, Action::Mute).await;
        let published = harness.published().await;
        assert!(published.contains(&EventPayload::Moderation(ModerationEvent::StatementIssued {
            user: bob.user,
            decision: decision.id
        })));
        assert!(published.contains(&EventPayload::Moderation(ModerationEvent::ReportResolved {
            user: ann.user,
            report: report.id
        })));
        let standing = harness.account_standing(&bob).await;
        let statement = &standing.statements[0];
        assert_eq!((statement.statement.as_str(), statement.decision.rule.as_str()), ("It broke the rule.", "be-kind"));
        assert_eq!(standing.muted_until, Some(harness.now().after(hours(24))));
        assert_eq!(statement.appeal_deadline, Some(harness.now().after(hours(180 * 24))));
        assert_eq!(standing.strikes, 2);
        let (mine, _) = harness.service().my_reports(&ann, PageSize::DEFAULT, "").await.unwrap();
        assert_eq!(mine[0].outcome, Some(ReportOutcome::ActionTaken));
        assert_eq!(harness.account_standing(&ann).await.statements, []);
    });
}

#[test]
fn statements_are_paged_and_tokens_are_bound_to_the_account() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let mut decisions = Vec::new();
        for turn in 0..5 {
            harness.clock.advance(hours(1));
            let post = harness.slices.add_post(&bob, None, "spam");
            let case = harness.report(&ann, post, Reason::Spam).await.case;
            let action = if turn == 2 { Action::Dismiss } else { Action::Warn };
            decisions.push(harness.decide(&staff, case, action).await.id);
        }
        decisions.remove(2);
        decisions.reverse();
        let size = PageSize::new(2).unwrap();
        let first = harness.service().account_standing(&bob, size, "").await.unwrap();
        let last = harness.service().account_standing(&bob, size, &first.next_page_token).await.unwrap();
        let ids: Vec<_> =
            first.statements.iter().chain(&last.statements).map(|statement| statement.decision.id).collect();
        assert_eq!((ids, last.next_page_token.as_str()), (decisions, ""), "dismissals are omitted");
        assert_eq!((first.strikes, last.strikes), (4, 4), "every page contains the standing");
        let rejected = harness.service().account_standing(&ann, size, &first.next_page_token).await.unwrap_err();
        assert!(matches!(rejected, Error::Pagination(_)), "{rejected:?}");
    });
}

#[test]
fn strikes_count_for_ninety_days() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        harness.decide(&staff, case, Action::Warn).await;
        harness.clock.advance(hours(90 * 24 - 1));
        assert_eq!(harness.account_standing(&bob).await.strikes, 1);
        harness.clock.advance(hours(1));
        assert_eq!(harness.account_standing(&bob).await.strikes, 0);
    });
}

#[test]
fn a_decision_with_an_end_schedules_its_timer() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let until = harness.now().after(hours(24));
        for (text, action, until) in [("one", Action::Warn, None), ("two", Action::Mute, Some(until))] {
            let post = harness.slices.add_post(&bob, None, text);
            let case = harness.report(&ann, post, Reason::Harassment).await.case;
            let etag = harness.service().assign(&staff, case).await.unwrap().etag();
            let proposal = ProposedDecision { until, ..harness.proposal(action) };
            harness.service().decide(&staff, case, &etag, &proposal, None).await.unwrap();
        }
        let due: Vec<_> = harness.timers().await.into_iter().map(|(_, due_at)| due_at).collect();
        assert_eq!(due, [until]);
    });
}

#[test]
fn a_ban_never_ends_and_the_longest_suspension_applies() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let mut cases = Vec::new();
        for text in ["one", "two", "three"] {
            let post = harness.slices.add_post(&bob, None, text);
            cases.push(harness.report(&ann, post, Reason::Harassment).await.case);
        }
        for (case, days) in [(cases[0], 7), (cases[1], 1)] {
            let etag = harness.service().assign(&staff, case).await.unwrap().etag();
            let until = Some(harness.now().after(hours(days * 24)));
            let proposal = ProposedDecision { until, ..harness.proposal(Action::Suspend) };
            harness.service().decide(&staff, case, &etag, &proposal, None).await.unwrap();
        }
        let week = harness.now().after(hours(7 * 24));
        assert_eq!(harness.slices.suspended_until(&bob), Some(week));
        harness.clock.advance(hours(48));
        harness.expire_sanctions().expire_due().await.unwrap();
        assert_eq!(harness.slices.suspended_until(&bob), Some(week), "the longer suspension applies");
        harness.decide(&staff, cases[2], Action::Ban).await;
        harness.clock.advance(hours(24 * 365 * 50));
        harness.expire_sanctions().expire_due().await.unwrap();
        assert!(harness.slices.suspended_until(&bob).unwrap() > harness.now());
    });
}

#[test]
fn crisis_language_opens_a_case_without_sanctions() {
    block_on(async {
        let harness = sqlite().await;
        let (bob, staff) = (harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "I cannot go on");
        let event = event(EventPayload::Moderation(ModerationEvent::CrisisDetected { content: ContentId::Post(post) }));
        harness.handle(&event).await.unwrap();
        harness.handle(&event).await.unwrap();
        let cases = harness.open_cases(&staff).await;
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].origin, Origin::Crisis);
        assert!(harness.slices.is_visible(post));
        let etag = harness.service().assign(&staff, cases[0].id).await.unwrap().etag();
        for action in [Action::Remove, Action::Warn, Action::Mute, Action::Suspend, Action::Ban] {
            let rejected = harness.service().decide(&staff, cases[0].id, &etag, &harness.proposal(action), None).await;
            assert_eq!(rejected.unwrap_err().reason(), "ACTION_NOT_ALLOWED");
        }
        harness.service().decide(&staff, cases[0].id, &etag, &harness.proposal(Action::Dismiss), None).await.unwrap();
        harness.handle(&event).await.unwrap();
        assert_eq!(harness.open_cases(&staff).await, [], "a redelivered event opens no second case");
    });
}

#[test]
fn held_content_is_released_or_removed_by_the_decision() {
    block_on(async {
        let harness = sqlite().await;
        let (bob, staff) = (harness.member(), harness.moderator());
        for (action, visible) in [(Action::Restore, true), (Action::Dismiss, true), (Action::Remove, false)] {
            let post = harness.slices.add_post(&bob, None, "write to me at a@b.example");
            harness.slices.hold(post);
            let about = kith_kernel::event::PostRef {
                post,
                kind: kith_kernel::PostKind::Question,
                categories: vec![],
                circle: None,
            };
            let payload = EventPayload::Post(PostEvent::VisibilityChanged {
                post: about,
                change: kith_kernel::event::VisibilityChange::Held,
            });
            harness.handle(&event(payload)).await.unwrap();
            let case = harness.open_cases(&staff).await[0].id;
            assert!(!harness.slices.is_visible(post));
            harness.decide(&staff, case, action).await;
            assert_eq!(harness.slices.is_visible(post), visible, "{action:?}");
        }
    });
}

#[test]
fn a_repeated_decision_is_stored_once() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        let etag = harness.service().assign(&staff, case).await.unwrap().etag();
        let claimed = Some(kith_kernel::EventId::new(harness.now(), &SystemEntropy).uuid());
        let proposal = harness.proposal(Action::Warn);
        let (_, first) = harness.service().decide(&staff, case, &etag, &proposal, claimed).await.unwrap();
        let (_, repeated) = harness.service().decide(&staff, case, &etag, &proposal, claimed).await.unwrap();
        assert_eq!(first.id, repeated.id);
        assert_eq!(harness.account_standing(&bob).await.strikes, 1);
    });
}

#[test]
fn every_access_and_action_of_staff_is_audited() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        harness.service().case_details(&staff, case).await.unwrap();
        harness.service().subject_history(&staff, case).await.unwrap();
        harness.service().assign(&staff, case).await.unwrap();
        let decision = harness.decide(&staff, case, Action::Warn).await;
        harness.service().appeal(&bob, decision.id, "No.").await.unwrap();
        harness.decide(&harness.moderator(), case, Action::Uphold).await;
        let acts: Vec<String> = harness.audit_log().await.into_iter().map(|(act, _)| act).collect();
        let read = "private_content_read";
        assert_eq!(acts, [read, read, "case_assigned", "case_decided", "case_assigned", "appeal_decided"]);
        assert!(harness.audit_log().await.iter().all(|(_, subject)| *subject == format!("case:{case}")));
    });
}

#[test]
fn texts_are_encrypted_at_rest() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam and eggs");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        let decision = harness.decide(&staff, case, Action::Warn).await;
        harness.service().appeal(&bob, decision.id, "No.").await.unwrap();
        let stored = harness.stored_texts().await;
        assert_eq!(stored.len(), 4);
        for text in ["spam and eggs", "look at this", "It broke the rule.", "No."] {
            let open = stored.iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()));
            assert!(!open, "{text}");
        }
    });
}
