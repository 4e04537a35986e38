//! Where somebody lives.

use regex::Regex;

use super::{Find, Found, Views, around, expression};
use crate::InvalidRules;

#[derive(Debug)]
pub(super) struct Address {
    street: Regex,
    run_together: Regex,
    post_box: Regex,
    postcode: Regex,
    cue: Regex,
}

/// Words that no street has in its name, and many sentences have between a number and a `drive`.
const NO_NAME: [&str; 74] = [
    "a",
    "the",
    "an",
    "of",
    "and",
    "or",
    "is",
    "to",
    "on",
    "in",
    "my",
    "at",
    "from",
    "with",
    "by",
    "down",
    "up",
    "for",
    "it",
    "i",
    "he",
    "she",
    "they",
    "we",
    "you",
    "was",
    "were",
    "are",
    "had",
    "has",
    "have",
    "this",
    "that",
    "his",
    "her",
    "our",
    "their",
    "minute",
    "minutes",
    "min",
    "mins",
    "hour",
    "hours",
    "hr",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "mile",
    "miles",
    "step",
    "steps",
    "block",
    "blocks",
    "long",
    "more",
    "hard",
    "bars",
    "beers",
    "mg",
    "pm",
    "am",
    "times",
    "bad",
    "good",
    "different",
    "per",
    "lane",
    "way",
    "other",
];

impl Address {
    pub(super) fn new() -> Result<Self, InvalidRules> {
        const SURE: &str =
            "street|strasse|avenue|ave|road|rd|lane|ln|boulevard|blvd|parkway|pkwy|crescent|terrace|mews";
        const WEAK: &str =
            "st|drive|dr|court|ct|place|pl|way|close|square|sq|circle|highway|hwy|alley|grove|gardens|av";
        Ok(Self {
            street: expression(&format!(
                r"\b[0-9]{{1,5}}[a-d]?,?\s+((?:[a-z][a-z'-]*\.?\s+){{1,3}}?)(?:(?P<sure>{SURE})|{WEAK})\b"
            ))?,
            run_together: expression(r"\b[0-9]{2,5}[a-z]{3,20}(?:street|avenue|road|lane|boulevard)\b")?,
            post_box: expression(r"\bp\.?\s?o\.?\s*box\s+[0-9]{1,6}\b")?,
            postcode: expression(r"\b[a-z]{1,2}[0-9][a-z0-9]?\s[0-9][a-z]{2}\b")?,
            cue: expression(
                r"\b(?:i live|living|live at|live on|live in|address|come over|come to|apt|apartment|flat|zip|postcode|house is|home is|send it|send to|mail it|visit me|my place|my house|find me at|stay at|staying at)\b",
            )?,
        })
    }
}

impl Find for Address {
    fn find(&self, views: &Views, found: &mut Found) {
        let text = views.places.text();
        let cue = |range: &std::ops::Range<usize>| {
            let (before, after) = around(text, range, 40, 30);
            self.cue.is_match(&before) || self.cue.is_match(&after)
        };
        for place in self.street.captures_iter(text) {
            let (Some(whole), Some(name)) = (place.get(0), place.get(1)) else { continue };
            if name.as_str().split_whitespace().any(|it| NO_NAME.contains(&it)) {
                continue;
            }
            let sure: u8 = if place.name("sure").is_some() { 85 } else { 55 };
            found.add(&views.places, whole.range(), if cue(&whole.range()) { sure.max(85) } else { sure });
        }
        for place in self.run_together.find_iter(text) {
            found.add(&views.places, place.range(), 80);
        }
        for place in self.post_box.find_iter(text) {
            found.add(&views.places, place.range(), 85);
        }
        for place in self.postcode.find_iter(text) {
            found.add(&views.places, place.range(), if cue(&place.range()) { 80 } else { 40 });
        }
    }
}
