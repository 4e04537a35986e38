//! What people and staff can do, and what they are refused.

use kith_kernel::{
    Actor, CircleId, Content, Fact, PageSize, Problem as _, SystemEntropy,
    event::CaseChange,
    ports::{CircleRole, Reaction as _},
};
use kith_moderation::{
    Error,
    domain::{Accuracy, Action, AppealState, Origin, Outcome, Reason, State, Subject},
    policy::{NoAppeal, Proposal, Refusal},
};
use kith_testkit::{block_on, happened};

use crate::bed::{Bed, hours, sqlite};

const DOXX: &str = "This is Maria Weber, she lives at 12 Elm Street, call her: 555 012 3456";

#[test]
fn who_reports_again_gets_the_first_report_and_the_case_counts_it_once() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob) = (bed.person(), bed.person());
        let post = bed.people.wrote(&bob, None, "buy my pills");
        let first = bed.report(&ann, post, Reason::Scam).await;
        let again = bed.report(&ann, post, Reason::Spam).await;
        assert_eq!(again, first);
        let case = bed.case(first.case).await;
        assert_eq!((case.reports, case.reasons), (1, vec![Reason::Scam]));
        assert_eq!(bed.announced().await.len(), 1);
    });
}

#[test]
fn what_the_reporter_cannot_see_cannot_be_reported() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, eve) = (bed.person(), bed.person(), bed.person());
        let circle = CircleId::new(bed.now(), &SystemEntropy);
        let inside = bed.people.joins(&bob, circle, CircleRole::Member);
        let post = bed.people.wrote(&bob, Some(circle), "among us");
        let open = bed.people.wrote(&bob, None, "for all");
        bed.people.blocks(&bob, &eve);
        let unseen = [
            (&ann, Subject::Post(post)),
            (&ann, Subject::Persona(inside)),
            (&ann, Subject::Circle(circle)),
            (&eve, Subject::Post(open)),
            (&eve, Subject::Persona(bob.persona)),
        ];
        for (who, subject) in unseen {
            let refused = bed.service().report(who, subject, Reason::Other, "", None).await.unwrap_err();
            assert!(matches!(refused, Error::NoSuchSubject), "{subject:?}: {refused:?}");
        }
        bed.people.joins(&ann, circle, CircleRole::Member);
        for subject in [Subject::Post(post), Subject::Persona(inside), Subject::Circle(circle)] {
            bed.service().report(&ann, subject, Reason::Other, "", None).await.unwrap();
        }
        bed.service().report(&ann, Subject::Persona(bob.persona), Reason::Other, "", None).await.unwrap();
        let own = bed.service().report(&bob, Subject::Post(open), Reason::Other, "", None).await.unwrap_err();
        assert_eq!(own.reason(), "CANNOT_REPORT_SELF");
    });
}

#[test]
fn evidence_is_what_it_said_then_and_later_edits_change_nothing() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, cleo, bob, staff) = (bed.person(), bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "first");
        bed.people.edited(post, "second");
        let case = bed.report(&ann, post, Reason::Harassment).await.case;
        bed.people.edited(post, "harmless");
        bed.clock.pass(hours(1));
        bed.report(&cleo, post, Reason::Harassment).await;
        let dossier = bed.service().dossier(&staff, case).await.unwrap();
        let said: Vec<&str> = dossier.evidence.iter().map(|(_, said)| said.text.as_str()).collect();
        assert_eq!(said, ["second", "harmless"]);
        assert_eq!(dossier.evidence[0].1.edits[0].1, "first");
        assert_eq!(dossier.reports[0].words, "look at this");
    });
}

#[test]
fn reporters_have_one_name_in_a_case_and_another_in_the_next() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, cleo, bob, staff) = (bed.person(), bed.person(), bed.person(), bed.moderator());
        let mut aliases = Vec::new();
        for text in ["one", "two"] {
            let post = bed.people.wrote(&bob, None, text);
            let case = bed.report(&ann, post, Reason::Spam).await.case;
            bed.report(&cleo, post, Reason::Spam).await;
            let dossier = bed.service().dossier(&staff, case).await.unwrap();
            let again = bed.service().dossier(&staff, case).await.unwrap();
            assert_eq!(dossier.reports, again.reports);
            assert_eq!(dossier.reports[0].accuracy, Accuracy::New);
            aliases.extend(dossier.reports.into_iter().map(|report| report.alias));
        }
        let different: std::collections::BTreeSet<_> = aliases.iter().collect();
        assert_eq!(different.len(), 4, "{aliases:?}");
        assert!(aliases.iter().all(|alias| !alias.contains(&ann.user.to_string())));
    });
}

