//! Each rule, and each way around it.

use kith_kernel::{CaseId, PersonaId, PostId, SystemEntropy};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{Accuracy, Appeal, Lease, Reason, Record, Snapshot, Subject};

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);
const RIGHT: Record = Record { acted: 9, dismissed: 1 };
const WRONG: Record = Record { acted: 0, dismissed: 9 };
const NEW: Record = Record { acted: 0, dismissed: 0 };

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn voice(number: u128, reason: Reason, record: Record) -> Voice {
    Voice { reporter: user(number), reason, record }
}

fn reported(voices: &[Voice], together: &[(UserId, UserId, u32)]) -> u32 {
    risk(Origin::Report, voices, together, 0, 0)
}

fn case(state: State) -> Case {
    Case {
        id: CaseId::new(NOW, &SystemEntropy),
        subject: Subject::Post(PostId::new(NOW, &SystemEntropy)),
        concerned: Some(user(1)),
        persona: Some(PersonaId::random(&SystemEntropy)),
        circle: None,
        origin: Origin::Report,
        state,
        escalated_at: None,
        hidden_at: None,
        reports: 1,
        reasons: vec![Reason::Spam],
        risk: 10,
        lease: Some(Lease { holder: user(9), until: NOW.after(LEASE) }),
        opened_at: NOW,
        due_at: NOW,
        version: 1,
    }
}

fn proposal(action: Action, until: Option<Timestamp>) -> Proposal {
    Proposal { action, rule: "r".into(), statement: "s".into(), until }
}

#[test]
fn one_who_is_right_weighs_more_than_a_crowd_that_is_not() {
    let crowd: Vec<Voice> = (0..50).map(|number| voice(number, Reason::Threat, WRONG)).collect();
    assert!(reported(&crowd, &[]) < reported(&[voice(99, Reason::Spam, RIGHT)], &[]));
    assert_eq!(reported(&crowd, &[]), reported(&crowd[..1], &[]));
}

#[test]
fn those_who_always_report_together_are_one_voice() {
    let crowd: Vec<Voice> = (0..8).map(|number| voice(number, Reason::Threat, NEW)).collect();
    let pairs: Vec<_> = (1..8).map(|number| (user(number - 1), user(number), 3)).collect();
    assert_eq!(reported(&crowd, &pairs), reported(&crowd[..1], &[]));
    let strangers: Vec<_> = (1..8).map(|number| (user(number - 1), user(number), 2)).collect();
    assert!(reported(&crowd, &strangers) > reported(&crowd[..1], &[]));
}

#[test]
fn the_grave_comes_before_the_petty_and_danger_before_all() {
    for pair in Reason::ALL.windows(2) {
        assert!(severity(pair[0]) >= severity(pair[1]), "{pair:?}");
    }
    let many: Vec<Voice> = (0..40).map(|number| voice(number, Reason::MinorAtRisk, RIGHT)).collect();
    assert!(risk(Origin::Watch, &[], &[], 0, 0) >= reported(&many, &[]));
    assert!(risk(Origin::Report, &many[..1], &[], 3, 0) > reported(&many[..1], &[]), "strikes count");
    assert!(risk(Origin::Report, &many[..1], &[], 0, 9) > reported(&many[..1], &[]), "reach counts");
}

#[test]
fn accuracy_takes_three_decided_reports() {
    let of = |acted, dismissed| accuracy(Record { acted, dismissed });
    assert_eq!([of(0, 2), of(2, 0)], [Accuracy::New; 2]);
    assert_eq!([of(0, 3), of(1, 2)], [Accuracy::Low; 2]);
    assert_eq!([of(2, 3), of(3, 1)], [Accuracy::Medium; 2]);
    assert_eq!([of(3, 0), of(4, 1)], [Accuracy::High; 2]);
}

proptest! {
    #[test]
    fn however_many_report_they_count_less_than_twice_the_strongest(
        records in prop::collection::vec((0_u32..20, 0_u32..20, 0_usize..10), 1..60)
    ) {
        let voices: Vec<Voice> = (0..).zip(records).map(|(number, (acted, dismissed, reason))| {
            voice(number, Reason::ALL[reason], Record { acted, dismissed })
        }).collect();
        let strongest = voices.iter().map(|voice| reported(std::slice::from_ref(voice), &[])).max().unwrap();
        let all = reported(&voices, &[]);
        prop_assert!(all >= strongest && all <= strongest * 2, "{all} of {strongest}");
    }
}

