//! Assignment, decisions and appeals.

use kith_kernel::{CaseId, PersonaId, PostId, SystemEntropy, Timestamp, actor::Role};
use uuid::Uuid;

use super::{NOW, user};
use crate::{
    domain::{
        Action, Appeal, AppealState, Assignment, Case, CaseContext, CaseState, ContentOutcome, Decision, Origin,
        Reason, ReportOutcome, Subject,
    },
    policy::*,
};

fn case(state: CaseState) -> Case {
    Case {
        id: CaseId::new(NOW, &SystemEntropy),
        subject: Subject::Post(PostId::new(NOW, &SystemEntropy)),
        affected_account: Some(user(1)),
        persona: Some(PersonaId::random(&SystemEntropy)),
        circle: None,
        origin: Origin::Report,
        state,
        escalated_at: None,
        hidden_at: None,
        report_count: 1,
        reasons: vec![Reason::Spam],
        reach: 0,
        risk: 10,
        assignment: Some(Assignment { assignee: user(9), until: NOW.after(ASSIGNMENT_TTL) }),
        opened_at: NOW,
        due_at: NOW,
        decided_at: None,
        version: 1,
    }
}

fn proposal(action: Action, until: Option<Timestamp>) -> ProposedDecision {
    ProposedDecision { action, rule: "r".into(), statement: "s".into(), until }
}

fn decision(number: u128, action: Action, outcome: Option<ContentOutcome>) -> Decision {
    let open = case(CaseState::Open);
    let appeal = Appeal { until: Some(NOW.after(APPEAL_WINDOW)), ..Appeal::not_appealable() };
    Decision {
        id: Uuid::from_u128(number),
        case: open.id,
        subject: open.subject,
        affected_account: open.affected_account,
        decider: Some(user(8)),
        action,
        outcome,
        rule: String::new(),
        statement: Vec::new(),
        at: NOW,
        until: None,
        appeals: None,
        appeal,
        overturned_at: None,
    }
}

fn appealed_context(outcome: Option<ContentOutcome>) -> CaseContext {
    let appealed = decision(1, Action::Warn, outcome);
    let appeal = Appeal { state: AppealState::Open, ..appealed.appeal.clone() };
    let case = case(CaseState::Appealed);
    let latest_outcome = Some(case.id);
    CaseContext { case, decisions: vec![Decision { appeal, ..appealed }], reports: Vec::new(), latest_outcome }
}

#[test]
fn staff_with_a_conflict_of_interest_are_excluded() {
    let conflicted = [
        (user(1), ConflictOfInterest::default()),
        (user(9), ConflictOfInterest { has_reported: true, ..ConflictOfInterest::default() }),
        (user(9), ConflictOfInterest { is_circle_keeper: true, ..ConflictOfInterest::default() }),
    ];
    for (staff, interest) in conflicted {
        assert!(!has_no_conflict(staff, &case(CaseState::Open), interest));
    }
    assert!(has_no_conflict(user(9), &case(CaseState::Open), ConflictOfInterest::default()));
}

#[test]
fn a_case_is_assigned_according_to_state_role_and_assignment() {
    let take = |staff, role, case: &Case, by| check_assignment(user(staff), role, case, by, NOW);
    assert_eq!(take(9, Role::Moderator, &case(CaseState::Open), None), Ok(()));
    assert_eq!(take(8, Role::Moderator, &case(CaseState::Open), None), Err(CaseError::AssignedToOther));
    let later = check_assignment(user(8), Role::Moderator, &case(CaseState::Open), None, NOW.after(ASSIGNMENT_TTL));
    assert_eq!(later, Ok(()));
    for state in [CaseState::Decided, CaseState::AppealDecided] {
        assert_eq!(take(9, Role::Admin, &case(state), None), Err(CaseError::NotOpen));
    }
    let escalated = Case { escalated_at: Some(NOW), ..case(CaseState::Open) };
    assert_eq!(take(9, Role::Moderator, &escalated, None), Err(CaseError::Escalated));
    assert_eq!(take(9, Role::Admin, &escalated, None), Ok(()));
    let appealed = case(CaseState::Appealed);
    assert_eq!(take(9, Role::Admin, &appealed, Some(user(9))), Err(CaseError::OwnDecision));
    assert_eq!(take(9, Role::Admin, &appealed, Some(user(8))), Ok(()));
}

