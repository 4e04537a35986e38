//! Contract of `kith_moderation::store::CaseStore`, and of filings and assignments saved under a lock.

use kith_kernel::{
    Cursor, ReportId,
    audit::{AuditAction, AuditEntry},
};
use kith_moderation::domain::{
    Action, Assignment, Case, CaseState, FilingOutcome, NewFiling, Origin, Reason, ReportOutcome, ReporterRecord,
};
use kith_testkit::{event_id, run_concurrently};

use super::{
    changes::{assign, assign_with, decide, escalate, file, file_with, update_risk},
    event_with_id, hold, new_filing, subject,
};
use crate::harness::{Harness, hours, postgres, sqlite};

fn entry(harness: &Harness) -> AuditEntry {
    AuditEntry {
        id: event_id(harness.now()),
        at: harness.now(),
        actor: kith_testkit::user(),
        session: None,
        action: AuditAction::PrivateContentRead,
        subject: "case:1".into(),
        detail: "read=evidence".into(),
    }
}

/// Files a report by a new user on a new post by a new user.
async fn open_case(harness: &Harness) -> Case {
    let filing = new_filing(harness, Some(&harness.member()), subject(harness), &harness.member());
    file(&*harness.store, &filing).await.case
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_report_is_stored_with_its_case_and_evidence(harness: &Harness) {
        let (ann, bob) = (harness.member(), harness.member());
        let filing = new_filing(harness, Some(&ann), subject(harness), &bob);
        let result = file(&*harness.store, &filing).await;
        assert_eq!((result.outcome, &result.report), (FilingOutcome::Opened, &filing.report));
        assert_eq!((result.case.report_count, result.case.reasons.as_slice()), (1, [Reason::Spam].as_slice()));
        assert!(result.case.risk > 0);
        assert_eq!(harness.store.case(result.case.id).await.unwrap(), Some(result.case.clone()));
        assert_eq!(harness.store.reports(result.case.id).await.unwrap(), [filing.report.unwrap()]);
        assert_eq!(harness.store.evidence(result.case.id).await.unwrap(), [filing.evidence]);
    }

    async fn a_report_is_not_stored_if_its_event_is_rejected(harness: &Harness) {
        let (ann, bob) = (harness.member(), harness.member());
        let events = event_with_id(event_id(harness.now()));
        let filing = new_filing(harness, Some(&ann), subject(harness), &bob);
        file_with(&*harness.store, &filing, events.clone()).await.unwrap();
        let counts = harness.row_counts().await;
        let filing = new_filing(harness, Some(&ann), subject(harness), &bob);
        file_with(&*harness.store, &filing, events).await.unwrap_err();
        assert_eq!(harness.row_counts().await, counts, "neither case nor report nor evidence is stored");
    }

    async fn concurrent_reports_of_one_subject_open_one_case(harness: &Harness) {
        let (bob, subject) = (harness.member(), subject(harness));
        let filings: Vec<_> = (0..8).map(|_| new_filing(harness, Some(&harness.member()), subject, &bob)).collect();
        let results = run_concurrently(filings.into_iter().map(|filing| {
            let store = harness.store.clone();
            async move { file(&*store, &filing).await }
        }));
        let results = results.await;
        assert_eq!(results.iter().filter(|result| result.outcome == FilingOutcome::Opened).count(), 1);
        assert!(results.iter().all(|other| other.case.id == results[0].case.id));
        assert_eq!(harness.row_counts().await, [1, 8, 8, 0, 0]);
        assert_eq!(harness.case(results[0].case.id).await.report_count, 8);
    }

    async fn a_concurrent_report_and_assignment_both_increment_the_version(harness: &Harness) {
        for _ in 0..16 {
            let (bob, subject) = (harness.member(), subject(harness));
            let opened = file(&*harness.store, &new_filing(harness, Some(&harness.member()), subject, &bob)).await.case;
            let mut second = new_filing(harness, Some(&harness.member()), subject, &bob);
            second.report.as_mut().unwrap().reason = Reason::Threat;
            let (merged, assigned) = tokio::join!(
                file(&*harness.store, &second),
                assign(&*harness.store, opened.id, kith_testkit::user(), harness.now())
            );
            assert_eq!((merged.outcome, assigned.is_some()), (FilingOutcome::Merged, true));
            let version = harness.case(opened.id).await.version;
            assert_eq!(version, opened.version + 2, "for the new reason and for the assignment");
        }
    }

    async fn concurrent_reports_by_one_user_store_one_report(harness: &Harness) {
        let (ann, bob, subject) = (harness.member(), harness.member(), subject(harness));
        let filings: Vec<_> = (0..4).map(|_| new_filing(harness, Some(&ann), subject, &bob)).collect();
        let ids = run_concurrently(filings.into_iter().map(|filing| {
            let store = harness.store.clone();
            async move { file(&*store, &filing).await.report.unwrap().id }
        }));
        let ids = ids.await;
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(harness.row_counts().await, [1, 1, 1, 0, 0]);
    }

    async fn an_event_is_filed_once_and_crisis_language_raises_the_risk_of_an_open_case(harness: &Harness) {
        let (ann, bob, subject) = (harness.member(), harness.member(), subject(harness));
        let reported = file(&*harness.store, &new_filing(harness, Some(&ann), subject, &bob)).await;
        let crisis = NewFiling { event: Some(event_id(harness.now())), ..new_filing(harness, None, subject, &bob) };
        let merged = file(&*harness.store, &crisis).await;
        assert_eq!((merged.outcome, merged.case.id), (FilingOutcome::Merged, reported.case.id));
        assert_eq!(merged.case.origin, Origin::Crisis);
        assert!(merged.case.risk > reported.case.risk && merged.case.due_at < reported.case.due_at);
        assert_eq!(file(&*harness.store, &crisis).await.outcome, FilingOutcome::Duplicate);
        assert_eq!(harness.row_counts().await, [1, 1, 2, 0, 0]);
    }

    async fn a_case_is_hidden_by_one_hold(harness: &Harness) {
        let (bob, subject) = (harness.member(), subject(harness));
        for outcome in [FilingOutcome::Opened, FilingOutcome::Merged] {
            let mut filing = new_filing(harness, Some(&harness.member()), subject, &bob);
            filing.hold = Some(hold(harness, &filing.case));
            let result = file(&*harness.store, &filing).await;
            assert_eq!((result.outcome, result.hold.is_some()), (outcome, outcome == FilingOutcome::Opened));
            assert!(result.case.hidden_at.is_some());
        }
        assert_eq!(harness.row_counts().await, [1, 2, 2, 1, 0]);
    }

    async fn the_risk_of_a_case_follows_later_reports(harness: &Harness) {
        let (bob, three) = (harness.member(), [harness.member(), harness.member(), harness.member()]);
        let mut cases = Vec::new();
        for _ in 0..4 {
            let subject = subject(harness);
            for reporter in &three {
                let mut filing = new_filing(harness, Some(reporter), subject, &bob);
                filing.case.reach = 7;
                file(&*harness.store, &filing).await;
            }
            cases.push(file(&*harness.store, &new_filing(harness, Some(&three[0]), subject, &bob)).await.case);
        }
        let (first, last) = (cases[0].clone(), cases[3].clone());
        assert!(first.risk > last.risk, "colluding reporters count as one");
        update_risk(&*harness.store, first.id, harness.now()).await;
        assert_eq!(harness.case(first.id).await, Case { risk: last.risk, ..first }, "only the risk changes");
        // A later update never postpones the due time.
        update_risk(&*harness.store, last.id, harness.now().after(hours(9))).await;
        assert_eq!(harness.case(last.id).await, last);
    }

    async fn reporters_whose_common_reports_led_to_action_are_not_grouped(harness: &Harness) {
        let (bob, staff, pair) = (harness.member(), harness.member(), [harness.member(), harness.member()]);
        let of_pair = async || {
            let subject = subject(harness);
            file(&*harness.store, &new_filing(harness, Some(&pair[0]), subject, &bob)).await;
            file(&*harness.store, &new_filing(harness, Some(&pair[1]), subject, &bob)).await.case
        };
        let mut others = Vec::new();
        let open = of_pair().await;
        for _ in 0..3 {
            others.push(of_pair().await);
        }
        update_risk(&*harness.store, open.id, harness.now()).await;
        let grouped = harness.case(open.id).await.risk;
        assert!(grouped < open.risk);
        for other in others {
            let assigned = assign(&*harness.store, other.id, staff.user, harness.now()).await.unwrap();
            decide(&*harness.store, &assigned, &staff, Action::Remove, harness.now()).await.unwrap();
        }
        update_risk(&*harness.store, open.id, harness.now()).await;
        let separate = harness.case(open.id).await.risk;
        let alone = file(&*harness.store, &new_filing(harness, Some(&pair[0]), subject(harness), &bob)).await.case.risk;
        assert!(separate > alone, "two accurate reporters count more than one: {separate} and {alone}");
    }

    async fn the_risk_of_a_decided_case_does_not_change(harness: &Harness) {
        let staff = harness.member();
        let case = open_case(harness).await;
        let assigned = assign(&*harness.store, case.id, staff.user, harness.now()).await.unwrap();
        let (decided, _) = decide(&*harness.store, &assigned, &staff, Action::Remove, harness.now()).await.unwrap();
        // The strike of the decision would raise the risk.
        update_risk(&*harness.store, case.id, harness.now()).await;
        assert_eq!(harness.case(case.id).await, decided);
        let missing = new_filing(harness, None, subject(harness), &staff).case.id;
        assert!(harness.store.lock_risk(missing, harness.now()).await.unwrap().is_none());
        assert!(harness.store.lock_case(missing).await.unwrap().is_none());
    }

    async fn related_cases_are_open_and_share_a_reporter_or_the_affected_account(harness: &Harness) {
        let (ann, cleo, bob, max) = (harness.member(), harness.member(), harness.member(), harness.member());
        let of = async |reporter, affected_account, reason| {
            let mut filing = new_filing(harness, Some(reporter), subject(harness), affected_account);
            filing.report.as_mut().unwrap().reason = reason;
            file(&*harness.store, &filing).await.case.id
        };
        let case = of(&ann, &bob, Reason::Spam).await;
        let (severe, minor) = (of(&ann, &max, Reason::Threat).await, of(&ann, &max, Reason::Other).await);
        let about_bob = of(&cleo, &bob, Reason::Scam).await;
        let unrelated = of(&cleo, &max, Reason::Threat).await;
        let closed = of(&ann, &max, Reason::Threat).await;
        let staff = harness.member();
        let assigned = assign(&*harness.store, closed, staff.user, harness.now()).await.unwrap();
        decide(&*harness.store, &assigned, &staff, Action::Dismiss, harness.now()).await.unwrap();
        assert_eq!(harness.store.related_cases(case, 10).await.unwrap(), [severe, about_bob, minor]);
        assert_eq!(harness.store.related_cases(case, 2).await.unwrap(), [severe, about_bob]);
        // A decided case has related cases too: their risk is updated after a decision.
        assert_eq!(harness.store.related_cases(closed, 10).await.unwrap().len(), 4);
        assert!(!harness.store.related_cases(case, 10).await.unwrap().contains(&unrelated));
    }

    async fn the_queue_is_paged_by_risk_and_omits_conflicts_of_interest(harness: &Harness) {
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let staff = staff.actor();
        for reason in [Reason::Spam, Reason::Threat, Reason::Other, Reason::Threat, Reason::Scam] {
            let mut filing = new_filing(harness, Some(&ann), subject(harness), &bob);
            filing.report.as_mut().unwrap().reason = reason;
            file(&*harness.store, &filing).await;
        }
        file(&*harness.store, &new_filing(harness, Some(staff), subject(harness), &bob)).await;
        file(&*harness.store, &new_filing(harness, Some(&ann), subject(harness), staff)).await;
        let all = harness.store.queue(CaseState::Open, staff.user, None, 100).await.unwrap();
        assert_eq!(all.len(), 5);
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = harness.store.queue(CaseState::Open, staff.user, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(Cursor { rank: i64::from(last.risk), id: last.id.uuid() });
            paged.extend(page);
        }
        assert_eq!(paged, all);
        assert!(all.is_sorted_by(|one, other| (other.risk, one.id) < (one.risk, other.id)));
        assert_eq!(harness.store.queue(CaseState::Decided, staff.user, None, 100).await.unwrap(), []);
    }

    async fn reports_of_a_user_are_listed_newest_first(harness: &Harness) {
        let (ann, bob, cleo) = (harness.member(), harness.member(), harness.member());
        let mut ids: Vec<ReportId> = Vec::new();
        for _ in 0..3 {
            harness.clock.advance(hours(1));
            let result = file(&*harness.store, &new_filing(harness, Some(&ann), subject(harness), &bob)).await;
            ids.insert(0, result.report.unwrap().id);
        }
        file(&*harness.store, &new_filing(harness, Some(&cleo), subject(harness), &bob)).await;
        let of = |before, limit| {
            let (store, ann) = (harness.store.clone(), ann.user);
            async move {
                let reports = store.reports_by(ann, before, limit).await.unwrap();
                reports.into_iter().map(|report| report.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(of(None, 10).await, ids);
        assert_eq!(of(Some(ids[0]), 1).await, [ids[1]]);
    }

    async fn a_reporter_record_counts_outcomes(harness: &Harness) {
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.member());
        for action in [Action::Remove, Action::Dismiss, Action::Remove] {
            let case = file(&*harness.store, &new_filing(harness, Some(&ann), subject(harness), &bob)).await.case;
            let case = assign(&*harness.store, case.id, staff.user, harness.now()).await.unwrap();
            decide(&*harness.store, &case, &staff, action, harness.now()).await.unwrap();
        }
        let open = file(&*harness.store, &new_filing(harness, Some(&ann), subject(harness), &bob)).await.case;
        let record = ReporterRecord { action_taken: 2, dismissed: 1 };
        assert_eq!(harness.store.reporter_record(ann.user).await.unwrap(), record);
        assert_eq!(harness.store.reporter_records(open.id).await.unwrap(), [(ann.user, record)].into());
        let reports = harness.store.reports_by(ann.user, None, 10).await.unwrap();
        let outcomes: Vec<_> = reports.iter().map(|report| report.outcome).collect();
        let (action_taken, dismissed) = (Some(ReportOutcome::ActionTaken), Some(ReportOutcome::Dismissed));
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == action_taken).count(), 2);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == dismissed).count(), 1);
    }

    async fn concurrent_assignments_have_one_winner_until_the_assignment_expires(harness: &Harness) {
        let case = open_case(harness).await;
        let (start, id) = (harness.now(), case.id);
        let minutes = |minutes| start.after(std::time::Duration::from_mins(minutes));
        let assigned = run_concurrently((0..6).map(|_| {
            let store = harness.store.clone();
            async move { assign(&*store, id, kith_testkit::user(), start).await }
        }));
        let mut assigned: Vec<_> = assigned.await.into_iter().flatten().collect();
        assert_eq!(assigned.len(), 1);
        let first = assigned.pop().unwrap();
        let assignee = first.assignment.unwrap().assignee;
        assert_eq!(first.assignment, Some(Assignment { assignee, until: minutes(30) }));
        assert_eq!(first.version, case.version + 1);
        let renewed = assign(&*harness.store, id, assignee, minutes(20)).await.unwrap();
        assert_eq!(renewed.assignment, Some(Assignment { assignee, until: minutes(50) }));
        assert_eq!((renewed.version, harness.case(id).await), (first.version, renewed.clone()));
        let other = kith_testkit::user();
        assert_eq!(assign(&*harness.store, id, other, minutes(40)).await, None);
        let late = assign(&*harness.store, id, other, minutes(50)).await.unwrap();
        assert_eq!(late.assignment.unwrap().assignee, other);
    }

    async fn an_escalation_is_stored_with_its_audit_entry(harness: &Harness) {
        let case = open_case(harness).await;
        let assigned = assign(&*harness.store, case.id, kith_testkit::user(), harness.now()).await.unwrap();
        assert_eq!(harness.audit_log().await, []);
        let escalated = escalate(harness, &assigned, vec![entry(harness)]).await;
        assert_eq!((escalated.escalated_at, escalated.assignment), (Some(harness.now()), None));
        assert_eq!(escalated.version, assigned.version + 1);
        assert_eq!(harness.case(case.id).await, escalated);
        assert_eq!(harness.audit_log().await.len(), 1);
    }

    async fn audit_entries_are_appended(harness: &Harness) {
        harness.store.append_audit(&[entry(harness), entry(harness)]).await.unwrap();
        assert_eq!(harness.audit_log().await, vec![("private_content_read".to_owned(), "case:1".to_owned()); 2]);
    }

    async fn a_case_is_not_assigned_if_its_audit_entry_is_rejected(harness: &Harness) {
        let case = open_case(harness).await;
        let invalid = AuditEntry { detail: "text of a user".into(), ..entry(harness) };
        let assigned = assign_with(&*harness.store, case.id, kith_testkit::user(), harness.now(), vec![invalid]).await;
        assigned.unwrap_err();
        assert_eq!(harness.case(case.id).await.assignment, None);
    }

    async fn statistics_match_the_queue(harness: &Harness) {
        let first = harness.now();
        for _ in 0..3 {
            open_case(harness).await;
            harness.clock.advance(hours(10));
        }
        let stats = harness.store.stats(harness.now()).await.unwrap();
        assert_eq!((stats.open, stats.overdue, stats.oldest), (3, 1, Some(first)));
        assert_eq!((stats.escalated, stats.hidden, stats.appealed, stats.decided_today), (0, 0, 0, 0));
    }
}