#[test]
fn a_text_hides_only_for_what_it_bears_out() {
    let doxxing = [
        "call her at (555) 012-3456",
        "write to maria.weber@mail.example",
        "he's at 12 Elm Street",
        "12 Old Mill Road, second floor",
        "wohnt in der Lindenstraße 14",
        "her real name is Maria",
        "call her at \u{ff15}\u{ff15}\u{ff15} \u{ff10}\u{ff11}\u{ff12} \u{ff13}\u{ff14}\u{ff15}\u{ff16}",
        "12 \u{415}lm \u{405}tr\u{435}et",
        "her re\u{200b}al na\u{ad}me is Maria",
    ];
    for text in doxxing {
        assert!(supports(Reason::Doxxing, text), "{text}");
    }
    for text in
        ["I am on day 12", "I walked 3 miles down the road", "100 days, 2 relapses", "my @ is nobody's business"]
    {
        assert!(!supports(Reason::Doxxing, text), "{text}");
    }
    for text in ["I will find you", "gonna kill you all", "I'm going to hurt you badly", "we know where you live"] {
        assert!(supports(Reason::Threat, text), "{text}");
    }
    let harmless = ["I want to die", "I will kill myself tonight", "this will not kill you", "I wish I could find you"];
    for text in harmless.iter().filter(|text| !text.contains("not")) {
        assert!(!supports(Reason::Threat, text), "{text}");
    }
    assert!(supports(Reason::MinorAtRisk, "I'm 14 and nobody knows"));
    assert!(supports(Reason::MinorAtRisk, "she is 15 years old"));
    assert!(!supports(Reason::MinorAtRisk, "I'm 34, sober for 3 months"));
    assert!(!supports(Reason::Spam, "call her at 555 012 3456"));
}

#[test]
fn who_is_seldom_right_hides_an_address_and_nothing_else() {
    let said = |text: &str| Snapshot { at: NOW, text: text.into(), edits: vec![], context: vec![] };
    assert!(hides(Reason::Doxxing, Accuracy::Low, &said("12 Elm Street")));
    assert!(!hides(Reason::Threat, Accuracy::Low, &said("I will kill you")));
    assert!(hides(Reason::Threat, Accuracy::New, &said("I will kill you")));
}

#[test]
fn staff_have_no_interest_in_what_they_decide() {
    let interested = [
        (user(1), Interest::default()),
        (user(9), Interest { reported: true, ..Interest::default() }),
        (user(9), Interest { keeps_circle: true, ..Interest::default() }),
    ];
    for (staff, interest) in interested {
        assert!(!is_disinterested(staff, &case(State::Open), interest));
    }
    assert!(is_disinterested(user(9), &case(State::Open), Interest::default()));
}

#[test]
fn a_case_is_taken_by_one_who_may() {
    let take = |staff, role, case: &Case, by| may_take(user(staff), role, case, by, NOW);
    assert_eq!(take(9, Role::Moderator, &case(State::Open), None), Ok(()));
    assert_eq!(take(8, Role::Moderator, &case(State::Open), None), Err(Refusal::Held));
    let later = may_take(user(8), Role::Moderator, &case(State::Open), None, NOW.after(LEASE));
    assert_eq!(later, Ok(()));
    for state in [State::Decided, State::Settled] {
        assert_eq!(take(9, Role::Admin, &case(state), None), Err(Refusal::NotOpen));
    }
    let escalated = Case { escalated_at: Some(NOW), ..case(State::Open) };
    assert_eq!(take(9, Role::Moderator, &escalated, None), Err(Refusal::Escalated));
    assert_eq!(take(9, Role::Admin, &escalated, None), Ok(()));
    let appealed = case(State::Appealed);
    assert_eq!(take(9, Role::Admin, &appealed, Some(user(9))), Err(Refusal::OwnDecision));
    assert_eq!(take(9, Role::Admin, &appealed, Some(user(8))), Ok(()));
}