#[test]
fn doxxing_is_hidden_after_one_report_and_comes_back_when_it_was_none() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, DOXX);
        let case = bed.report(&ann, post, Reason::Doxxing).await.case;
        assert!(!bed.people.is_there(post), "it is hidden when the report is answered");
        let standing = bed.standing(&bob).await;
        assert_eq!(standing.statements[0].decision.action, Action::Hold);
        assert_eq!((standing.strikes, standing.statements[0].appeal_until), (0, None));
        let told = bed.announced().await;
        assert!(told.iter().any(|fact| matches!(fact, Fact::StatementIssued { user, .. } if *user == bob.user)));
        bed.decide(&staff, case, Action::Dismiss).await;
        assert!(bed.people.is_there(post));
        assert_eq!(bed.case(case).await.hidden_at, None);
    });
}

#[test]
fn a_reason_that_the_text_does_not_bear_out_hides_nothing_however_many_report_it() {
    block_on(async {
        let bed = sqlite().await;
        let bob = bed.person();
        let post = bed.people.wrote(&bob, None, "I feel like I want to die tonight");
        for _ in 0..30 {
            bed.report(&bed.person(), post, Reason::Doxxing).await;
            bed.report(&bed.person(), post, Reason::Threat).await;
        }
        assert!(bed.people.is_there(post));
    });
}

#[test]
fn a_lease_keeps_others_out_until_it_ends_and_can_be_renewed() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob) = (bed.person(), bed.person());
        let (mia, max) = (bed.moderator(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        let taken = bed.service().assign(&mia, case).await.unwrap();
        bed.clock.pass(hours(1) / 3);
        let renewed = bed.service().assign(&mia, case).await.unwrap();
        assert_eq!(renewed.etag(), taken.etag(), "who renews keeps their etag");
        bed.clock.pass(hours(1) / 3);
        let refused = bed.service().assign(&max, case).await.unwrap_err();
        assert_eq!(refused.reason(), "CASE_HELD");
        bed.clock.pass(hours(1) / 6);
        bed.service().assign(&max, case).await.unwrap();
        let late = bed.service().decide(&mia, case, &renewed.etag(), &bed.proposal(Action::Dismiss), None).await;
        assert_eq!(late.unwrap_err().reason(), "ETAG_MISMATCH");
    });
}

#[test]
fn a_case_is_decided_by_who_took_it_on_what_they_read_with_a_rule_and_a_reason() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, cleo, bob, staff) = (bed.person(), bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        let decide = |etag: String, proposal: Proposal| {
            let (service, staff) = (bed.service(), staff.clone());
            async move { service.decide(&staff, case, &etag, &proposal, None).await.map_err(|error| error.reason()) }
        };
        let untaken = bed.case(case).await.etag();
        assert_eq!(decide(untaken, bed.proposal(Action::Remove)).await.unwrap_err(), "CASE_NOT_TAKEN");
        let etag = bed.service().assign(&staff, case).await.unwrap().etag();
        let unexplained = Proposal { statement: " ".into(), ..bed.proposal(Action::Remove) };
        assert_eq!(decide(etag.clone(), unexplained).await.unwrap_err(), "STATEMENT_REQUIRED");
        let endless = Proposal { until: None, ..bed.proposal(Action::Suspend) };
        assert_eq!(decide(etag.clone(), endless).await.unwrap_err(), "UNTIL_OUT_OF_RANGE");
        assert_eq!(decide(etag.clone(), bed.proposal(Action::Overturn)).await.unwrap_err(), "ACTION_NOT_POSSIBLE");
        bed.report(&cleo, post, Reason::Harassment).await;
        assert_eq!(decide(etag, bed.proposal(Action::Remove)).await.unwrap_err(), "ETAG_MISMATCH");
        let etag = bed.case(case).await.etag();
        decide(etag, bed.proposal(Action::Remove)).await.unwrap();
        assert!(!bed.people.is_there(post));
    });
}

