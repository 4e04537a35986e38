//! Changes of cases as the service makes them: lock, decide, save.

use kith_kernel::{Actor, CaseId, Event, Timestamp, UserId, actor::Role, audit::AuditEntry};
use kith_moderation::{
    domain::{Action, Case, Decision, FilingOutcome, FilingResult, NewFiling},
    policy::{self, AppealError, DecisionChanges, ProposedDecision},
    store::{CaseChanges, Store},
};
use kith_storage::StoreResult;
use kith_testkit::event_id;

use crate::harness::{Harness, hours};

pub(super) async fn file(store: &dyn Store, filing: &NewFiling) -> FilingResult {
    file_with(store, filing, Vec::new()).await.unwrap()
}

pub(super) async fn file_with(store: &dyn Store, filing: &NewFiling, events: Vec<Event>) -> StoreResult<FilingResult> {
    let locked = store.lock_filing(filing).await?;
    let result = policy::file(filing, &locked.state);
    if result.outcome != FilingOutcome::Duplicate {
        let changes = CaseChanges {
            evidence: Some(filing.evidence.clone()),
            report: result.report.clone(),
            decision: result.hold.clone(),
            events,
            ..CaseChanges::new(result.case.clone())
        };
        locked.save(&changes).await?;
    }
    Ok(result)
}

/// Assigns a case; `None` if the rules reject it.
pub(super) async fn assign(store: &dyn Store, case: CaseId, staff: UserId, now: Timestamp) -> Option<Case> {
    assign_with(store, case, staff, now, Vec::new()).await.unwrap()
}

pub(super) async fn assign_with(
    store: &dyn Store,
    case: CaseId,
    staff: UserId,
    now: Timestamp,
    audit: Vec<AuditEntry>,
) -> StoreResult<Option<Case>> {
    let locked = store.lock_case(case).await?.unwrap();
    let context = &locked.state;
    let decided_by = context.appealed_decision().and_then(|appealed| appealed.decider);
    if policy::check_assignment(staff, Role::Moderator, &context.case, decided_by, now).is_err() {
        return Ok(None);
    }
    let changes = CaseChanges { audit, ..CaseChanges::new(policy::assign(&context.case, staff, now)) };
    locked.save(&changes).await?;
    Ok(Some(changes.case))
}

pub(super) fn proposal(action: Action, now: Timestamp) -> ProposedDecision {
    let until = matches!(action, Action::Mute | Action::Suspend).then(|| now.after(hours(24)));
    ProposedDecision { action, rule: "be-kind".into(), statement: "It broke the rule.".into(), until }
}

/// Decides a case of this version; `None` if the version is another or the rules reject it.
pub(super) async fn decide(
    store: &dyn Store,
    case: &Case,
    staff: &Actor,
    action: Action,
    now: Timestamp,
) -> Option<(Case, Decision)> {
    decide_with(store, case, staff, action, now, Vec::new()).await.unwrap()
}

pub(super) async fn decide_with(
    store: &dyn Store,
    case: &Case,
    staff: &Actor,
    action: Action,
    now: Timestamp,
    events: Vec<Event>,
) -> StoreResult<Option<(Case, Decision)>> {
    let locked = store.lock_case(case.id).await?.unwrap();
    let (context, proposal) = (&locked.state, proposal(action, now));
    let decided_by = context.appealed_decision().and_then(|appealed| appealed.decider);
    let checked = policy::check_decision(staff.user, Role::Moderator, &context.case, decided_by, &proposal, now);
    if context.case.version != case.version || checked.is_err() {
        return Ok(None);
    }
    let id = event_id(now).uuid();
    let DecisionChanges { case, decision, strike, appealed, report_outcome } =
        policy::decide(context, staff.user, &proposal, id, vec![7, 8, 9], now);
    let changes = CaseChanges {
        decision: Some(decision.clone()),
        strike,
        appealed,
        report_outcome,
        events,
        ..CaseChanges::new(case)
    };
    locked.save(&changes).await?;
    Ok(Some((changes.case, decision)))
}

pub(super) async fn appeal(
    store: &dyn Store,
    user: UserId,
    decision: &Decision,
    now: Timestamp,
) -> Result<Decision, AppealError> {
    let locked = store.lock_case(decision.case).await.unwrap().unwrap();
    let context = &locked.state;
    let decision = context.decisions.iter().find(|it| it.id == decision.id).unwrap();
    let (case, appealed) = policy::appeal(user, &context.case, decision, vec![1, 1], now)?;
    locked.save(&CaseChanges { appealed: Some(appealed.clone()), ..CaseChanges::new(case) }).await.unwrap();
    Ok(appealed)
}

pub(super) async fn escalate(harness: &Harness, case: &Case, audit: Vec<AuditEntry>) -> Case {
    let locked = harness.store.lock_case(case.id).await.unwrap().unwrap();
    let changes = CaseChanges { audit, ..CaseChanges::new(policy::escalate(&locked.state.case, harness.now())) };
    locked.save(&changes).await.unwrap();
    changes.case
}

pub(super) async fn update_risk(store: &dyn Store, case: CaseId, now: Timestamp) {
    let Some(locked) = store.lock_risk(case, now).await.unwrap() else { return };
    let (case, inputs) = &locked.state;
    let changes = CaseChanges::new(policy::update_risk(case, inputs, now));
    locked.save(&changes).await.unwrap();
}
