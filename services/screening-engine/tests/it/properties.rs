//! Properties of arbitrary texts.

use kith_screening_engine::{Engine, Kind, RuleSet};
use proptest::prelude::*;

use crate::corpora::{BENIGN, CONTACT, CRISIS, engine, lines};

/// An engine that reports findings of every confidence.
fn minimum_threshold_engine() -> Engine {
    let mut rules = RuleSet::default_rules().unwrap();
    for rule in &mut rules.rules {
        rule.threshold = 1;
    }
    Engine::new(&rules).unwrap()
}

fn check_spans(engine: &Engine, text: &str) -> Result<(), TestCaseError> {
    let verdict = engine.screen(Kind::Post, text);
    let findings = verdict.matches.iter().flat_map(|it| &it.findings).map(|it| it.span.clone());
    for span in findings.chain(verdict.crisis.clone()) {
        prop_assert!(text.get(span.clone()).is_some_and(|it| !it.is_empty()), "{:?} of {:?}", span, text);
    }
    prop_assert!(verdict.crisis.is_none() || verdict.hold().is_none());
    Ok(())
}

#[test]
fn every_text_is_screened_and_every_span_is_on_character_boundaries() {
    let engine = minimum_threshold_engine();
    let part = prop_oneof![
        3 => any::<String>(),
        1 => "[0-9 ()+.,\\-@#:/a-e]{0,40}",
        1 => "[①➋３٤\u{200b}\u{301}\u{fe0f}\u{20e3}a-fаеор.@ -]{0,30}",
        1 => proptest::sample::select(lines(CONTACT[0])),
        1 => proptest::sample::select(lines(CRISIS[0])),
    ];
    let texts = proptest::collection::vec(part, 0..5).prop_map(|it| it.join(" "));
    proptest!(ProptestConfig::with_cases(400), |(text in texts)| check_spans(&engine, &text)?);
}

/// Returns the rule that holds a text, and true if the text contains crisis language.
fn outcome(engine: &Engine, text: &str) -> (Option<String>, bool) {
    let verdict = engine.screen(Kind::Post, text);
    (verdict.hold().map(|it| it.rule.clone()), verdict.crisis.is_some())
}

#[test]
fn case_and_invisible_characters_do_not_change_a_verdict() {
    let engine = engine();
    let sets = CRISIS.into_iter().chain(BENIGN).chain(CONTACT);
    for line in sets.flat_map(lines) {
        let text = line.rsplit('\t').next().unwrap();
        let plain = outcome(&engine, text);
        let hidden: String = text.chars().flat_map(|it| [it, '\u{200b}', '\u{2060}']).collect();
        assert_eq!(outcome(&engine, &hidden), plain, "hidden: {text}");
        if text.is_ascii() {
            assert_eq!(outcome(&engine, &text.to_ascii_uppercase()), plain, "upper case: {text}");
            assert_eq!(outcome(&engine, &text.to_ascii_lowercase()), plain, "lower case: {text}");
        }
    }
}

#[test]
fn spans_refer_to_the_original_text() {
    let engine = engine();
    for (text, part) in [
        ("so call ５５５-867-5309 tonight", "５５５-867-5309"),
        ("é, mail j\u{200b}ane@gmail.com now", "j\u{200b}ane@gmail.com"),
        (
            "me: five five five eight six seven five three oh nine, ok",
            "five five five eight six seven five three oh nine",
        ),
    ] {
        let verdict = engine.screen(Kind::Post, text);
        let span = verdict.hold().unwrap().findings[0].span.clone();
        assert_eq!(&text[span], part);
    }
    let text = "day 3. I want to die. call me";
    assert_eq!(&text[engine.screen(Kind::Post, text).crisis.unwrap()], "want to die");
}