#[test]
fn every_action_has_its_place_and_its_end() {
    let decide = |case: &Case, action, until| {
        may_decide(user(9), Role::Moderator, case, Some(user(8)), &proposal(action, until), NOW)
    };
    let soon = Some(NOW.after(LEASE));
    let open = case(State::Open);
    for action in [Action::Dismiss, Action::Remove, Action::Restore, Action::Warn] {
        assert_eq!(decide(&open, action, None), Ok(()));
        assert_eq!(decide(&open, action, soon), Err(Refusal::WrongEnd));
        assert_eq!(decide(&case(State::Appealed), action, None), Err(Refusal::WrongAction));
    }
    for action in [Action::Mute, Action::Suspend] {
        assert_eq!(decide(&open, action, soon), Ok(()));
        assert_eq!(decide(&open, action, None), Err(Refusal::WrongEnd));
        assert_eq!(decide(&open, action, Some(NOW)), Err(Refusal::WrongEnd));
    }
    assert_eq!([decide(&open, Action::Ban, None), decide(&open, Action::Ban, soon)], [Ok(()), Ok(())]);
    for action in [Action::Uphold, Action::Overturn] {
        assert_eq!(decide(&case(State::Appealed), action, None), Ok(()));
        assert_eq!(decide(&open, action, None), Err(Refusal::WrongAction));
    }
    assert_eq!(decide(&open, Action::Hold, None), Err(Refusal::WrongAction));
    let persona = Case { subject: Subject::Persona(PersonaId::random(&SystemEntropy)), ..open.clone() };
    for action in [Action::Remove, Action::Restore] {
        assert_eq!(decide(&persona, action, None), Err(Refusal::WrongAction));
    }
    assert_eq!(decide(&persona, Action::Warn, None), Ok(()));
    let circle =
        Case { subject: Subject::Circle(kith_kernel::CircleId::new(NOW, &SystemEntropy)), concerned: None, ..open };
    for action in [Action::Remove, Action::Restore, Action::Dismiss] {
        assert_eq!(decide(&circle, action, None), Ok(()));
    }
    for action in [Action::Warn, Action::Ban] {
        assert_eq!(decide(&circle, action, None), Err(Refusal::WrongAction));
    }
    let owned = Case { concerned: Some(user(1)), ..circle };
    assert_eq!([decide(&owned, Action::Warn, None), decide(&owned, Action::Ban, None)], [Ok(()), Ok(())]);
}

#[test]
fn what_is_against_somebody_names_the_rule_and_the_reason() {
    for action in Action::ALL.iter().copied().filter(|action| is_against_somebody(*action)) {
        let until = matches!(action, Action::Mute | Action::Suspend).then(|| NOW.after(LEASE));
        for silent in [
            Proposal { rule: " ".into(), ..proposal(action, until) },
            Proposal { statement: String::new(), ..proposal(action, until) },
        ] {
            let refused = may_decide(user(9), Role::Moderator, &case(State::Open), None, &silent, NOW);
            assert_eq!(refused, Err(Refusal::Unexplained));
        }
        assert!(strike(action).is_some(), "{action:?}");
    }
}

#[test]
fn what_was_hidden_comes_back_when_nothing_is_decided_against_it() {
    let open = case(State::Open);
    assert_eq!(measure(&open, Action::Dismiss), None);
    assert_eq!(measure(&Case { hidden_at: Some(NOW), ..open.clone() }, Action::Dismiss), Some(Measure::Shown));
    assert_eq!(measure(&Case { origin: Origin::Screen, ..open.clone() }, Action::Dismiss), Some(Measure::Shown));
    for action in [Action::Remove, Action::Warn, Action::Mute, Action::Suspend, Action::Ban, Action::Hold] {
        assert_eq!(measure(&open, action), Some(Measure::Removed));
    }
    let circle = Case { subject: Subject::Circle(kith_kernel::CircleId::new(NOW, &SystemEntropy)), ..open.clone() };
    assert_eq!(measure(&circle, Action::Warn), Some(Measure::Removed));
    assert_eq!(measure(&circle, Action::Overturn), Some(Measure::Shown));
    let persona = Case { subject: Subject::Persona(PersonaId::random(&SystemEntropy)), ..open };
    assert_eq!(measure(&persona, Action::Ban), None);
}

#[test]
fn an_appeal_has_one_try_and_six_months() {
    let of = |state, until| Decision {
        id: Uuid::from_u128(1),
        case: case(State::Decided).id,
        subject: case(State::Decided).subject,
        concerned: Some(user(1)),
        decider: Some(user(9)),
        action: Action::Warn,
        measure: None,
        rule: String::new(),
        statement: Vec::new(),
        at: NOW,
        until: None,
        about: None,
        appeal: Appeal { state, until, words: Vec::new() },
        undone_at: None,
    };
    let until = Some(NOW.after(APPEAL));
    assert_eq!(may_appeal(user(1), &of(AppealState::None, until), NOW), Ok(()));
    assert_eq!(may_appeal(user(2), &of(AppealState::None, until), NOW), Err(NoAppeal::NotTheirs));
    assert_eq!(may_appeal(user(1), &of(AppealState::None, None), NOW), Err(NoAppeal::Nothing));
    for state in [AppealState::Open, AppealState::Upheld, AppealState::Overturned] {
        assert_eq!(may_appeal(user(1), &of(state, until), NOW), Err(NoAppeal::Again));
    }
    assert_eq!(may_appeal(user(1), &of(AppealState::None, until), NOW.after(APPEAL)), Err(NoAppeal::Late));
}
