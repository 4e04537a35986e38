//! What `kith_moderation::store::CaseStore` promises.

use kith_kernel::{
    Cursor, ReportId,
    audit::{Act, Entry},
};
use kith_moderation::{
    domain::{Action, Case, Lease, Origin, Outcome, Reason, Record, State},
    store::{Filing, How, Notes, Ruled},
};
use kith_testkit::{event_id, race};

use super::{decision, filing, once, ruling, silence, subject};
use crate::bed::{Bed, hours, postgres, sqlite};

fn entry(bed: &Bed) -> Entry {
    Entry {
        id: event_id(bed.now()),
        at: bed.now(),
        actor: kith_testkit::user(),
        session: None,
        act: Act::PrivateRead,
        subject: "case:1".into(),
        detail: "read=evidence".into(),
    }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_report_comes_back_with_its_case_and_its_evidence(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let filing = filing(bed, Some(&ann), subject(bed), &bob);
        let filed = bed.store.file(&filing, &silence).await.unwrap();
        assert_eq!((filed.how, &filed.report), (How::Opened, &filing.report));
        assert_eq!((filed.case.reports, filed.case.reasons.as_slice()), (1, [Reason::Spam].as_slice()));
        assert!(filed.case.risk > 0);
        assert_eq!(bed.store.case(filed.case.id).await.unwrap(), Some(filed.case.clone()));
        assert_eq!(bed.store.reports(filed.case.id).await.unwrap(), [filing.report.unwrap()]);
        assert_eq!(bed.store.evidence(filed.case.id).await.unwrap(), [filing.evidence]);
    }

    async fn a_report_whose_event_is_refused_was_never_made(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let told = once(event_id(bed.now()));
        bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &told).await.unwrap();
        let counts = bed.counts().await;
        bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &told).await.unwrap_err();
        assert_eq!(bed.counts().await, counts, "neither case nor report nor evidence");
    }

    async fn of_all_who_report_one_thing_at_once_one_opens_the_case(bed: &Bed) {
        let (bob, subject) = (bed.person(), subject(bed));
        let racers: Vec<_> = (0..8).map(|_| filing(bed, Some(&bed.person()), subject, &bob)).collect();
        let filed = race(racers.into_iter().map(|filing| {
            let store = bed.store.clone();
            async move { store.file(&filing, &silence).await.unwrap() }
        }));
        let filed = filed.await;
        assert_eq!(filed.iter().filter(|filed| filed.how == How::Opened).count(), 1);
        assert!(filed.iter().all(|other| other.case.id == filed[0].case.id));
        assert_eq!(bed.counts().await, [1, 8, 8, 0, 0]);
        assert_eq!(bed.case(filed[0].case.id).await.reports, 8);
    }

    async fn who_joins_while_somebody_takes_it_leaves_both_steps(bed: &Bed) {
        for _ in 0..16 {
            let (bob, subject) = (bed.person(), subject(bed));
            let opened = bed.store.file(&filing(bed, Some(&bed.person()), subject, &bob), &silence).await.unwrap().case;
            let mut joins = filing(bed, Some(&bed.person()), subject, &bob);
            joins.report.as_mut().unwrap().reason = Reason::Threat;
            let lease = Lease { holder: kith_testkit::user(), until: bed.now().after(hours(1)) };
            let notes = Notes::default();
            let (joined, taken) =
                tokio::join!(bed.store.file(&joins, &silence), bed.store.take(opened.id, lease, bed.now(), &notes));
            assert_eq!((joined.unwrap().how, taken.unwrap().is_some()), (How::Joined, true));
            assert_eq!(bed.case(opened.id).await.version, opened.version + 2, "a new reason, and a holder");
        }
    }

    async fn who_reports_again_at_once_gets_one_report(bed: &Bed) {
        let (ann, bob, subject) = (bed.person(), bed.person(), subject(bed));
        let racers: Vec<_> = (0..4).map(|_| filing(bed, Some(&ann), subject, &bob)).collect();
        let filed = race(racers.into_iter().map(|filing| {
            let store = bed.store.clone();
            async move { store.file(&filing, &silence).await.unwrap().report.unwrap().id }
        }));
        let ids = filed.await;
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(bed.counts().await, [1, 1, 1, 0, 0]);
    }

    async fn an_event_is_filed_once_and_a_watch_raises_an_open_case(bed: &Bed) {
        let (ann, bob, subject) = (bed.person(), bed.person(), subject(bed));
        let reported = bed.store.file(&filing(bed, Some(&ann), subject, &bob), &silence).await.unwrap();
        let watch = Filing { event: Some(event_id(bed.now())), ..filing(bed, None, subject, &bob) };
        let joined = bed.store.file(&watch, &silence).await.unwrap();
        assert_eq!((joined.how, joined.case.id), (How::Joined, reported.case.id));
        assert_eq!(joined.case.origin, Origin::Watch);
        assert!(joined.case.risk > reported.case.risk && joined.case.due_at < reported.case.due_at);
        assert_eq!(bed.store.file(&watch, &silence).await.unwrap().how, How::Again);
        assert_eq!(bed.counts().await, [1, 1, 2, 0, 0]);
    }

    async fn what_hides_a_case_is_decided_once(bed: &Bed) {
        let (bob, subject) = (bed.person(), subject(bed));
        for how in [How::Opened, How::Joined] {
            let mut filing = filing(bed, Some(&bed.person()), subject, &bob);
            filing.hold = Some(decision(bed, &filing.case, None, Action::Hold));
            let filed = bed.store.file(&filing, &silence).await.unwrap();
            assert_eq!((filed.how, filed.hold.is_some()), (how, how == How::Opened));
            assert!(filed.case.hidden_at.is_some());
        }
        assert_eq!(bed.counts().await, [1, 2, 2, 1, 0]);
    }

    async fn a_case_is_weighed_anew_by_what_is_known_now(bed: &Bed) {
        let (bob, three) = (bed.person(), [bed.person(), bed.person(), bed.person()]);
        let mut cases = Vec::new();
        for _ in 0..4 {
            let subject = subject(bed);
            for reporter in &three {
                let filing = Filing { reach: 7, ..filing(bed, Some(reporter), subject, &bob) };
                bed.store.file(&filing, &silence).await.unwrap();
            }
            cases.push(bed.store.file(&filing(bed, Some(&three[0]), subject, &bob), &silence).await.unwrap().case);
        }
        let (first, last) = (cases[0].clone(), cases[3].clone());
        assert!(first.risk > last.risk, "three who agree again and again are one voice");
        bed.store.weigh(first.id, bed.now()).await.unwrap();
        assert_eq!(bed.case(first.id).await, Case { risk: last.risk, ..first }, "and nothing else has changed");
        // A moment later is due sooner, if anything.
        bed.store.weigh(last.id, bed.now().after(hours(9))).await.unwrap();
        assert_eq!(bed.case(last.id).await, last);
    }

    async fn who_was_right_together_is_not_one_voice_for_it(bed: &Bed) {
        let (bob, staff, pair) = (bed.person(), bed.person(), [bed.person(), bed.person()]);
        let of_pair = async || {
            let subject = subject(bed);
            bed.store.file(&filing(bed, Some(&pair[0]), subject, &bob), &silence).await.unwrap();
            bed.store.file(&filing(bed, Some(&pair[1]), subject, &bob), &silence).await.unwrap().case
        };
        let mut others = Vec::new();
        let open = of_pair().await;
        for _ in 0..3 {
            others.push(of_pair().await);
        }
        bed.store.weigh(open.id, bed.now()).await.unwrap();
        let as_one = bed.case(open.id).await.risk;
        assert!(as_one < open.risk);
        for other in others {
            let lease = Lease { holder: staff.user, until: bed.now().after(hours(1)) };
            let taken = bed.store.take(other.id, lease, bed.now(), &Notes::default()).await.unwrap().unwrap();
            let ruled = ruling(&taken, decision(bed, &taken, Some(&staff), Action::Remove));
            assert!(matches!(bed.store.decide(&ruled, &silence).await.unwrap(), Ruled::Done(..)));
        }
        bed.store.weigh(open.id, bed.now()).await.unwrap();
        let believed = bed.case(open.id).await.risk;
        let alone = bed.store.file(&filing(bed, Some(&pair[0]), subject(bed), &bob), &silence).await.unwrap().case.risk;
        assert!(believed > alone, "two who are always right are more than one of them: {believed} and {alone}");
    }

    async fn what_is_not_open_is_not_weighed_anew(bed: &Bed) {
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.person());
        let case = bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap().case;
        let lease = Lease { holder: staff.user, until: bed.now().after(hours(1)) };
        let taken = bed.store.take(case.id, lease, bed.now(), &Notes::default()).await.unwrap().unwrap();
        let ruled = ruling(&taken, decision(bed, &taken, Some(&staff), Action::Remove));
        let Ruled::Done(decided, _) = bed.store.decide(&ruled, &silence).await.unwrap() else {
            panic!("it is decided")
        };
        // By now there is a strike, which would weigh.
        bed.store.weigh(case.id, bed.now()).await.unwrap();
        bed.store.weigh(filing(bed, None, subject(bed), &bob).case.id, bed.now()).await.unwrap();
        assert_eq!(bed.case(case.id).await, decided);
    }

    async fn beside_a_case_are_open_ones_of_its_reporters_and_of_the_person_up_to_a_limit(bed: &Bed) {
        let (ann, cleo, bob, max) = (bed.person(), bed.person(), bed.person(), bed.person());
        let of = async |reporter, concerned, reason| {
            let mut filing = filing(bed, Some(reporter), subject(bed), concerned);
            filing.report.as_mut().unwrap().reason = reason;
            bed.store.file(&filing, &silence).await.unwrap().case.id
        };
        let case = of(&ann, &bob, Reason::Spam).await;
        let (grave, petty) = (of(&ann, &max, Reason::Threat).await, of(&ann, &max, Reason::Other).await);
        let about_bob = of(&cleo, &bob, Reason::Scam).await;
        let apart = of(&cleo, &max, Reason::Threat).await;
        let closed = of(&ann, &max, Reason::Threat).await;
        let (staff, now) = (bed.person(), bed.now());
        let lease = Lease { holder: staff.user, until: now.after(hours(1)) };
        let taken = bed.store.take(closed, lease, now, &Notes::default()).await.unwrap().unwrap();
        let ruled = ruling(&taken, decision(bed, &taken, Some(&staff), Action::Dismiss));
        assert!(matches!(bed.store.decide(&ruled, &silence).await.unwrap(), Ruled::Done(..)));
        assert_eq!(bed.store.beside(case, 10).await.unwrap(), [grave, about_bob, petty]);
        assert_eq!(bed.store.beside(case, 2).await.unwrap(), [grave, about_bob]);
        // A decided case has neighbours, too: they are what it is asked for.
        assert_eq!(bed.store.beside(closed, 10).await.unwrap().len(), 4);
        assert!(!bed.store.beside(case, 10).await.unwrap().contains(&apart));
    }

    async fn the_queue_is_by_risk_in_pages_and_without_what_staff_have_an_interest_in(bed: &Bed) {
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let staff = staff.actor();
        for reason in [Reason::Spam, Reason::Threat, Reason::Other, Reason::Threat, Reason::Scam] {
            let mut filing = filing(bed, Some(&ann), subject(bed), &bob);
            filing.report.as_mut().unwrap().reason = reason;
            bed.store.file(&filing, &silence).await.unwrap();
        }
        bed.store.file(&filing(bed, Some(staff), subject(bed), &bob), &silence).await.unwrap();
        bed.store.file(&filing(bed, Some(&ann), subject(bed), staff), &silence).await.unwrap();
        let all = bed.store.queue(State::Open, staff.user, None, 100).await.unwrap();
        assert_eq!(all.len(), 5);
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = bed.store.queue(State::Open, staff.user, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(Cursor { rank: i64::from(last.risk), id: last.id.uuid() });
            paged.extend(page);
        }
        assert_eq!(paged, all);
        assert!(all.is_sorted_by(|one, other| (other.risk, one.id) < (one.risk, other.id)));
        assert_eq!(bed.store.queue(State::Decided, staff.user, None, 100).await.unwrap(), []);
    }

    async fn somebodys_reports_are_theirs_newest_first(bed: &Bed) {
        let (ann, bob, cleo) = (bed.person(), bed.person(), bed.person());
        let mut ids: Vec<ReportId> = Vec::new();
        for _ in 0..3 {
            bed.clock.pass(hours(1));
            let filed = bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap();
            ids.insert(0, filed.report.unwrap().id);
        }
        bed.store.file(&filing(bed, Some(&cleo), subject(bed), &bob), &silence).await.unwrap();
        let of = |before, limit| {
            let (store, ann) = (bed.store.clone(), ann.user);
            async move {
                let reports = store.reported(ann, before, limit).await.unwrap();
                reports.into_iter().map(|report| report.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(of(None, 10).await, ids);
        assert_eq!(of(Some(ids[0]), 1).await, [ids[1]]);
    }

    async fn a_record_says_what_came_of_somebodys_reports(bed: &Bed) {
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        for action in [Action::Remove, Action::Dismiss, Action::Remove] {
            let case = bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap().case;
            let lease = Lease { holder: staff.actor().user, until: bed.now().after(hours(1)) };
            let case = bed.store.take(case.id, lease, bed.now(), &Notes::default()).await.unwrap().unwrap();
            let decided = ruling(&case, decision(bed, &case, Some(staff.actor()), action));
            assert!(matches!(bed.store.decide(&decided, &silence).await.unwrap(), Ruled::Done(..)));
        }
        let open = bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap().case;
        let record = Record { acted: 2, dismissed: 1 };
        assert_eq!(bed.store.record(ann.user).await.unwrap(), record);
        assert_eq!(bed.store.records(open.id).await.unwrap(), [(ann.user, record)].into());
        let reports = bed.store.reported(ann.user, None, 10).await.unwrap();
        let outcomes: Vec<_> = reports.iter().map(|report| report.outcome).collect();
        let (acted, dismissed) = (Some(Outcome::Acted), Some(Outcome::Dismissed));
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == acted).count(), 2);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == dismissed).count(), 1);
    }

    async fn of_all_who_take_a_case_at_once_one_gets_it_until_the_lease_ends(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let case = bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap().case;
        let (now, id) = (bed.now(), case.id);
        let racers = (0..6).map(|_| Lease { holder: kith_testkit::user(), until: now.after(hours(1)) });
        let taken = race(racers.map(|lease| {
            let store = bed.store.clone();
            async move { store.take(id, lease, now, &Notes::default()).await.unwrap() }
        }));
        let mut taken: Vec<_> = taken.await.into_iter().flatten().collect();
        assert_eq!(taken.len(), 1);
        let first = taken.pop().unwrap();
        assert_eq!(first.version, case.version + 1);
        let renewed = Lease { until: now.after(hours(2)), ..first.lease.unwrap() };
        let again = bed.store.take(id, renewed, now, &Notes::default()).await.unwrap().unwrap();
        assert_eq!((again.lease, again.version), (Some(renewed), first.version));
        let other = Lease { holder: kith_testkit::user(), until: now.after(hours(9)) };
        assert_eq!(bed.store.take(id, other, now.after(hours(1)), &Notes::default()).await.unwrap(), None);
        let late = bed.store.take(id, other, now.after(hours(2)), &Notes::default()).await.unwrap().unwrap();
        assert_eq!(late.lease, Some(other));
    }

    async fn a_case_is_left_to_admins_by_who_knows_its_version(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let case = bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap().case;
        let lease = Lease { holder: kith_testkit::user(), until: bed.now().after(hours(1)) };
        let taken = bed.store.take(case.id, lease, bed.now(), &Notes::default()).await.unwrap().unwrap();
        let notes = Notes { events: vec![], entries: vec![entry(bed)] };
        assert_eq!(bed.store.escalate(case.id, case.version, bed.now(), &notes).await.unwrap(), None);
        assert_eq!(bed.trail().await, []);
        let left = bed.store.escalate(case.id, taken.version, bed.now(), &notes).await.unwrap().unwrap();
        assert_eq!((left.escalated_at, left.lease, left.version), (Some(bed.now()), None, taken.version + 1));
        assert_eq!(bed.trail().await.len(), 1);
    }

    async fn what_is_noted_is_in_the_trail(bed: &Bed) {
        bed.store.note(&[entry(bed), entry(bed)]).await.unwrap();
        assert_eq!(bed.trail().await, vec![("private_read".to_owned(), "case:1".to_owned()); 2]);
    }

    async fn a_case_whose_entry_is_refused_was_not_taken(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let case = bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap().case;
        let shapeless = Entry { detail: "what a person wrote".into(), ..entry(bed) };
        let lease = Lease { holder: kith_testkit::user(), until: bed.now().after(hours(1)) };
        let notes = Notes { events: vec![], entries: vec![shapeless] };
        bed.store.take(case.id, lease, bed.now(), &notes).await.unwrap_err();
        assert_eq!(bed.case(case.id).await.lease, None);
    }

    async fn the_figures_are_those_of_the_queue(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let first = bed.now();
        for _ in 0..3 {
            bed.store.file(&filing(bed, Some(&ann), subject(bed), &bob), &silence).await.unwrap();
            bed.clock.pass(hours(10));
        }
        let stats = bed.store.stats(bed.now()).await.unwrap();
        assert_eq!((stats.open, stats.overdue, stats.oldest), (3, 1, Some(first)));
        assert_eq!((stats.escalated, stats.hidden, stats.appealed, stats.decided_today), (0, 0, 0, 0));
    }
}
