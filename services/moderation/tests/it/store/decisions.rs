//! What `kith_moderation::store::DecisionStore` promises.

use kith_kernel::{Actor, Event, Fact, event::CaseChange};
use kith_moderation::{
    domain::{Action, AppealState, Case, Decision, Lease, Measure, Report, State},
    policy::FOR_EVER,
    store::{Appealing, Bounds, Notes, Ruled, Ruling},
};
use kith_testkit::{event_id, happened, race};

use super::{decision, filing, ruling, silence, subject};
use crate::bed::{Bed, hours, postgres, sqlite};

/// A case about somebody that this staff member has taken.
async fn taken(bed: &Bed, concerned: &Actor, staff: &Actor) -> Case {
    let filing = filing(bed, Some(&bed.person()), subject(bed), concerned);
    let case = bed.store.file(&filing, &silence).await.unwrap().case;
    take(bed, &case, staff).await
}

async fn take(bed: &Bed, case: &Case, staff: &Actor) -> Case {
    let lease = Lease { holder: staff.user, until: bed.now().after(hours(1)) };
    bed.store.take(case.id, lease, bed.now(), &Notes::default()).await.unwrap().unwrap()
}

async fn decided(bed: &Bed, concerned: &Actor, staff: &Actor, action: Action) -> Decision {
    let case = taken(bed, concerned, staff).await;
    done(bed, &ruling(&case, decision(bed, &case, Some(staff), action))).await.1
}

async fn done(bed: &Bed, ruling: &Ruling) -> (Case, Decision) {
    let ruled = bed.store.decide(ruling, &silence).await.unwrap();
    let Ruled::Done(case, decision) = ruled else { panic!("{ruled:?}") };
    (case, decision)
}

fn appealing(bed: &Bed, decision: &Decision) -> Appealing {
    Appealing {
        decision: decision.id,
        user: decision.concerned.unwrap(),
        words: vec![1, 1],
        now: bed.now(),
        due: bed.now().after(hours(72)),
    }
}

