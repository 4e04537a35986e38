//! Contract of the store, for every adapter.

mod cases;
mod changes;
mod decisions;

use kith_kernel::{AccountEvent, Actor, CaseId, Event, EventId, EventPayload, PostId, ReportId, SystemEntropy};
use kith_moderation::domain::{
    Action, Appeal, Case, CaseState, ContentOutcome, Decision, NewFiling, Origin, Reason, Report, SealedEvidence,
    Subject,
};
use kith_testkit::{event, event_id};

use crate::harness::{Harness, hours};

/// Returns the id of a new post as a subject.
pub(super) fn subject(harness: &Harness) -> Subject {
    Subject::Post(PostId::new(harness.now(), &SystemEntropy))
}

pub(super) fn new_filing(
    harness: &Harness,
    reporter: Option<&Actor>,
    subject: Subject,
    affected_account: &Actor,
) -> NewFiling {
    let now = harness.now();
    let case = Case {
        id: CaseId::new(now, &SystemEntropy),
        subject,
        affected_account: Some(affected_account.user),
        persona: Some(affected_account.persona),
        circle: None,
        origin: if reporter.is_some() { Origin::Report } else { Origin::Crisis },
        state: CaseState::Open,
        escalated_at: None,
        hidden_at: None,
        report_count: 0,
        reasons: Vec::new(),
        reach: 0,
        risk: 0,
        assignment: None,
        opened_at: now,
        due_at: now.after(hours(24)),
        decided_at: None,
        version: 1,
    };
    let report = reporter.map(|reporter| Report {
        id: ReportId::new(now, &SystemEntropy),
        case: case.id,
        reporter: reporter.user,
        subject,
        reason: Reason::Spam,
        comment: vec![1, 2, 3],
        at: now,
        outcome: None,
    });
    let evidence = SealedEvidence { id: event_id(now).uuid(), at: now, sealed: vec![4, 5, 6] };
    NewFiling { case, report, evidence, hold: None, event: None }
}

/// Builds the automatic decision that hides content.
pub(super) fn hold(harness: &Harness, case: &Case) -> Decision {
    let now = harness.now();
    Decision {
        id: event_id(now).uuid(),
        case: case.id,
        subject: case.subject,
        affected_account: case.affected_account,
        decider: None,
        action: Action::Hold,
        outcome: Some(ContentOutcome::Removed),
        rule: "doxxing".into(),
        statement: vec![7, 8, 9],
        at: now,
        until: None,
        appeals: None,
        appeal: Appeal::not_appealable(),
        overturned_at: None,
    }
}

/// Builds an event with a fixed id, which can be stored once.
pub(super) fn event_with_id(id: EventId) -> Vec<Event> {
    vec![Event { id, ..event(EventPayload::Account(AccountEvent::Muted { user: kith_testkit::user() })) }]
}
