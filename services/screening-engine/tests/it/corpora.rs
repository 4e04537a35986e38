//! Rates of missed and of false detections.

use kith_screening_engine::{Engine, Kind, RuleSet, Verdict};

pub(crate) fn engine() -> Engine {
    Engine::new(&RuleSet::default_rules().unwrap()).unwrap()
}

/// Returns the lines of a set, with escapes `\u{..}` decoded.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.lines().map(unescape).collect()
}

fn unescape(line: &str) -> String {
    let mut parts = line.split("\\u{");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        text.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        text.push_str(rest);
    }
    text
}

pub(crate) const CRISIS: [&str; 2] = [include_str!("../data/crisis.txt"), include_str!("../data/crisis_holdout.txt")];
pub(crate) const BENIGN: [&str; 2] = [include_str!("../data/benign.txt"), include_str!("../data/benign_holdout.txt")];
pub(crate) const CONTACT: [&str; 2] =
    [include_str!("../data/contact.txt"), include_str!("../data/contact_holdout.txt")];
const SCAM: [&str; 2] = [include_str!("../data/scam.txt"), include_str!("../data/scam_holdout.txt")];
const DIRECTION: [&str; 2] = [include_str!("../data/direction.txt"), include_str!("../data/direction_holdout.txt")];

/// Returns the number of lines whose verdict is wrong, the number of all lines, and the wrong lines.
fn count_wrong(set: &str, is_wrong: impl Fn(Verdict) -> bool) -> (usize, usize, String) {
    let engine = engine();
    let lines = lines(set);
    let verdict = |line: &str| engine.screen(Kind::Post, line.rsplit('\t').next().unwrap());
    let wrong: Vec<String> = lines.iter().filter(|line| is_wrong(verdict(line))).cloned().collect();
    (wrong.len(), lines.len(), wrong.join("\n"))
}

#[test]
fn crisis_posts_are_never_held_whatever_else_they_contain() {
    let suffixes = ["", " call me 555-867-5309", " jane.doe@gmail.com", " see https://winbig.top/claim"];
    let engine = engine();
    let lines = lines(CRISIS[0]);
    assert_eq!(lines.len(), 100);
    let mut missed = Vec::new();
    for line in &lines {
        for suffix in suffixes {
            let verdict = engine.screen(Kind::Post, &format!("{line}{suffix}"));
            if verdict.crisis.is_none() || verdict.hold().is_some() {
                missed.push(format!("{line}{suffix}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn at_most_4_of_200_harmless_posts_are_held() {
    let (held, all, lines) = count_wrong(BENIGN[0], |it| it.hold().is_some());
    assert_eq!(all, 200);
    assert!(held <= 4, "{held}:\n{lines}");
}

#[test]
fn at_least_143_of_150_contact_details_are_detected() {
    let (missed, all, lines) = count_wrong(CONTACT[0], |it| it.hold().is_none());
    assert_eq!(all, 150);
    assert!(missed <= 7, "{missed}:\n{lines}");
}

#[test]
fn statements_about_others_or_the_past_are_not_a_crisis() {
    let (wrong, all, lines) = count_wrong(DIRECTION[0], |it| it.crisis.is_some());
    assert!(wrong * 20 <= all, "{wrong} of {all}:\n{lines}");
}

#[test]
fn at_least_90_percent_of_fraud_is_held() {
    let (missed, all, lines) = count_wrong(SCAM[0], |it| it.hold().is_none());
    assert!(missed * 10 <= all, "{missed} of {all}:\n{lines}");
}

/// The bounds are the results of the first run on the holdout sets, before the wrong lines were looked at.
#[test]
fn the_holdout_sets_stay_within_their_bounds() {
    let bounds = [
        ("crises missed", count_wrong(CRISIS[1], |it| it.crisis.is_none()), (1, 54)),
        ("posts held", count_wrong(BENIGN[1], |it| it.hold().is_some()), (0, 106)),
        ("contacts missed", count_wrong(CONTACT[1], |it| it.hold().is_none()), (1, 70)),
        ("false crises", count_wrong(DIRECTION[1], |it| it.crisis.is_some()), (2, 40)),
        ("frauds missed", count_wrong(SCAM[1], |it| it.hold().is_none()), (0, 10)),
    ];
    for (name, (wrong, all, _), (max_wrong, expected_all)) in bounds {
        assert_eq!(all, expected_all, "{name}");
        assert!(wrong <= max_wrong, "{name}: {wrong} of {all}");
    }
}

#[test]
fn everyday_words_do_not_trigger_crisis_detection() {
    for set in BENIGN {
        let (false_crises, _, lines) = count_wrong(set, |it| it.crisis.is_some());
        assert_eq!(false_crises, 0, "{lines}");
    }
}