/// A decision on the appeal against another.
async fn again(bed: &Bed, about: &Decision, staff: &Actor, action: Action) -> Ruling {
    let case = take(bed, &bed.case(about.case).await, staff).await;
    let measure = (action == Action::Overturn).then_some(Measure::Shown);
    let decision = Decision { about: Some(about.id), measure, ..decision(bed, &case, Some(staff), action) };
    ruling(&case, decision)
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_decision_comes_back_and_closes_its_case_and_its_reports(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        let case = taken(bed, &bob, &staff).await;
        let ruling = ruling(&case, decision(bed, &case, Some(&staff), Action::Mute));
        let told = |closed: &Vec<Report>| {
            let closed = closed.iter().map(|it| Fact::ReportClosed { user: it.reporter, report: it.id });
            closed.map(happened).collect::<Vec<Event>>()
        };
        let ruled = bed.store.decide(&ruling, &told).await.unwrap();
        let Ruled::Done(closed, made) = ruled else { panic!("{ruled:?}") };
        assert_eq!(made, ruling.decision);
        assert_eq!((closed.state, closed.lease, closed.version), (State::Decided, None, case.version + 1));
        assert_eq!(bed.store.decision(made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(bed.store.decisions(case.id).await.unwrap(), [made]);
        let report = &bed.store.reports(case.id).await.unwrap()[0];
        assert_eq!(bed.announced().await, [Fact::ReportClosed { user: report.reporter, report: report.id }]);
    }

    async fn a_decision_whose_event_is_refused_was_never_made(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        let id = event_id(bed.now());
        let told =
            move |_: &Vec<Report>| vec![Event { id, ..happened(Fact::UserMuted { user: kith_testkit::user() }) }];
        let first = taken(bed, &bob, &staff).await;
        let decide = ruling(&first, decision(bed, &first, Some(&staff), Action::Remove));
        bed.store.decide(&decide, &told).await.unwrap();
        let second = taken(bed, &bob, &staff).await;
        let counts = bed.counts().await;
        let decide = ruling(&second, decision(bed, &second, Some(&staff), Action::Remove));
        bed.store.decide(&decide, &told).await.unwrap_err();
        assert_eq!((bed.case(second.id).await, bed.counts().await), (second, counts));
    }

    async fn only_who_has_the_case_decides_and_on_what_they_know(bed: &Bed) {
        let (bob, staff, other) = (bed.person(), bed.person(), bed.person());
        let case = taken(bed, &bob, &staff).await;
        let of = |who: &Actor| ruling(&case, decision(bed, &case, Some(who), Action::Remove));
        let stale = Ruling { version: case.version - 1, ..of(&staff) };
        for wrong in [of(&other), stale] {
            assert_eq!(bed.store.decide(&wrong, &silence).await.unwrap(), Ruled::Stale);
        }
        bed.clock.pass(hours(1));
        assert_eq!(bed.store.decide(&of(&staff), &silence).await.unwrap(), Ruled::Stale, "the lease has ended");
        let case = take(bed, &case, &staff).await;
        let ruling = ruling(&case, decision(bed, &case, Some(&staff), Action::Remove));
        done(bed, &ruling).await;
        assert!(matches!(bed.store.decide(&ruling, &silence).await.unwrap(), Ruled::Again(..)));
        let mut foreign = ruling.clone();
        foreign.decision.decider = Some(other.user);
        assert_eq!(bed.store.decide(&foreign, &silence).await.unwrap(), Ruled::Stale);
        assert_eq!(bed.counts().await[3], 1);
    }

    async fn of_all_who_decide_at_once_one_does(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        let case = taken(bed, &bob, &staff).await;
        let racers: Vec<_> =
            (0..5).map(|_| ruling(&case, decision(bed, &case, Some(&staff), Action::Remove))).collect();
        let ruled = race(racers.into_iter().map(|ruling| {
            let store = bed.store.clone();
            async move { store.decide(&ruling, &silence).await.unwrap() }
        }));
        assert_eq!(ruled.await.iter().filter(|ruled| matches!(ruled, Ruled::Done(..))).count(), 1);
    }

    async fn an_appeal_is_made_once_and_waits_for_somebody_else(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        let made = decided(bed, &bob, &staff, Action::Suspend).await;
        let event = [happened(Fact::CaseChanged { case: made.case, change: CaseChange::Appealed })];
        let stranger = Appealing { user: staff.user, ..appealing(bed, &made) };
        assert_eq!(bed.store.appeal(&stranger, &event).await.unwrap(), None);
        let late = Appealing { now: bed.now().after(hours(180 * 24)), ..appealing(bed, &made) };
        assert_eq!(bed.store.appeal(&late, &event).await.unwrap(), None);
        let racers = (0..4).map(|_| (bed.store.clone(), appealing(bed, &made)));
        let appealed =
            race(racers.map(|(store, appealing)| async move { store.appeal(&appealing, &[]).await.unwrap() }));
        let appealed: Vec<_> = appealed.await.into_iter().flatten().collect();
        assert_eq!(appealed.len(), 1);
        assert_eq!((appealed[0].appeal.state, &appealed[0].appeal.words), (AppealState::Open, &vec![1, 1]));
        assert_eq!(bed.announced().await, []);
        let case = bed.case(made.case).await;
        assert_eq!((case.state, case.lease, case.due_at), (State::Appealed, None, bed.now().after(hours(72))));
        let own = again(bed, &made, &staff, Action::Overturn).await;
        assert_eq!(bed.store.decide(&own, &silence).await.unwrap(), Ruled::Stale);
    }

    async fn what_is_overturned_is_undone_with_its_strike_and_what_is_upheld_is_not(bed: &Bed) {
        let (bob, staff, other) = (bed.person(), bed.person(), bed.person());
        for (action, strikes, measure) in [(Action::Overturn, 0, Measure::Shown), (Action::Uphold, 2, Measure::Removed)]
        {
            let made = decided(bed, &bob, &staff, Action::Suspend).await;
            assert_eq!(bed.store.measure(made.subject).await.unwrap(), Some(Measure::Removed));
            bed.store.appeal(&appealing(bed, &made), &[]).await.unwrap().unwrap();
            let ruling = again(bed, &made, &other, action).await;
            let (case, _) = done(bed, &ruling).await;
            assert_eq!(case.state, State::Settled);
            assert_eq!(bed.store.strikes(bob.user, bed.now()).await.unwrap(), strikes);
            let ends = bed.store.strike_ends(bob.user, bed.now()).await.unwrap();
            assert_eq!(ends.contains_key(&made.id), strikes > 0);
            assert_eq!(bed.store.measure(made.subject).await.unwrap(), Some(measure));
            let after = bed.store.decision(made.id).await.unwrap().unwrap();
            assert_eq!(after.undone_at.is_some(), action == Action::Overturn);
            let bounds = bed.store.bounds(bob.user, bed.now()).await.unwrap();
            assert_eq!(bounds.suspended_until.is_some(), action == Action::Uphold);
        }
    }

    async fn what_another_case_has_said_since_is_not_undone(bed: &Bed) {
        let (bob, staff, other) = (bed.person(), bed.person(), bed.person());
        let made = decided(bed, &bob, &staff, Action::Remove).await;
        let second = filing(bed, Some(&bed.person()), made.subject, &bob);
        let case = bed.store.file(&second, &silence).await.unwrap().case;
        assert_ne!(case.id, made.case, "what is decided is not joined");
        let case = take(bed, &case, &staff).await;
        done(bed, &ruling(&case, decision(bed, &case, Some(&staff), Action::Remove))).await;
        bed.store.appeal(&appealing(bed, &made), &[]).await.unwrap().unwrap();
        done(bed, &again(bed, &made, &other, Action::Overturn).await).await;
        assert_eq!(bed.store.measure(made.subject).await.unwrap(), Some(Measure::Removed));
    }

    async fn the_longest_of_what_is_neither_over_nor_undone_binds(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        assert_eq!(bed.store.bounds(bob.user, bed.now()).await.unwrap(), Bounds::default());
        decided(bed, &bob, &staff, Action::Mute).await;
        bed.clock.pass(hours(1));
        decided(bed, &bob, &staff, Action::Mute).await;
        decided(bed, &bob, &staff, Action::Suspend).await;
        let until = Some(bed.now().after(hours(24)));
        let bounds = bed.store.bounds(bob.user, bed.now()).await.unwrap();
        assert_eq!(bounds, Bounds { muted_until: until, suspended_until: until });
        bed.clock.pass(hours(24));
        assert_eq!(bed.store.bounds(bob.user, bed.now()).await.unwrap(), Bounds::default());
        decided(bed, &bob, &staff, Action::Ban).await;
        let bounds = bed.store.bounds(bob.user, bed.now()).await.unwrap();
        assert_eq!(bounds, Bounds { muted_until: None, suspended_until: Some(FOR_EVER) });
    }

    async fn strikes_count_until_they_end(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        let made = decided(bed, &bob, &staff, Action::Warn).await;
        let until = bed.now().after(hours(90 * 24));
        assert_eq!(bed.store.strike_ends(bob.user, bed.now()).await.unwrap(), [(made.id, until)].into());
        decided(bed, &bob, &staff, Action::Warn).await;
        assert_eq!(bed.store.strikes(bob.user, bed.now()).await.unwrap(), 4);
        assert_eq!(bed.store.strikes(bob.user, until).await.unwrap(), 0);
    }

    async fn what_was_decided_about_somebody_is_newest_first(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        let mut made = Vec::new();
        for action in [Action::Warn, Action::Dismiss, Action::Mute] {
            bed.clock.pass(hours(1));
            made.insert(0, decided(bed, &bob, &staff, action).await);
        }
        assert_eq!(bed.store.decided_about(bob.user, 10).await.unwrap(), made);
        assert_eq!(bed.store.decided_about(bob.user, 1).await.unwrap(), made[..1]);
        assert_eq!(bed.store.cases_about(bob.user).await.unwrap(), 3);
        assert_eq!(bed.store.cases_about(staff.user).await.unwrap(), 0);
    }

    async fn statements_are_paged_newest_first_and_what_came_to_nothing_takes_no_place(bed: &Bed) {
        let (bob, cleo, staff) = (bed.person(), bed.person(), bed.person());
        let mut made = Vec::new();
        for round in 0..3_u64 {
            // Two of one moment, among what is not told and what is another's.
            for action in [Action::Warn, Action::Remove] {
                made.push(decided(bed, &bob, &staff, action).await);
                decided(bed, &bob, &staff, Action::Dismiss).await;
                decided(bed, &cleo, &staff, action).await;
            }
            bed.clock.pass(hours(round + 1));
        }
        // What was hidden is back: whoever was told of the one is told of the other.
        let case = taken(bed, &bob, &staff).await;
        let back = Decision { measure: Some(Measure::Shown), ..decision(bed, &case, Some(&staff), Action::Dismiss) };
        made.push(done(bed, &ruling(&case, back)).await.1);
        made.sort_by_key(|it| std::cmp::Reverse((it.at, it.id)));
        // Two about one thing, in one moment: the last is the newest.
        bed.clock.pass(hours(1));
        let warned = decided(bed, &bob, &staff, Action::Warn).await;
        bed.store.appeal(&appealing(bed, &warned), &[]).await.unwrap().unwrap();
        let other = bed.person();
        let overturned = done(bed, &again(bed, &warned, &other, Action::Overturn).await).await.1;
        let warned = bed.store.decision(warned.id).await.unwrap().unwrap();
        made.splice(0..0, [overturned, warned]);
        let mut paged: Vec<Decision> = Vec::new();
        loop {
            let place = paged.last().map(|last| last.id);
            let page = bed.store.statements(bob.user, place, 2).await.unwrap();
            assert_eq!(page.len(), 2.min(made.len() - paged.len()), "no page is short but the last");
            if page.is_empty() {
                break;
            }
            paged.extend(page);
            // What is decided meanwhile is before the place.
            bed.clock.pass(hours(1));
            decided(bed, &bob, &staff, Action::Warn).await;
        }
        assert_eq!(paged, made);
        assert_eq!(bed.store.statements(staff.user, None, 10).await.unwrap(), []);
    }

    async fn what_ends_is_found_until_it_is_said(bed: &Bed) {
        let (bob, staff) = (bed.person(), bed.person());
        let made = decided(bed, &bob, &staff, Action::Mute).await;
        decided(bed, &bob, &staff, Action::Ban).await;
        bed.clock.pass(hours(24).saturating_sub(std::time::Duration::from_millis(1)));
        assert_eq!(bed.store.ended(bed.now(), 10).await.unwrap(), []);
        bed.clock.pass(std::time::Duration::from_millis(1));
        assert_eq!(bed.store.ended(bed.now(), 10).await.unwrap(), std::slice::from_ref(&made));
        bed.store.end(made.id, bed.now()).await.unwrap();
        bed.store.end(made.id, bed.now()).await.unwrap();
        assert_eq!(bed.store.ended(bed.now(), 10).await.unwrap(), []);
    }
}