#[test]
fn every_action_is_limited_to_its_states_and_end_times() {
    let decide = |case: &Case, action, until| {
        check_decision(user(9), Role::Moderator, case, Some(user(8)), &proposal(action, until), NOW)
    };
    let soon = Some(NOW.after(ASSIGNMENT_TTL));
    let open = case(CaseState::Open);
    for action in [Action::Dismiss, Action::Remove, Action::Restore, Action::Warn] {
        assert_eq!(decide(&open, action, None), Ok(()));
        assert_eq!(decide(&open, action, soon), Err(CaseError::InvalidEnd));
        assert_eq!(decide(&case(CaseState::Appealed), action, None), Err(CaseError::ActionNotAllowed));
    }
    for action in [Action::Mute, Action::Suspend] {
        assert_eq!(decide(&open, action, soon), Ok(()));
        assert_eq!(decide(&open, action, None), Err(CaseError::InvalidEnd));
        assert_eq!(decide(&open, action, Some(NOW)), Err(CaseError::InvalidEnd));
    }
    assert_eq!([decide(&open, Action::Ban, None), decide(&open, Action::Ban, soon)], [Ok(()), Ok(())]);
    for action in [Action::Uphold, Action::Overturn] {
        assert_eq!(decide(&case(CaseState::Appealed), action, None), Ok(()));
        assert_eq!(decide(&open, action, None), Err(CaseError::ActionNotAllowed));
    }
    assert_eq!(decide(&open, Action::Hold, None), Err(CaseError::ActionNotAllowed));
    let persona = Case { subject: Subject::Persona(PersonaId::random(&SystemEntropy)), ..open.clone() };
    for action in [Action::Remove, Action::Restore] {
        assert_eq!(decide(&persona, action, None), Err(CaseError::ActionNotAllowed));
    }
    assert_eq!(decide(&persona, Action::Warn, None), Ok(()));
    let circle = Case {
        subject: Subject::Circle(kith_kernel::CircleId::new(NOW, &SystemEntropy)),
        affected_account: None,
        ..open
    };
    for action in [Action::Remove, Action::Restore, Action::Dismiss] {
        assert_eq!(decide(&circle, action, None), Ok(()));
    }
    for action in [Action::Warn, Action::Ban] {
        assert_eq!(decide(&circle, action, None), Err(CaseError::ActionNotAllowed));
    }
    let owned = Case { affected_account: Some(user(1)), ..circle };
    assert_eq!([decide(&owned, Action::Warn, None), decide(&owned, Action::Ban, None)], [Ok(()), Ok(())]);
}

#[test]
fn restrictive_actions_require_rule_and_statement() {
    for action in Action::ALL.iter().copied().filter(|action| is_adverse(*action)) {
        let until = matches!(action, Action::Mute | Action::Suspend).then(|| NOW.after(ASSIGNMENT_TTL));
        for incomplete in [
            ProposedDecision { rule: " ".into(), ..proposal(action, until) },
            ProposedDecision { statement: String::new(), ..proposal(action, until) },
        ] {
            let refused = check_decision(user(9), Role::Moderator, &case(CaseState::Open), None, &incomplete, NOW);
            assert_eq!(refused, Err(CaseError::StatementRequired));
        }
        assert!(strike_weight(action).is_some(), "{action:?}");
    }
}

#[test]
fn dismissal_makes_hidden_content_visible() {
    let open = case(CaseState::Open);
    assert_eq!(outcome_of(&open, Action::Dismiss), None);
    assert_eq!(
        outcome_of(&Case { hidden_at: Some(NOW), ..open.clone() }, Action::Dismiss),
        Some(ContentOutcome::Visible)
    );
    assert_eq!(
        outcome_of(&Case { origin: Origin::Screen, ..open.clone() }, Action::Dismiss),
        Some(ContentOutcome::Visible)
    );
    for action in [Action::Remove, Action::Warn, Action::Mute, Action::Suspend, Action::Ban, Action::Hold] {
        assert_eq!(outcome_of(&open, action), Some(ContentOutcome::Removed));
    }
    let circle = Case { subject: Subject::Circle(kith_kernel::CircleId::new(NOW, &SystemEntropy)), ..open.clone() };
    assert_eq!(outcome_of(&circle, Action::Warn), Some(ContentOutcome::Removed));
    assert_eq!(outcome_of(&circle, Action::Overturn), Some(ContentOutcome::Visible));
    let persona = Case { subject: Subject::Persona(PersonaId::random(&SystemEntropy)), ..open };
    assert_eq!(outcome_of(&persona, Action::Ban), None);
}

