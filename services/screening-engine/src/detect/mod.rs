//! What looks for what. Each answers where it is, and how sure it is.

mod address;
mod email;
mod handle;
mod phone;
mod scam;
mod url;

use std::ops::Range;

use regex::Regex;

use crate::{
    Detector, Finding, InvalidRules, Rule, View, fold,
    number::write_numbers,
    spelling::{Signs, join, unleet},
};

/// A text in all the ways in which it is read.
#[derive(Debug)]
pub(crate) struct Views {
    /// In plain letters.
    pub(crate) plain: View,
    /// Words that were spaced out are words, and signs signs.
    pub(crate) joined: View,
    /// And digits in words are letters.
    pub(crate) unleet: View,
    /// Plain, with numbers in digits.
    pub(crate) numbers: View,
    /// Words without leet, with numbers in digits.
    pub(crate) places: View,
}

impl Views {
    pub(crate) fn of(text: &str, signs: &Signs) -> Self {
        let plain = fold(text);
        let joined = signs.write(&join(&plain));
        let unleet = unleet(&joined);
        let numbers = write_numbers(&plain);
        let places = write_numbers(&unleet);
        Self { plain, joined, unleet, numbers, places }
    }
}

/// A detector with the lists of a rule.
pub(crate) trait Find: Send + Sync + std::fmt::Debug {
    /// Tells of each that it finds.
    fn find(&self, views: &Views, found: &mut Found);
}

/// The detector of a rule.
pub(crate) fn detector(rule: &Rule) -> Result<Box<dyn Find>, InvalidRules> {
    Ok(match rule.detector {
        Detector::Phone => Box::new(phone::Phone::new(rule)?),
        Detector::Email => Box::new(email::Email::new(rule)?),
        Detector::Url => Box::new(url::Url::new(rule)?),
        Detector::Handle => Box::new(handle::Handle::new(rule)?),
        Detector::Address => Box::new(address::Address::new()?),
        Detector::Scam => Box::new(scam::Scam::new(rule)?),
    })
}

/// What was found, each place once.
#[derive(Debug)]
pub(crate) struct Found {
    detector: Detector,
    findings: Vec<Finding>,
}

impl Found {
    pub(crate) const fn new(detector: Detector) -> Self {
        Self { detector, findings: Vec::new() }
    }

    /// Adds a place; one that overlaps another makes that larger. What is beyond the first hundred is left out: nobody
    /// needs them to be sure.
    pub(crate) fn add(&mut self, view: &View, range: Range<usize>, confidence: u8) {
        const MOST: usize = 100;
        let span = view.origin(range);
        if span.is_empty() || self.findings.len() >= MOST {
            return;
        }
        match self.findings.iter_mut().find(|it| it.span.start < span.end && span.start < it.span.end) {
            Some(known) => {
                known.confidence = known.confidence.max(confidence);
                known.span = known.span.start.min(span.start)..known.span.end.max(span.end);
            }
            None => self.findings.push(Finding { detector: self.detector, span, confidence }),
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// An expression for these words, longest first; one that matches nothing if there are none.
fn any_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<_> = words.map(|it| regex::escape(it).replace(' ', r"\s*")).collect();
    words.sort_by_key(|it| std::cmp::Reverse(it.len()));
    if words.is_empty() { r"[^\s\S]".into() } else { words.join("|") }
}

/// Whether a host is one of these, or below one.
fn is_under(host: &str, names: &[String]) -> bool {
    names.iter().any(|name| host.strip_suffix(name.as_str()).is_some_and(|it| it.is_empty() || it.ends_with('.')))
}

/// What stands up to so many bytes before and after a place.
fn around(text: &str, range: &Range<usize>, before: usize, after: usize) -> (String, String) {
    let start = text.floor_char_boundary(range.start.saturating_sub(before));
    let end = text.ceil_char_boundary(range.end.saturating_add(after).min(text.len()));
    let part = |range: Range<usize>| text.get(range).unwrap_or_default().to_owned();
    (part(start..range.start), part(range.end..end))
}

/// Compiles an expression. What it is matched with is folded, so that its words end where those of ASCII do.
fn expression(pattern: &str) -> Result<Regex, InvalidRules> {
    Ok(regex::RegexBuilder::new(&ascii(pattern)).size_limit(4 << 20).build()?)
}

/// The expression with the ends of words as in ASCII: those of Unicode cannot be found in one pass.
pub(crate) fn ascii(pattern: &str) -> String {
    pattern.replace(r"\b", r"(?-u:\b)")
}