#[test]
fn staff_know_of_no_case_that_concerns_them_that_they_reported_or_whose_circle_they_keep() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, staff) = (bed.person(), bed.moderator());
        let circle = CircleId::new(bed.now(), &SystemEntropy);
        for who in [&ann, staff.actor()] {
            bed.people.joins(who, circle, if who == &ann { CircleRole::Member } else { CircleRole::Keeper });
        }
        let bob = bed.person();
        bed.people.joins(&bob, circle, CircleRole::Member);
        let own = bed.people.wrote(staff.actor(), None, "mine");
        let reported = bed.people.wrote(&bob, None, "theirs");
        let kept = bed.people.wrote(&bob, Some(circle), "ours");
        let cases = [
            bed.report(&ann, own, Reason::Spam).await.case,
            bed.report(staff.actor(), reported, Reason::Spam).await.case,
            bed.report(&ann, kept, Reason::Spam).await.case,
        ];
        assert_eq!(bed.open_cases(&staff).await, []);
        for case in cases {
            let service = bed.service();
            for refused in [
                service.dossier(&staff, case).await.unwrap_err(),
                service.history(&staff, case).await.unwrap_err(),
                service.assign(&staff, case).await.unwrap_err(),
                service.escalate(&staff, case, "1").await.unwrap_err(),
                service.decide(&staff, case, "1", &bed.proposal(Action::Dismiss), None).await.unwrap_err(),
            ] {
                assert!(matches!(refused, Error::NoSuchCase), "{refused:?}");
            }
        }
        assert_eq!(bed.open_cases(&bed.moderator()).await.len(), 3);
    });
}

#[test]
fn what_is_left_to_admins_is_decided_by_admins() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        let taken = bed.service().assign(&staff, case).await.unwrap();
        let stale = bed.service().escalate(&staff, case, "77").await.unwrap_err();
        assert_eq!(stale.reason(), "ETAG_MISMATCH");
        let left = bed.service().escalate(&staff, case, &taken.etag()).await.unwrap();
        assert!(left.escalated_at.is_some() && left.lease.is_none());
        assert_eq!(bed.service().assign(&staff, case).await.unwrap_err().reason(), "CASE_ESCALATED");
        bed.decide(&bed.admin(), case, Action::Remove).await;
        assert!(!bed.people.is_there(post));
    });
}

#[test]
fn the_person_concerned_is_told_why_and_reporters_only_that_it_is_done() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "you are worthless");
        let report = bed.report(&ann, post, Reason::Harassment).await;
        bed.events().await;
        let decision = bed.decide(&staff, report.case, Action::Mute).await;
        let told = bed.announced().await;
        assert!(told.contains(&Fact::StatementIssued { user: bob.user, decision: decision.id }));
        assert!(told.contains(&Fact::ReportClosed { user: ann.user, report: report.id }));
        let standing = bed.standing(&bob).await;
        let statement = &standing.statements[0];
        assert_eq!((statement.statement.as_str(), statement.decision.rule.as_str()), ("It broke the rule.", "be-kind"));
        assert_eq!(standing.muted_until, Some(bed.now().after(hours(24))));
        assert_eq!(statement.appeal_until, Some(bed.now().after(hours(180 * 24))));
        assert_eq!(standing.strikes, 2);
        let (mine, _) = bed.service().my_reports(&ann, PageSize::DEFAULT, "").await.unwrap();
        assert_eq!(mine[0].outcome, Some(Outcome::Acted));
        assert_eq!(bed.standing(&ann).await.statements, []);
    });
}

#[test]
fn statements_come_in_pages_for_their_owner_alone() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let mut made = Vec::new();
        for turn in 0..5 {
            bed.clock.pass(hours(1));
            let post = bed.people.wrote(&bob, None, "spam");
            let case = bed.report(&ann, post, Reason::Spam).await.case;
            let action = if turn == 2 { Action::Dismiss } else { Action::Warn };
            made.push(bed.decide(&staff, case, action).await.id);
        }
        made.remove(2);
        made.reverse();
        let size = PageSize::new(2).unwrap();
        let first = bed.service().standing(&bob, size, "").await.unwrap();
        let last = bed.service().standing(&bob, size, &first.next).await.unwrap();
        let shown: Vec<_> = first.statements.iter().chain(&last.statements).map(|told| told.decision.id).collect();
        assert_eq!((shown, last.next.as_str()), (made, ""), "what came to nothing has no place and no page");
        assert_eq!((first.strikes, last.strikes), (4, 4), "how somebody stands is on every page");
        let refused = bed.service().standing(&ann, size, &first.next).await.unwrap_err();
        assert!(matches!(refused, Error::Page(_)), "{refused:?}");
    });
}

#[test]
fn strikes_count_for_ninety_days() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        bed.decide(&staff, case, Action::Warn).await;
        bed.clock.pass(hours(90 * 24 - 1));
        assert_eq!(bed.standing(&bob).await.strikes, 1);
        bed.clock.pass(hours(1));
        assert_eq!(bed.standing(&bob).await.strikes, 0);
    });
}

