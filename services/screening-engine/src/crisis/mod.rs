//! Detection of crisis language: the author speaks of suicide or self-harm, of themselves and in the present.
//!
//! A false positive is preferred to a false negative: a text with crisis language is published, whatever else it contains,
//! and reviewed by a moderator.

mod normalize;

use std::{collections::BTreeMap, ops::Range};

use regex::Regex;
use serde::Deserialize;

use crate::{InvalidRuleSet, MappedText, detect::with_ascii_word_boundaries};

/// Detects crisis language. The phrases are described in `data/crisis.toml`.
#[derive(Debug)]
pub(crate) struct CrisisDetector {
    self_directed: Regex,
    ambiguous: Regex,
    past: Regex,
    present: Regex,
    idiom: Regex,
    negation: Regex,
    person: Regex,
    past_tense: Regex,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrisisPhrases {
    self_directed: Vec<String>,
    ambiguous: Vec<String>,
    past: Vec<String>,
    present: Vec<String>,
    idiom: Vec<String>,
    negation: Vec<String>,
    placeholders: BTreeMap<String, String>,
}

/// Persons: the speaker, or another person.
const PERSON: &str = r"\b(?:(?P<speaker>i|im|ive|id|ill|me|my ?self|we|i m|i d|i ve|us|ima|imma)|you|youre|youd|u|ur|yourself|he|hes|she|shes|they|theyre|him|them|himself|herself|themselves|who|whose|people|someone|somebody|anyone|anybody|everyone|addicts|others|person|patients?|guys?|client|girl|boy|man|woman|my (?:[a-z]+ )?(?:brother|sister|friend|bestie|mom|mum|mother|dad|father|son|daughter|husband|wife|ex|roommate|cousin|uncle|aunt|boyfriend|girlfriend|bf|gf|partner|kids?|child|sponsor|sponsee|neighbou?r|nephew|niece|boss|coworker|colleague|grandma|grandpa|teacher)s?|a friend|her husband|his wife)\b";

/// Verbs that put a phrase in the past, within it or up to four words before it.
const PAST_TENSE: &str = r"\b(?:wanted|tried|was|were|had|thought|took|did|didnt|felt|wished|attempted|used to|wrote|slit|drank|overdosed|swallowed|hoped|planned|couldnt|had been|almost|nearly|standing|thinking|cut|cutting|prayed|ate|downed|bought|held|put)\b";

impl CrisisDetector {
    pub(crate) fn new() -> Result<Self, InvalidRuleSet> {
        let phrases: CrisisPhrases = toml::from_str(include_str!("../../data/crisis.toml"))?;
        let compile_any = |list: &[String]| {
            let mut pattern = list.join("|");
            // Twice, because a placeholder can contain another one.
            for _ in 0..2 {
                for (name, expansion) in &phrases.placeholders {
                    pattern = pattern.replace(&format!("{{{name}}}"), expansion);
                }
            }
            regex::RegexBuilder::new(&with_ascii_word_boundaries(&pattern))
                .size_limit(32 << 20)
                .multi_line(true)
                .build()
        };
        let compile_at_word_start = |list: &[String]| {
            let list: Vec<String> =
                list.iter().map(|it| if it.starts_with('^') { it.clone() } else { format!(r"\b(?:{it})") }).collect();
            compile_any(&list)
        };
        let negation: Vec<_> = phrases.negation.iter().map(|it| format!(r"\b(?:{it})\s*$")).collect();
        let past: Vec<_> = phrases.past.iter().map(|it| format!(r"\b(?:{it})")).collect();
        let present: Vec<_> = phrases.present.iter().map(|it| format!(r"\b(?:{it})\b")).collect();
        Ok(Self {
            self_directed: compile_at_word_start(&phrases.self_directed)?,
            ambiguous: compile_at_word_start(&phrases.ambiguous)?,
            past: compile_any(&past)?,
            present: compile_any(&present)?,
            idiom: compile_at_word_start(&phrases.idiom)?,
            negation: compile_any(&negation)?,
            person: Regex::new(&with_ascii_word_boundaries(PERSON))?,
            past_tense: Regex::new(&with_ascii_word_boundaries(PAST_TENSE))?,
        })
    }

    /// Returns the bytes of the original text with the first self-directed phrase, or else with the first ambiguous one.
    pub(crate) fn find(&self, unleeted: &MappedText) -> Option<Range<usize>> {
        let normalized = normalize::normalize(unleeted);
        let text = normalized.text();
        let idioms: Vec<_> = self.idiom.find_iter(text).map(|it| it.range()).collect();
        let counts = |range: &Range<usize>, addressee| {
            // An idiom starts within the phrase and extends to its end or further.
            let is_idiom = idioms.iter().any(|it| (range.start..range.end).contains(&it.start) && it.end >= range.end);
            !is_idiom && self.is_current(text, range, addressee)
        };
        let mut self_directed = self.self_directed.find_iter(text).map(|it| it.range());
        let mut ambiguous = self.ambiguous.find_iter(text).map(|it| it.range());
        self_directed
            .find(|it| counts(it, Addressee::Speaker))
            .or_else(|| ambiguous.find(|it| counts(it, Addressee::Anyone)))
            .map(|it| normalized.origin(it))
    }

    /// Returns true if the phrase is about the speaker, not negated and not in the past.
    fn is_current(&self, text: &str, range: &Range<usize>, addressee: Addressee) -> bool {
        let sentence = enclosing(text, range, &['.']);
        let clause = enclosing(text, range, &['.', ',']);
        let before = text.get(clause.start..range.start).unwrap_or_default();
        let phrase = text.get(range.clone()).unwrap_or_default();
        if addressee == Addressee::Anyone && !self.is_about_speaker(before, phrase) {
            return false;
        }
        if self.negation.is_match(before) && !is_doubly_negated(before) {
            return false;
        }
        let sentence = text.get(sentence).unwrap_or_default();
        let clause = text.get(clause.clone()).unwrap_or_default();
        let is_past_tense = self.past_tense.is_match(phrase) || self.past_tense.is_match(last_words(before, 4));
        let is_past = is_past_tense && self.past.is_match(sentence) || last_words(before, 3).contains("used to");
        !is_past || self.present.is_match(clause)
    }

    /// Returns true if the nearest person named before the phrase, or the first one within it, is the speaker, or if no
    /// person is named.
    fn is_about_speaker(&self, before: &str, phrase: &str) -> bool {
        let person = self.person.captures_iter(before).last().or_else(|| self.person.captures(phrase));
        person.is_none_or(|it| it.name("speaker").is_some())
    }
}

/// The person that a phrase is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Addressee {
    /// The phrase itself refers to the speaker.
    Speaker,
    /// The phrase can be about any person; the words before it decide.
    Anyone,
}

/// Returns true for a double negation, for example `I do not know why I do not`.
fn is_doubly_negated(before: &str) -> bool {
    ["why dont", "why shouldnt", "know why", "know if", "cant stop", "why not", "why havent"]
        .iter()
        .any(|it| before.contains(it))
}

/// Returns the part of the text between these signs that contains a range.
fn enclosing(text: &str, range: &Range<usize>, signs: &[char]) -> Range<usize> {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let start = before.rfind(signs).map_or(0, |it| it + 1);
    let end = after.find(signs).map_or(text.len(), |it| range.end + it);
    start..end
}

fn last_words(text: &str, count: usize) -> &str {
    let start = text.trim_end().rmatch_indices(' ').nth(count.saturating_sub(1)).map_or(0, |it| it.0 + 1);
    text.get(start..).unwrap_or_default()
}
