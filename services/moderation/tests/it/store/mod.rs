//! What the traits of `kith_moderation::store` promise, on every adapter.

mod cases;
mod decisions;

use kith_kernel::{Actor, CaseId, Event, EventId, Fact, PostId, ReportId, SystemEntropy, event::CaseChange};
use kith_moderation::{
    domain::{Action, Appeal, AppealState, Case, Decision, Measure, Origin, Reason, Report, State, Strike, Subject},
    store::{Evidence, Filed, Filing, Ruling},
};
use kith_testkit::{event_id, happened};

use crate::bed::{Bed, hours};

/// A post that somebody reports, of which nobody has said anything.
pub(super) fn subject(bed: &Bed) -> Subject {
    Subject::Post(PostId::new(bed.now(), &SystemEntropy))
}

pub(super) fn filing(bed: &Bed, reporter: Option<&Actor>, subject: Subject, concerned: &Actor) -> Filing {
    let now = bed.now();
    let case = Case {
        id: CaseId::new(now, &SystemEntropy),
        subject,
        concerned: Some(concerned.user),
        persona: Some(concerned.persona),
        circle: None,
        origin: if reporter.is_some() { Origin::Report } else { Origin::Watch },
        state: State::Open,
        escalated_at: None,
        hidden_at: None,
        reports: 0,
        reasons: Vec::new(),
        risk: 0,
        lease: None,
        opened_at: now,
        due_at: now.after(hours(24)),
        version: 1,
    };
    let report = reporter.map(|reporter| Report {
        id: ReportId::new(now, &SystemEntropy),
        case: case.id,
        reporter: reporter.user,
        subject,
        reason: Reason::Spam,
        words: vec![1, 2, 3],
        at: now,
        outcome: None,
    });
    let evidence = Evidence { id: event_id(now).uuid(), at: now, sealed: vec![4, 5, 6] };
    Filing { case, report, evidence, hold: None, event: None, reach: 0 }
}

pub(super) fn decision(bed: &Bed, case: &Case, decider: Option<&Actor>, action: Action) -> Decision {
    let now = bed.now();
    let appealable = matches!(action, Action::Remove | Action::Mute | Action::Suspend | Action::Ban | Action::Warn);
    Decision {
        id: event_id(now).uuid(),
        case: case.id,
        subject: case.subject,
        concerned: case.concerned,
        decider: decider.map(|actor| actor.user),
        action,
        measure: appealable.then_some(Measure::Removed),
        rule: "be-kind".into(),
        statement: vec![7, 8, 9],
        at: now,
        until: matches!(action, Action::Mute | Action::Suspend).then(|| now.after(hours(24))),
        about: None,
        appeal: Appeal {
            state: AppealState::None,
            until: appealable.then(|| now.after(hours(180 * 24))),
            words: Vec::new(),
        },
        undone_at: None,
    }
}

pub(super) fn ruling(case: &Case, decision: Decision) -> Ruling {
    let strike = decision.appeal.until.and(decision.concerned).map(|user| Strike {
        decision: decision.id,
        user,
        weight: 2,
        at: decision.at,
        until: decision.at.after(hours(90 * 24)),
    });
    Ruling { version: case.version, decision, strike, entries: Vec::new() }
}

/// Nothing is told of it.
pub(super) fn silence<T>(_: &T) -> Vec<Event> {
    Vec::new()
}

/// Tells of a case, under an id that can be told once.
pub(super) fn once(id: EventId) -> impl Fn(&Filed) -> Vec<Event> + Send + Sync {
    move |filed| {
        let fact = Fact::CaseChanged { case: filed.case.id, change: CaseChange::Opened };
        vec![Event { id, ..happened(fact) }]
    }
}
