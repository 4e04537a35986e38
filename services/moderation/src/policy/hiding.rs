//! What hides a text before anybody has decided: a grave reason that the text itself bears out. How many reported it
//! plays no part.
//!
//! Letters are read as they look, as the screen reads them. What is looked for is not what the screen looks for: that
//! holds up what nobody has reported, so it has to be sure; here somebody has said what is wrong, and a name, a street or
//! seven digits are enough.

use crate::domain::{Accuracy, Reason, Snapshot};

/// From how many digits on a number is one that somebody can be called by.
const PHONE: usize = 7;

/// Whether what is reported is hidden until somebody has looked. One report of doxxing is enough, whoever made it; a
/// threat, or a minor at risk, has to be reported by somebody who is not seldom right.
#[must_use]
pub fn hides(reason: Reason, reporter: Accuracy, evidence: &Snapshot) -> bool {
    let believed = match reason {
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
    believed && supports(reason, &evidence.text)
}

/// Whether a text bears out a reason that hides. What somebody says of harming themselves bears out none of them.
#[must_use]
pub fn supports(reason: Reason, text: &str) -> bool {
    let plain = kith_screening_engine::fold(text);
    let text = plain.text();
    match reason {
        Reason::Doxxing => names_a_place_or_number(text),
        Reason::Threat => threatens(text),
        Reason::MinorAtRisk => is_about_a_minor(text),
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

/// A phone number, an address of mail or of a house, or a name that is said to be the real one.
fn names_a_place_or_number(text: &str) -> bool {
    let mail = text.split_whitespace().any(|word| {
        word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.trim_end_matches('.').contains('.'))
    });
    mail || has_phone(text) || has_street(text) || says_real_name(text)
}

/// So many digits with nothing but what stands in numbers between them.
fn has_phone(text: &str) -> bool {
    let mut digits = 0;
    for letter in text.chars() {
        if letter.is_numeric() {
            digits += 1;
        } else if !" -.()/+".contains(letter) {
            digits = 0;
        }
        if digits >= PHONE {
            return true;
        }
    }
    false
}

fn has_street(text: &str) -> bool {
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

fn says_real_name(text: &str) -> bool {
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

/// Harm that is announced to somebody else, in the second person.
fn threatens(text: &str) -> bool {
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

/// An age below eighteen that somebody says of somebody.
fn is_about_a_minor(text: &str) -> bool {
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
