//! Automatic hiding of reported content before a moderator decides. It takes a severe reason that the text itself
//! supports. The number of reports is irrelevant.
//!
//! Texts are normalized like in the content screen, but the patterns are less strict. The screen holds texts that were
//! not reported, so it must be certain; here a reporter has named the violation, so a name, a street or seven digits
//! suffice.

use crate::domain::{Accuracy, EvidenceSnapshot, Reason};

/// Minimum number of digits of a phone number.
const MIN_PHONE_DIGITS: usize = 7;

/// Returns true if reported content is hidden until a moderator has reviewed it.
///
/// One report of doxxing suffices, independent of the reporter. A report of a threat or of a minor at risk is ignored
/// if the accuracy of the reporter is low.
#[must_use]
pub fn should_hide(reason: Reason, reporter: Accuracy, evidence: &EvidenceSnapshot) -> bool {
    let is_credible = match reason {
        Reason::Doxxing => true,
        Reason::Threat | Reason::MinorAtRisk => reporter != Accuracy::Low,
        Reason::SelfHarm
        | Reason::Sexual
        | Reason::Substances
        | Reason::Harassment
        | Reason::Scam
        | Reason::Spam
        | Reason::Other => false,
    };
    is_credible && text_supports_reason(reason, &evidence.text)
}

/// Returns true if the text contains what the reason claims. Expressions of self-harm support no reason.
#[must_use]
pub fn text_supports_reason(reason: Reason, text: &str) -> bool {
    let plain = kith_screening_engine::fold(text);
    let text = plain.text();
    match reason {
        Reason::Doxxing => reveals_identity(text),
        Reason::Threat => contains_threat(text),
        Reason::MinorAtRisk => mentions_minor(text),
        Reason::SelfHarm
        | Reason::Sexual
        | Reason::Substances
        | Reason::Harassment
        | Reason::Scam
        | Reason::Spam
        | Reason::Other => false,
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'').filter(|word| !word.is_empty()).collect()
}

/// Detects a phone number, an e-mail or street address, or the disclosure of a real name.
fn reveals_identity(text: &str) -> bool {
    let has_email = text.split_whitespace().any(|word| {
        word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.trim_end_matches('.').contains('.'))
    });
    has_email || contains_phone_number(text) || contains_street_address(text) || reveals_name(text)
}

/// Detects [`MIN_PHONE_DIGITS`] digits with only separators of phone numbers between them.
fn contains_phone_number(text: &str) -> bool {
    let mut digits = 0;
    for letter in text.chars() {
        if letter.is_numeric() {
            digits += 1;
        } else if !" -.()/+".contains(letter) {
            digits = 0;
        }
        if digits >= MIN_PHONE_DIGITS {
            return true;
        }
    }
    false
}

fn contains_street_address(text: &str) -> bool {
    const STREETS: [&str; 18] = [
        "street",
        "st",
        "avenue",
        "ave",
        "road",
        "rd",
        "lane",
        "ln",
        "drive",
        "dr",
        "boulevard",
        "blvd",
        "court",
        "ct",
        "square",
        "apartment",
        "apt",
        "way",
    ];
    let words = words(text);
    let number = |word: &&str| word.chars().next().is_some_and(char::is_numeric);
    // "12 Elm Street", "12 Old Mill Road", "apt 4".
    let house = words
        .windows(4)
        .chain(words.windows(3))
        .any(|near| near.first().is_some_and(number) && near.iter().skip(2).any(|word| STREETS.contains(word)));
    let flat = words.windows(2).any(|near| matches!(near, ["apt" | "apartment", word] if number(word)));
    let german = words.windows(2).any(|near| {
        matches!(near, [street, house] if (street.ends_with("straße") || street.ends_with("strasse")) && number(house))
    });
    house || flat || german
}

fn reveals_name(text: &str) -> bool {
    [
        "real name is",
        "real name's",
        "full name is",
        "actual name is",
        "lives at",
        "lives on",
        "works at",
        "goes to school at",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// Detects an announcement of violence against the addressee.
fn contains_threat(text: &str) -> bool {
    const HARMS: [&str; 14] = [
        "kill", "hurt", "shoot", "stab", "find", "beat", "rape", "hunt", "burn", "murder", "strangle", "end",
        "destroy", "cut",
    ];
    const WILL: [&str; 8] = ["will", "i'll", "gonna", "going", "we'll", "should", "want", "come"];
    let words = words(text);
    let harm = words.windows(2).enumerate().any(|(at, near)| {
        let said = matches!(near, [harm, "you" | "your" | "u"] if HARMS.contains(harm));
        said && words.iter().take(at).rev().take(4).any(|word| WILL.contains(word))
    });
    harm || ["know where you live", "you will die", "you're dead", "you are dead", "watch your back"]
        .iter()
        .any(|phrase| text.contains(phrase))
}

/// Detects an age below 18, or words for a minor.
fn mentions_minor(text: &str) -> bool {
    const AGES: [&str; 5] = ["years", "year", "yo", "y/o", "yrs"];
    let words = words(text);
    let young = |word: &str| word.parse::<u32>().is_ok_and(|age| (5..18).contains(&age));
    let aged = words.windows(2).any(|near| match near {
        [number, unit] => {
            young(number) && AGES.contains(unit)
                || ["i'm", "im", "am", "she's", "he's", "is"].contains(number) && young(unit)
        }
        _ => false,
    });
    let joined = words.iter().any(|word| word.strip_suffix("yo").is_some_and(young));
    aged || joined
        || ["underage", "minor", "schoolgirl", "schoolboy", "preteen"].iter().any(|word| words.contains(word))
}