#[test]
fn a_ban_without_an_end_lasts_and_the_longest_of_two_suspensions_holds() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let mut cases = Vec::new();
        for text in ["one", "two", "three"] {
            let post = bed.people.wrote(&bob, None, text);
            cases.push(bed.report(&ann, post, Reason::Harassment).await.case);
        }
        for (case, days) in [(cases[0], 7), (cases[1], 1)] {
            let etag = bed.service().assign(&staff, case).await.unwrap().etag();
            let until = Some(bed.now().after(hours(days * 24)));
            let proposal = Proposal { until, ..bed.proposal(Action::Suspend) };
            bed.service().decide(&staff, case, &etag, &proposal, None).await.unwrap();
        }
        let week = bed.now().after(hours(7 * 24));
        assert_eq!(bed.people.suspended_until(&bob), Some(week));
        bed.clock.pass(hours(48));
        kith_kernel::ports::Sweep::sweep(&bed.endings()).await.unwrap();
        assert_eq!(bed.people.suspended_until(&bob), Some(week), "the longer one goes on");
        bed.decide(&staff, cases[2], Action::Ban).await;
        bed.clock.pass(hours(24 * 365 * 50));
        kith_kernel::ports::Sweep::sweep(&bed.endings()).await.unwrap();
        assert!(bed.people.suspended_until(&bob).unwrap() > bed.now());
    });
}

async fn decided(bed: &Bed, bob: &Actor, action: Action) -> kith_moderation::domain::Decision {
    let post = bed.people.wrote(bob, None, "spam");
    let case = bed.report(&bed.person(), post, Reason::Spam).await.case;
    bed.decide(&bed.moderator(), case, action).await
}

#[test]
fn an_appeal_is_made_once_in_time_and_by_the_person_concerned() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob) = (bed.person(), bed.person());
        let removed = decided(&bed, &bob, Action::Remove).await;
        let dismissed = decided(&bed, &bob, Action::Dismiss).await;
        let late = decided(&bed, &bob, Action::Warn).await;
        let appeal = |who: &Actor, decision| {
            let (service, who) = (bed.service(), who.clone());
            async move { service.appeal(&who, decision, "It was a quote.").await }
        };
        let refused = |error: Error| {
            let Error::NoAppeal(why) = error else { panic!("{error:?}") };
            why
        };
        assert_eq!(refused(appeal(&ann, removed.id).await.unwrap_err()), NoAppeal::NotTheirs);
        assert_eq!(refused(appeal(&bob, dismissed.id).await.unwrap_err()), NoAppeal::Nothing);
        let told = appeal(&bob, removed.id).await.unwrap();
        assert_eq!((told.decision.appeal.state, told.appeal_until), (AppealState::Open, None));
        assert_eq!(refused(appeal(&bob, removed.id).await.unwrap_err()), NoAppeal::Again);
        bed.clock.pass(hours(180 * 24));
        assert_eq!(refused(appeal(&bob, late.id).await.unwrap_err()), NoAppeal::Late);
    });
}

#[test]
fn an_appeal_is_decided_by_somebody_else_and_undoes_all_of_it() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob) = (bed.person(), bed.person());
        let (mia, max) = (bed.moderator(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "a quote of what was said to me");
        let report = bed.report(&ann, post, Reason::Harassment).await;
        let decision = bed.decide(&mia, report.case, Action::Suspend).await;
        assert!(bed.people.suspended_until(&bob).is_some() && !bed.people.is_there(post));
        bed.service().appeal(&bob, decision.id, "It was a quote.").await.unwrap();
        bed.events().await;
        let own = bed.service().assign(&mia, report.case).await.unwrap_err();
        assert!(matches!(own, Error::Refused(Refusal::OwnDecision)), "{own:?}");
        let dossier = bed.service().dossier(&max, report.case).await.unwrap();
        assert_eq!(dossier.appeal, "It was a quote.");
        bed.decide(&max, report.case, Action::Overturn).await;
        assert!(bed.people.suspended_until(&bob).is_none() && bed.people.is_there(post));
        let standing = bed.standing(&bob).await;
        assert_eq!((standing.strikes, standing.suspended_until), (0, None));
        let (mine, _) = bed.service().my_reports(&ann, PageSize::DEFAULT, "").await.unwrap();
        assert_eq!(mine[0].outcome, Some(Outcome::Dismissed));
        let told = bed.announced().await;
        assert!(told.contains(&Fact::CaseChanged { case: report.case, change: CaseChange::Overturned }));
        assert_eq!(bed.case(report.case).await.state, State::Settled);
    });
}

