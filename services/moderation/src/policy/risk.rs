//! What orders the queue.
//!
//! Reports are no votes. Reporters who report together again and again, or who are seldom right, are one voice: the
//! strongest of them. What is known of them grows, and the open cases beside it are weighed anew by it. Of the voices
//! the strongest counts whole, the next half, the next a quarter, so that all of them together count less than twice
//! the strongest.

use std::{collections::BTreeMap, time::Duration};

use kith_kernel::{Timestamp, UserId};

use crate::domain::{Accuracy, Origin, Reason, Record};

/// From how many decided reports on somebody's record says something.
const ENOUGH: u32 = 3;
/// How many other things two people have to have reported before they are taken for one voice. Twice is chance: all
/// that they ever report is counted, also what they report later.
const TOGETHER: u32 = 3;
/// What somebody in danger is worth: no report is worth more.
const WATCH: u32 = 200;
/// What a held text is worth, for its author waits.
const SCREEN: u32 = 40;

/// Somebody's report, as far as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Who.
    pub reporter: UserId,
    /// What they reported.
    pub reason: Reason,
    /// What came of their reports until now.
    pub record: Record,
}

/// How often somebody's reports were right.
#[must_use]
pub const fn accuracy(record: Record) -> Accuracy {
    let decided = record.acted.saturating_add(record.dismissed);
    let right = record.acted.saturating_mul(100);
    if decided < ENOUGH {
        Accuracy::New
    } else if right >= decided.saturating_mul(80) {
        Accuracy::High
    } else if right >= decided.saturating_mul(40) {
        Accuracy::Medium
    } else {
        Accuracy::Low
    }
}

/// How grave it is, up to 100.
#[must_use]
pub const fn severity(reason: Reason) -> u32 {
    match reason {
        Reason::MinorAtRisk => 100,
        Reason::Threat => 95,
        Reason::Doxxing => 90,
        Reason::SelfHarm => 85,
        Reason::Sexual => 60,
        Reason::Substances => 55,
        Reason::Harassment => 50,
        Reason::Scam => 45,
        Reason::Spam => 20,
        Reason::Other => 15,
    }
}

/// What a report is worth by itself.
const fn worth(voice: &Voice) -> u32 {
    let believed = match accuracy(voice.record) {
        Accuracy::Low => 10,
        Accuracy::New => 50,
        Accuracy::Medium => 75,
        Accuracy::High => 100,
    };
    severity(voice.reason).saturating_mul(believed).div_euclid(100)
}

/// The risk of a case. `together` says of pairs of its reporters how many other things both of them reported, and were
/// not right about; `strikes` is what counts against the person concerned; `reach` is how many pieces stand around what
/// it is about.
#[must_use]
pub fn risk(origin: Origin, voices: &[Voice], together: &[(UserId, UserId, u32)], strikes: u32, reach: u32) -> u32 {
    let mut worths: Vec<u32> = clusters(voices, together).into_values().collect();
    worths.sort_unstable_by(|one, other| other.cmp(one));
    let mut part = 1_u32;
    let mut reported = 0_u32;
    for worth in worths {
        reported = reported.saturating_add(worth.checked_div(part).unwrap_or(0));
        part = part.saturating_mul(2);
    }
    let base = match origin {
        Origin::Report => 0,
        Origin::Watch => WATCH,
        Origin::Screen => SCREEN,
    };
    let standing = strikes.saturating_mul(8).min(40);
    base.max(reported).saturating_add(standing).saturating_add(reach.min(20))
}

/// Each voice by the smallest account in it, with the worth of its strongest report.
fn clusters(voices: &[Voice], together: &[(UserId, UserId, u32)]) -> BTreeMap<UserId, u32> {
    let mut voice_of: BTreeMap<UserId, UserId> = voices.iter().map(|voice| (voice.reporter, voice.reporter)).collect();
    // Whoever is seldom right is one voice with all others who are.
    let mut doubtful = voices.iter().filter(|voice| accuracy(voice.record) == Accuracy::Low);
    let first = doubtful.next().map(|voice| voice.reporter);
    let doubted = doubtful.filter_map(|voice| first.map(|first| (first, voice.reporter)));
    let connected = together.iter().filter(|(_, _, times)| *times >= TOGETHER).map(|(one, other, _)| (*one, *other));
    for (one, other) in connected.chain(doubted) {
        let (Some(&one), Some(&other)) = (voice_of.get(&one), voice_of.get(&other)) else { continue };
        for name in voice_of.values_mut().filter(|name| **name == one || **name == other) {
            *name = one.min(other);
        }
    }
    let mut strongest: BTreeMap<UserId, u32> = BTreeMap::new();
    for voice in voices {
        let Some(name) = voice_of.get(&voice.reporter) else { continue };
        let worth = worth(voice);
        strongest.entry(*name).and_modify(|best| *best = worth.max(*best)).or_insert(worth);
    }
    strongest
}

/// When a case of this risk should be decided.
#[must_use]
pub fn due(risk: u32, since: Timestamp) -> Timestamp {
    let hours = match risk {
        80.. => 1,
        40..80 => 8,
        0..40 => 24,
    };
    since.after(Duration::from_hours(hours))
}