#[test]
fn overturning_reverses_only_the_latest_outcome_of_the_same_case() {
    let overturn = |context: &CaseContext| {
        decide(context, user(9), &proposal(Action::Overturn, None), Uuid::from_u128(2), Vec::new(), NOW)
    };
    let context = appealed_context(Some(ContentOutcome::Removed));
    assert_eq!(overturn(&context).decision.outcome, Some(ContentOutcome::Visible));
    let later = CaseContext { latest_outcome: Some(CaseId::new(NOW, &SystemEntropy)), ..context.clone() };
    assert!(!is_latest_decision(&later));
    assert_eq!(overturn(&later).decision.outcome, None);
    assert_eq!(overturn(&appealed_context(None)).decision.outcome, None, "the appealed decision had no effect");
    let changes = overturn(&context);
    let appealed = changes.appealed.unwrap();
    assert_eq!((appealed.appeal.state, appealed.overturned_at), (AppealState::Overturned, Some(NOW)));
    assert_eq!((changes.case.state, changes.decision.appeals), (CaseState::AppealDecided, Some(appealed.id)));
    assert_eq!((changes.strike, changes.report_outcome), (None, Some(ReportOutcome::Dismissed)));
}

#[test]
fn upholding_changes_neither_content_nor_reports() {
    let context = appealed_context(Some(ContentOutcome::Removed));
    let changes = decide(&context, user(9), &proposal(Action::Uphold, None), Uuid::from_u128(2), Vec::new(), NOW);
    assert_eq!((changes.decision.outcome, changes.report_outcome), (None, None));
    let appealed = changes.appealed.unwrap();
    assert_eq!((appealed.appeal.state, appealed.overturned_at), (AppealState::Upheld, None));
}

#[test]
fn an_assignment_increments_the_version_and_a_renewal_does_not() {
    let open = Case { assignment: None, ..case(CaseState::Open) };
    let assigned = assign(&open, user(9), NOW);
    assert_eq!(assigned.version, open.version + 1);
    let later = NOW.after(ASSIGNMENT_TTL);
    let renewed = assign(&assigned, user(9), later);
    assert_eq!((renewed.version, renewed.active_assignment(later).is_some()), (assigned.version, true));
    assert_eq!(assign(&assigned, user(8), later).version, assigned.version + 1);
    let escalated = escalate(&renewed, later);
    assert_eq!((escalated.escalated_at, escalated.assignment), (Some(later), None));
    assert_eq!(escalate(&escalated, later.after(ASSIGNMENT_TTL)).escalated_at, Some(later));
}

#[test]
fn only_a_decided_case_can_be_appealed() {
    let made = decision(1, Action::Warn, Some(ContentOutcome::Removed));
    for state in [CaseState::Open, CaseState::Appealed, CaseState::AppealDecided] {
        let rejected = appeal(user(1), &case(state), &made, vec![1], NOW);
        assert_eq!(rejected, Err(AppealError::AlreadyAppealed));
    }
    let decided = case(CaseState::Decided);
    let (appealed, made) = appeal(user(1), &decided, &made, vec![1], NOW).unwrap();
    assert_eq!((appealed.state, appealed.assignment), (CaseState::Appealed, None));
    assert_eq!((appealed.due_at, appealed.version), (NOW.after(APPEAL_DUE), decided.version + 1));
    assert_eq!((made.appeal.state, made.appeal.text), (AppealState::Open, vec![1]));
}

#[test]
fn an_appeal_is_possible_once_within_six_months() {
    let of = |state, until| Decision {
        id: Uuid::from_u128(1),
        case: case(CaseState::Decided).id,
        subject: case(CaseState::Decided).subject,
        affected_account: Some(user(1)),
        decider: Some(user(9)),
        action: Action::Warn,
        outcome: None,
        rule: String::new(),
        statement: Vec::new(),
        at: NOW,
        until: None,
        appeals: None,
        appeal: Appeal { state, until, text: Vec::new() },
        overturned_at: None,
    };
    let until = Some(NOW.after(APPEAL_WINDOW));
    assert_eq!(check_appeal(user(1), &of(AppealState::None, until), NOW), Ok(()));
    assert_eq!(check_appeal(user(2), &of(AppealState::None, until), NOW), Err(AppealError::NotYours));
    assert_eq!(check_appeal(user(1), &of(AppealState::None, None), NOW), Err(AppealError::NotAppealable));
    for state in [AppealState::Open, AppealState::Upheld, AppealState::Overturned] {
        assert_eq!(check_appeal(user(1), &of(state, until), NOW), Err(AppealError::AlreadyAppealed));
    }
    assert_eq!(
        check_appeal(user(1), &of(AppealState::None, until), NOW.after(APPEAL_WINDOW)),
        Err(AppealError::WindowClosed)
    );
}
