//! Numbers that can be called.

use regex::Regex;

use super::{Find, Found, Views, around, expression};
use crate::{InvalidRules, Rule};

#[derive(Debug)]
pub(super) struct Phone {
    run: Regex,
    date: Regex,
    cue: Regex,
    allow: Vec<String>,
}

impl Phone {
    pub(super) fn new(rule: &Rule) -> Result<Self, InvalidRules> {
        Ok(Self {
            run: expression(r"(?:\+\s?)?\(?[0-9](?:[\s.\-()/_*~|,+]{0,3}[0-9]){5,}")?,
            date: expression(
                r"\b(?:(?:19|20)[0-9]{2}[./-][0-9]{1,2}[./-][0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2}))\b",
            )?,
            cue: expression(
                r"\b(?:call|text|txt|phone|cell|mobile|number|num|tel|telephone|ring|reach|contact|dial|sms|hmu|what'?s ?app|hit me up|my digits)\b",
            )?,
            allow: rule.allow.clone(),
        })
    }

    /// How sure it is that these digits are called, of 100.
    fn weigh(&self, run: &Run<'_>, cue: bool) -> u8 {
        let digits = run.digits.as_str();
        let count = digits.len();
        if run.is_counted() || self.is_allowed(digits) || !(6..=20).contains(&count) {
            return 0;
        }
        let groups = run.groups.as_slice();
        let national = digits.strip_prefix('1').filter(|_| count == 11).unwrap_or(digits);
        let international = count >= 9 && run.text.trim_start().starts_with('+');
        let sure: u8 = match (count, groups) {
            _ if run.is_dated(&self.date) => 0,
            _ if international && count < 16 => 95,
            (10, [3, 3, 4]) | (11, [1, 3, 3, 4]) => 95,
            (10..=13, [_]) => 85,
            (10 | 11, _) if digits.starts_with('0') => 90,
            (10 | 11, _) if run.spelled || groups.iter().all(|it| *it == 1) => 85,
            (12, _) if run.spelled => 85,
            (10 | 11, _) if national.len() == 10 && !run.commas => 60,
            (12..=15, _) if !run.commas => 45,
            (7, [3, 4]) => 50,
            (7..=9, _) if run.spelled => 50,
            (7..=9, [_]) => 40,
            _ => 20,
        };
        if cue && sure > 0 { sure.saturating_add(30).min(99) } else { sure }
    }

    fn is_allowed(&self, digits: &str) -> bool {
        let bare = |it: &str| it.strip_prefix('1').filter(|it| it.len() == 10).unwrap_or(it).to_owned();
        self.allow.iter().any(|it| bare(it) == bare(digits))
    }
}

impl Find for Phone {
    fn find(&self, views: &Views, found: &mut Found) {
        let text = views.numbers.text();
        for place in self.run.find_iter(text) {
            let (before, after) = around(text, &place.range(), 40, 20);
            if before.trim_end().ends_with(['$', '€', '£', '#']) {
                continue;
            }
            let cue = self.cue.is_match(&before) || self.cue.is_match(&after);
            let origin = views.numbers.origin(place.range());
            let run = Run::new(place.as_str(), origin.len());
            let sure = self.weigh(&run, cue);
            if sure > 0 {
                found.add(&views.numbers, place.range(), sure);
            }
        }
    }
}

/// Digits with what stands between them.
struct Run<'a> {
    text: &'a str,
    digits: String,
    groups: Vec<usize>,
    numbers: Vec<u64>,
    spelled: bool,
    commas: bool,
}

impl<'a> Run<'a> {
    fn new(text: &'a str, written: usize) -> Self {
        let parts: Vec<&str> = text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty()).collect();
        Self {
            text,
            digits: parts.concat(),
            groups: parts.iter().map(|it| it.len()).collect(),
            numbers: parts.iter().filter_map(|it| it.parse().ok()).collect(),
            // Words are longer than their digits; so are digits in other alphabets, and those do no harm here.
            spelled: written >= text.len() + 8,
            commas: text.contains(','),
        }
    }

    /// Whether somebody counts: up, down, or the same again and again.
    fn is_counted(&self) -> bool {
        let steps: Vec<_> = self.numbers.windows(2).filter_map(|it| Some((*it.first()?, *it.last()?))).collect();
        let same = self.digits.bytes().all(|it| Some(it) == self.digits.bytes().next());
        let long = steps.len() >= 4;
        same || long && (steps.iter().all(|(a, b)| a < b) || steps.iter().all(|(a, b)| a > b)) || self.is_repeated()
    }

    /// Whether it is one pattern of up to four groups, three times or more.
    fn is_repeated(&self) -> bool {
        (1..=4).any(|period| {
            self.numbers.len() >= 3 * period
                && self.groups.iter().any(|it| *it < 3)
                && period > 2
                && self.numbers.iter().zip(self.numbers.iter().skip(period)).all(|(a, b)| a == b)
        })
    }

    /// Whether it is dates or years and nothing else to speak of.
    fn is_dated(&self, date: &Regex) -> bool {
        let rest = date.replace_all(self.text, " ");
        let years = self.groups.len() > 1 && self.numbers.iter().all(|it| (1900..2100).contains(it));
        years || rest.len() < self.text.len() && rest.bytes().filter(u8::is_ascii_digit).count() < 7
    }
}
