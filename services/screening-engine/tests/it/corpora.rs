//! How much is found, and how much is held that should not be.

use kith_screening_engine::{Kind, Rules, Screen, Verdict};

pub(crate) fn screen() -> Screen {
    Screen::new(&Rules::standard().unwrap()).unwrap()
}

/// The lines of a set, with `\u{..}` as the character that it means.
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

pub(crate) const CRISIS: [&str; 2] = [include_str!("../data/crisis.txt"), include_str!("../data/crisis_held_back.txt")];
pub(crate) const BENIGN: [&str; 2] = [include_str!("../data/benign.txt"), include_str!("../data/benign_held_back.txt")];
pub(crate) const CONTACT: [&str; 2] =
    [include_str!("../data/contact.txt"), include_str!("../data/contact_held_back.txt")];
const SCAM: [&str; 2] = [include_str!("../data/scam.txt"), include_str!("../data/scam_held_back.txt")];
const DIRECTION: [&str; 2] = [include_str!("../data/direction.txt"), include_str!("../data/direction_held_back.txt")];

/// Those that a test is about, and how many there are.
fn count(set: &str, is: impl Fn(&str, Verdict) -> bool) -> (Vec<String>, usize) {
    let screen = screen();
    let lines = lines(set);
    let found = lines.iter().filter(|it| is(it, screen.look(Kind::Post, it.rsplit('\t').next().unwrap()))).cloned();
    (found.collect(), lines.len())
}

/// The lines that must not be many: how many, of how many, and which.
fn report(set: &str, is: impl Fn(&str, Verdict) -> bool) -> (usize, usize, String) {
    let (wrong, all) = count(set, is);
    (wrong.len(), all, wrong.join("\n"))
}

#[test]
fn no_post_in_a_crisis_is_withheld_whatever_else_it_says() {
    let beside = ["", " call me 555-867-5309", " jane.doe@gmail.com", " see https://winbig.top/claim"];
    let screen = screen();
    let lines = lines(CRISIS[0]);
    assert_eq!(lines.len(), 100);
    let mut missed = Vec::new();
    for line in &lines {
        for more in beside {
            let verdict = screen.look(Kind::Post, &format!("{line}{more}"));
            if verdict.crisis.is_none() || verdict.hold().is_some() {
                missed.push(format!("{line}{more}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn of_200_posts_that_only_look_risky_at_most_4_are_held() {
    let (held, all, which) = report(BENIGN[0], |_, it| it.hold().is_some());
    assert_eq!(all, 200);
    assert!(held <= 4, "{held}:\n{which}");
}

#[test]
fn of_150_ways_to_give_away_a_contact_at_least_143_are_caught() {
    let (missed, all, which) = report(CONTACT[0], |_, it| it.hold().is_none());
    assert_eq!(all, 150);
    assert!(missed <= 7, "{missed}:\n{which}");
}

#[test]
fn what_others_are_told_or_do_and_what_is_over_is_no_crisis() {
    let (wrong, all, which) = report(DIRECTION[0], |_, it| it.crisis.is_some());
    assert!(wrong * 20 <= all, "{wrong} of {all}:\n{which}");
}

#[test]
fn fraud_is_held() {
    let (missed, all, which) = report(SCAM[0], |_, it| it.hold().is_none());
    assert!(missed * 10 <= all, "{missed} of {all}:\n{which}");
}

/// A bound for each set that was held back: what was measured when it was first run, before anybody had seen which lines
/// were wrong.
#[test]
fn the_sets_that_were_held_back_say_the_same() {
    let bounds = [
        ("crises missed", report(CRISIS[1], |_, it| it.crisis.is_none()), (1, 54)),
        ("posts held", report(BENIGN[1], |_, it| it.hold().is_some()), (0, 106)),
        ("contacts missed", report(CONTACT[1], |_, it| it.hold().is_none()), (1, 70)),
        ("false crises", report(DIRECTION[1], |_, it| it.crisis.is_some()), (2, 40)),
        ("frauds missed", report(SCAM[1], |_, it| it.hold().is_none()), (0, 10)),
    ];
    for (what, (wrong, all, _), (most, of)) in bounds {
        assert_eq!(all, of, "{what}");
        assert!(wrong <= most, "{what}: {wrong} of {all}");
    }
}

#[test]
fn nobody_is_taken_for_in_a_crisis_for_words_of_every_day() {
    for set in BENIGN {
        let (alarms, _, which) = report(set, |_, it| it.crisis.is_some());
        assert_eq!(alarms, 0, "{which}");
    }
}