#[test]
fn an_appeal_that_fails_changes_nothing() {
    block_on(async {
        let bed = sqlite().await;
        let bob = bed.person();
        let decision = decided(&bed, &bob, Action::Mute).await;
        bed.service().appeal(&bob, decision.id, "No.").await.unwrap();
        bed.decide(&bed.moderator(), decision.case, Action::Uphold).await;
        assert!(bed.people.muted_until(&bob).is_some());
        let standing = bed.standing(&bob).await;
        assert_eq!(standing.strikes, 2);
        let of = |action| standing.statements.iter().find(|told| told.decision.action == action).unwrap();
        assert_eq!(of(Action::Mute).decision.appeal.state, AppealState::Upheld);
        assert_eq!(of(Action::Uphold).statement, "It broke the rule.");
    });
}

#[test]
fn somebody_in_danger_is_watched_and_never_punished_for_it() {
    block_on(async {
        let bed = sqlite().await;
        let (bob, staff) = (bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "I cannot go on");
        let event = happened(Fact::CrisisSeen { content: Content::Post(post) });
        bed.reactions().on(&event).await.unwrap();
        bed.reactions().on(&event).await.unwrap();
        let cases = bed.open_cases(&staff).await;
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].origin, Origin::Watch);
        assert!(bed.people.is_there(post));
        let etag = bed.service().assign(&staff, cases[0].id).await.unwrap().etag();
        for action in [Action::Remove, Action::Warn, Action::Mute, Action::Suspend, Action::Ban] {
            let refused = bed.service().decide(&staff, cases[0].id, &etag, &bed.proposal(action), None).await;
            assert_eq!(refused.unwrap_err().reason(), "ACTION_NOT_POSSIBLE");
        }
        bed.service().decide(&staff, cases[0].id, &etag, &bed.proposal(Action::Dismiss), None).await.unwrap();
        bed.reactions().on(&event).await.unwrap();
        assert_eq!(bed.open_cases(&staff).await, [], "an event that comes again opens no second case");
    });
}

#[test]
fn what_the_screen_held_is_released_or_removed() {
    block_on(async {
        let bed = sqlite().await;
        let (bob, staff) = (bed.person(), bed.moderator());
        for (action, there) in [(Action::Restore, true), (Action::Dismiss, true), (Action::Remove, false)] {
            let post = bed.people.wrote(&bob, None, "write to me at a@b.example");
            bed.people.held(post);
            let about = kith_kernel::event::AboutPost { post, categories: vec![], circle: None };
            let fact = Fact::PostModerated { about, how: kith_kernel::event::Moderation::Held };
            bed.reactions().on(&happened(fact)).await.unwrap();
            let case = bed.open_cases(&staff).await[0].id;
            assert!(!bed.people.is_there(post));
            bed.decide(&staff, case, action).await;
            assert_eq!(bed.people.is_there(post), there, "{action:?}");
        }
    });
}

#[test]
fn a_decision_that_is_sent_again_is_made_once() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        let etag = bed.service().assign(&staff, case).await.unwrap().etag();
        let claimed = Some(kith_kernel::EventId::new(bed.now(), &SystemEntropy).uuid());
        let proposal = bed.proposal(Action::Warn);
        let (_, first) = bed.service().decide(&staff, case, &etag, &proposal, claimed).await.unwrap();
        let (_, again) = bed.service().decide(&staff, case, &etag, &proposal, claimed).await.unwrap();
        assert_eq!(first.id, again.id);
        assert_eq!(bed.standing(&bob).await.strikes, 1);
    });
}

#[test]
fn every_reading_and_every_act_of_staff_is_written_down() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        bed.service().dossier(&staff, case).await.unwrap();
        bed.service().history(&staff, case).await.unwrap();
        bed.service().assign(&staff, case).await.unwrap();
        let decision = bed.decide(&staff, case, Action::Warn).await;
        bed.service().appeal(&bob, decision.id, "No.").await.unwrap();
        bed.decide(&bed.moderator(), case, Action::Uphold).await;
        let acts: Vec<String> = bed.trail().await.into_iter().map(|(act, _)| act).collect();
        let read = "private_read";
        assert_eq!(acts, [read, read, "case_assigned", "case_decided", "case_assigned", "appeal_decided"]);
        assert!(bed.trail().await.iter().all(|(_, subject)| *subject == format!("case:{case}")));
    });
}

#[test]
fn no_text_lies_open_where_it_is_kept() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam and eggs");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        let decision = bed.decide(&staff, case, Action::Warn).await;
        bed.service().appeal(&bob, decision.id, "No.").await.unwrap();
        let kept = bed.texts().await;
        assert_eq!(kept.len(), 4);
        for text in ["spam and eggs", "look at this", "It broke the rule.", "No."] {
            let open = kept.iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()));
            assert!(!open, "{text}");
        }
    });
}
