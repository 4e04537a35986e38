//! Phone numbers.

use regex::Regex;

use super::{Detect, FindingCollector, NormalizedTexts, compile, context_of};
use crate::{InvalidRuleSet, Rule};

#[derive(Debug)]
pub(super) struct PhoneDetector {
    digit_run: Regex,
    date: Regex,
    cue: Regex,
    allow: Vec<String>,
}

impl PhoneDetector {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRuleSet> {
        Ok(Self {
            digit_run: compile(r"(?:\+\s?)?\(?[0-9](?:[\s.\-()/_*~|,+]{0,3}[0-9]){5,}")?,
            date: compile(
                r"\b(?:(?:19|20)[0-9]{2}[./-][0-9]{1,2}[./-][0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2}))\b",
            )?,
            cue: compile(
                r"\b(?:call|text|txt|phone|cell|mobile|number|num|tel|telephone|ring|reach|contact|dial|sms|hmu|what'?s ?app|hit me up|my digits)\b",
            )?,
            allow: rule.allow.clone(),
        })
    }

    /// Returns the confidence, from 0 to 100, that a run of digits is a phone number.
    fn confidence(&self, run: &DigitRun<'_>, has_cue: bool) -> u8 {
        let digits = run.digits.as_str();
        let count = digits.len();
        if run.is_counting() || self.is_allowed(digits) || !(6..=20).contains(&count) {
            return 0;
        }
        let groups = run.groups.as_slice();
        let national = digits.strip_prefix('1').filter(|_| count == 11).unwrap_or(digits);
        let international = count >= 9 && run.text.trim_start().starts_with('+');
        let confidence: u8 = match (count, groups) {
            _ if run.is_date(&self.date) => 0,
            _ if international && count < 16 => 95,
            (10, [3, 3, 4]) | (11, [1, 3, 3, 4]) => 95,
            (10..=13, [_]) => 85,
            (10 | 11, _) if digits.starts_with('0') => 90,
            (10 | 11, _) if run.is_spelled || groups.iter().all(|it| *it == 1) => 85,
            (12, _) if run.is_spelled => 85,
            (10 | 11, _) if national.len() == 10 && !run.has_commas => 60,
            (12..=15, _) if !run.has_commas => 45,
            (7, [3, 4]) => 50,
            (7..=9, _) if run.is_spelled => 50,
            (7..=9, [_]) => 40,
            _ => 20,
        };
        if has_cue && confidence > 0 { confidence.saturating_add(30).min(99) } else { confidence }
    }

    fn is_allowed(&self, digits: &str) -> bool {
        let bare = |it: &str| it.strip_prefix('1').filter(|it| it.len() == 10).unwrap_or(it).to_owned();
        self.allow.iter().any(|it| bare(it) == bare(digits))
    }
}

impl Detect for PhoneDetector {
    fn detect(&self, texts: &NormalizedTexts, collector: &mut FindingCollector) {
        let text = texts.folded_with_digits.text();
        for matched in self.digit_run.find_iter(text) {
            let (before, after) = context_of(text, &matched.range(), 40, 20);
            if before.trim_end().ends_with(['$', '€', '£', '#']) {
                continue;
            }
            let has_cue = self.cue.is_match(&before) || self.cue.is_match(&after);
            let origin = texts.folded_with_digits.origin(matched.range());
            let run = DigitRun::new(matched.as_str(), origin.len());
            let confidence = self.confidence(&run, has_cue);
            if confidence > 0 {
                collector.add(&texts.folded_with_digits, matched.range(), confidence);
            }
        }
    }
}

/// Digits with the separators between them.
struct DigitRun<'a> {
    text: &'a str,
    /// All digits without separators.
    digits: String,
    /// Number of digits of each group.
    groups: Vec<usize>,
    /// Value of each group.
    numbers: Vec<u64>,
    /// True if the digits were written as words.
    is_spelled: bool,
    has_commas: bool,
}

impl<'a> DigitRun<'a> {
    /// `original_length` is the number of bytes in the original text.
    fn new(text: &'a str, original_length: usize) -> Self {
        let parts: Vec<&str> = text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty()).collect();
        Self {
            text,
            digits: parts.concat(),
            groups: parts.iter().map(|it| it.len()).collect(),
            numbers: parts.iter().filter_map(|it| it.parse().ok()).collect(),
            // Number words are longer than their digits. So are digits of other scripts, which are treated the same way.
            is_spelled: original_length >= text.len() + 8,
            has_commas: text.contains(','),
        }
    }

    /// Returns true if the numbers count up or down or repeat.
    fn is_counting(&self) -> bool {
        let steps: Vec<_> = self.numbers.windows(2).filter_map(|it| Some((*it.first()?, *it.last()?))).collect();
        let is_one_digit = self.digits.bytes().all(|it| Some(it) == self.digits.bytes().next());
        let is_long = steps.len() >= 4;
        is_one_digit
            || is_long && (steps.iter().all(|(a, b)| a < b) || steps.iter().all(|(a, b)| a > b))
            || self.is_repeated()
    }

    /// Returns true for one pattern of up to four groups, at least three times.
    fn is_repeated(&self) -> bool {
        (1..=4).any(|period| {
            self.numbers.len() >= 3 * period
                && self.groups.iter().any(|it| *it < 3)
                && period > 2
                && self.numbers.iter().zip(self.numbers.iter().skip(period)).all(|(a, b)| a == b)
        })
    }

    /// Returns true if the run consists of dates or years, with fewer than seven other digits.
    fn is_date(&self, date: &Regex) -> bool {
        let rest = date.replace_all(self.text, " ");
        let is_years = self.groups.len() > 1 && self.numbers.iter().all(|it| (1900..2100).contains(it));
        is_years || rest.len() < self.text.len() && rest.bytes().filter(u8::is_ascii_digit).count() < 7
    }
}
