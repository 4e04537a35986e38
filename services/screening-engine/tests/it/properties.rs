//! What holds of any text.

use kith_screening_engine::{Kind, Rules, Screen};
use proptest::prelude::*;

use crate::corpora::{BENIGN, CONTACT, CRISIS, lines, screen};

/// A screen that acts on whatever it finds, however unsure.
fn eager() -> Screen {
    let mut rules = Rules::standard().unwrap();
    for rule in &mut rules.rules {
        rule.threshold = 1;
    }
    Screen::new(&rules).unwrap()
}

fn check_spans(screen: &Screen, text: &str) -> Result<(), TestCaseError> {
    let verdict = screen.look(Kind::Post, text);
    let findings = verdict.matches.iter().flat_map(|it| &it.findings).map(|it| it.span.clone());
    for span in findings.chain(verdict.crisis.clone()) {
        prop_assert!(text.get(span.clone()).is_some_and(|it| !it.is_empty()), "{:?} of {:?}", span, text);
    }
    prop_assert!(verdict.crisis.is_none() || verdict.hold().is_none());
    Ok(())
}

#[test]
fn no_text_is_too_strange_and_every_span_lies_between_characters() {
    let screen = eager();
    let part = prop_oneof![
        3 => any::<String>(),
        1 => "[0-9 ()+.,\\-@#:/a-e]{0,40}",
        1 => "[①➋３٤\u{200b}\u{301}\u{fe0f}\u{20e3}a-fаеор.@ -]{0,30}",
        1 => proptest::sample::select(lines(CONTACT[0])),
        1 => proptest::sample::select(lines(CRISIS[0])),
    ];
    let texts = proptest::collection::vec(part, 0..5).prop_map(|it| it.join(" "));
    proptest!(ProptestConfig::with_cases(400), |(text in texts)| check_spans(&screen, &text)?);
}

/// What is decided of a text: by which rule it is held, and whether it is a crisis.
fn decided(screen: &Screen, text: &str) -> (Option<String>, bool) {
    let verdict = screen.look(Kind::Post, text);
    (verdict.hold().map(|it| it.rule.clone()), verdict.crisis.is_some())
}

#[test]
fn neither_case_nor_what_cannot_be_seen_changes_a_verdict() {
    let screen = screen();
    let sets = CRISIS.into_iter().chain(BENIGN).chain(CONTACT);
    for line in sets.flat_map(lines) {
        let text = line.rsplit('\t').next().unwrap();
        let plain = decided(&screen, text);
        let hidden: String = text.chars().flat_map(|it| [it, '\u{200b}', '\u{2060}']).collect();
        assert_eq!(decided(&screen, &hidden), plain, "hidden: {text}");
        if text.is_ascii() {
            assert_eq!(decided(&screen, &text.to_ascii_uppercase()), plain, "large: {text}");
            assert_eq!(decided(&screen, &text.to_ascii_lowercase()), plain, "small: {text}");
        }
    }
}

#[test]
fn what_is_found_is_where_it_was_written() {
    let screen = screen();
    for (text, part) in [
        ("so call ５５５-867-5309 tonight", "５５５-867-5309"),
        ("é, mail j\u{200b}ane@gmail.com now", "j\u{200b}ane@gmail.com"),
        (
            "me: five five five eight six seven five three oh nine, ok",
            "five five five eight six seven five three oh nine",
        ),
    ] {
        let verdict = screen.look(Kind::Post, text);
        let span = verdict.hold().unwrap().findings[0].span.clone();
        assert_eq!(&text[span], part);
    }
    let text = "day 3. I want to die. call me";
    assert_eq!(&text[screen.look(Kind::Post, text).crisis.unwrap()], "want to die");
}
