//! Postal addresses.

use regex::Regex;

use super::{Detect, FindingCollector, NormalizedTexts, compile, context_of};
use crate::InvalidRuleSet;

#[derive(Debug)]
pub(super) struct AddressDetector {
    street: Regex,
    concatenated: Regex,
    post_box: Regex,
    postcode: Regex,
    cue: Regex,
}

/// Words that do not occur in street names and often occur between a number and a word such as `drive`.
const NOT_IN_STREET_NAMES: [&str; 74] = [
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

impl AddressDetector {
    pub(super) fn new() -> Result<Self, InvalidRuleSet> {
        const UNAMBIGUOUS: &str =
            "street|strasse|avenue|ave|road|rd|lane|ln|boulevard|blvd|parkway|pkwy|crescent|terrace|mews";
        const AMBIGUOUS: &str =
            "st|drive|dr|court|ct|place|pl|way|close|square|sq|circle|highway|hwy|alley|grove|gardens|av";
        Ok(Self {
            street: compile(&format!(
                r"\b[0-9]{{1,5}}[a-d]?,?\s+((?:[a-z][a-z'-]*\.?\s+){{1,3}}?)(?:(?P<unambiguous>{UNAMBIGUOUS})|{AMBIGUOUS})\b"
            ))?,
            concatenated: compile(r"\b[0-9]{2,5}[a-z]{3,20}(?:street|avenue|road|lane|boulevard)\b")?,
            post_box: compile(r"\bp\.?\s?o\.?\s*box\s+[0-9]{1,6}\b")?,
            postcode: compile(r"\b[a-z]{1,2}[0-9][a-z0-9]?\s[0-9][a-z]{2}\b")?,
            cue: compile(
                r"\b(?:i live|living|live at|live on|live in|address|come over|come to|apt|apartment|flat|zip|postcode|house is|home is|send it|send to|mail it|visit me|my place|my house|find me at|stay at|staying at)\b",
            )?,
        })
    }
}

impl Detect for AddressDetector {
    fn detect(&self, texts: &NormalizedTexts, collector: &mut FindingCollector) {
        let text = texts.unleeted_with_digits.text();
        let has_cue = |range: &std::ops::Range<usize>| {
            let (before, after) = context_of(text, range, 40, 30);
            self.cue.is_match(&before) || self.cue.is_match(&after)
        };
        for matched in self.street.captures_iter(text) {
            let (Some(whole), Some(name)) = (matched.get(0), matched.get(1)) else { continue };
            if name.as_str().split_whitespace().any(|it| NOT_IN_STREET_NAMES.contains(&it)) {
                continue;
            }
            let confidence: u8 = if matched.name("unambiguous").is_some() { 85 } else { 55 };
            collector.add(
                &texts.unleeted_with_digits,
                whole.range(),
                if has_cue(&whole.range()) { confidence.max(85) } else { confidence },
            );
        }
        for matched in self.concatenated.find_iter(text) {
            collector.add(&texts.unleeted_with_digits, matched.range(), 80);
        }
        for matched in self.post_box.find_iter(text) {
            collector.add(&texts.unleeted_with_digits, matched.range(), 85);
        }
        for matched in self.postcode.find_iter(text) {
            collector.add(
                &texts.unleeted_with_digits,
                matched.range(),
                if has_cue(&matched.range()) { 80 } else { 40 },
            );
        }
    }
}
