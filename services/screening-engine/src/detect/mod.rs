//! Detectors. Each reports the ranges that it finds with a confidence.

mod address;
mod email;
mod handle;
mod phone;
mod scam;
mod url;

use std::ops::Range;

use regex::Regex;

use crate::{Detector, Finding, InvalidRuleSet, MappedText, Rule, normalized_texts::NormalizedTexts};

/// A detector, compiled with the lists of a rule.
pub(crate) trait Detect: Send + Sync + std::fmt::Debug {
    /// Adds all findings to the collector.
    fn detect(&self, texts: &NormalizedTexts, collector: &mut FindingCollector);
}

pub(crate) fn build_detector(rule: &Rule) -> Result<Box<dyn Detect>, InvalidRuleSet> {
    Ok(match rule.detector {
        Detector::Phone => Box::new(phone::PhoneDetector::new(rule)?),
        Detector::Email => Box::new(email::EmailDetector::new(rule)?),
        Detector::Url => Box::new(url::UrlDetector::new(rule)?),
        Detector::Handle => Box::new(handle::HandleDetector::new(rule)?),
        Detector::Address => Box::new(address::AddressDetector::new()?),
        Detector::Scam => Box::new(scam::ScamDetector::new(rule)?),
    })
}

/// Collects the findings of a detector and merges those that overlap.
#[derive(Debug)]
pub(crate) struct FindingCollector {
    detector: Detector,
    findings: Vec<Finding>,
}

impl FindingCollector {
    pub(crate) const fn new(detector: Detector) -> Self {
        Self { detector, findings: Vec::new() }
    }

    /// Adds a finding. One that overlaps an earlier one extends it. Findings beyond the first 100 are dropped, since they do
    /// not change the verdict.
    pub(crate) fn add(&mut self, text: &MappedText, range: Range<usize>, confidence: u8) {
        const MAX_FINDINGS: usize = 100;
        let span = text.origin(range);
        if span.is_empty() || self.findings.len() >= MAX_FINDINGS {
            return;
        }
        match self.findings.iter_mut().find(|it| it.span.start < span.end && span.start < it.span.end) {
            Some(existing) => {
                existing.confidence = existing.confidence.max(confidence);
                existing.span = existing.span.start.min(span.start)..existing.span.end.max(span.end);
            }
            None => self.findings.push(Finding { detector: self.detector, span, confidence }),
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// Returns an expression that matches one of these words, longest first. It matches nothing if there are none.
fn alternation<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<_> = words.map(|it| regex::escape(it).replace(' ', r"\s*")).collect();
    words.sort_by_key(|it| std::cmp::Reverse(it.len()));
    if words.is_empty() { r"[^\s\S]".into() } else { words.join("|") }
}

/// Returns true if a host equals one of these domains or is a subdomain of one.
fn is_under_any(host: &str, domains: &[String]) -> bool {
    domains.iter().any(|domain| host.strip_suffix(domain.as_str()).is_some_and(|it| it.is_empty() || it.ends_with('.')))
}

/// Returns up to `before` bytes before a range and up to `after` bytes after it, extended to character boundaries.
fn context_of(text: &str, range: &Range<usize>, before: usize, after: usize) -> (String, String) {
    let start = text.floor_char_boundary(range.start.saturating_sub(before));
    let end = text.ceil_char_boundary(range.end.saturating_add(after).min(text.len()));
    let part = |range: Range<usize>| text.get(range).unwrap_or_default().to_owned();
    (part(start..range.start), part(range.end..end))
}

/// Compiles an expression for folded texts.
fn compile(pattern: &str) -> Result<Regex, InvalidRuleSet> {
    Ok(regex::RegexBuilder::new(&with_ascii_word_boundaries(pattern)).size_limit(4 << 20).build()?)
}

/// Replaces Unicode word boundaries by ASCII ones. Unicode word boundaries prevent matching in linear time, and folded
/// texts do not need them.
pub(crate) fn with_ascii_word_boundaries(pattern: &str) -> String {
    pattern.replace(r"\b", r"(?-u:\b)")
}
