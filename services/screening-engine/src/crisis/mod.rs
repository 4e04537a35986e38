//! Who speaks of not living on: of themselves, and now.
//!
//! It is better to take somebody for being in trouble who is not than not to see one who is: what is a crisis is not held
//! up, whatever else it says, and somebody looks.

mod words;

use std::{collections::BTreeMap, ops::Range};

use regex::Regex;
use serde::Deserialize;

use crate::{InvalidRules, View, detect::ascii};

/// Finds talk of not living on.
#[derive(Debug)]
pub(crate) struct Crisis {
    own: Regex,
    open: Regex,
    past: Regex,
    present: Regex,
    idiom: Regex,
    denied: Regex,
    person: Regex,
    past_tense: Regex,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrases {
    own: Vec<String>,
    open: Vec<String>,
    past: Vec<String>,
    present: Vec<String>,
    idiom: Vec<String>,
    denied: Vec<String>,
    words: BTreeMap<String, String>,
}

/// Who is meant: the speaker, or one of the others.
const PERSON: &str = r"\b(?:(?P<speaker>i|im|ive|id|ill|me|my ?self|we|i m|i d|i ve|us|ima|imma)|you|youre|youd|u|ur|yourself|he|hes|she|shes|they|theyre|him|them|himself|herself|themselves|who|whose|people|someone|somebody|anyone|anybody|everyone|addicts|others|person|patients?|guys?|client|girl|boy|man|woman|my (?:[a-z]+ )?(?:brother|sister|friend|bestie|mom|mum|mother|dad|father|son|daughter|husband|wife|ex|roommate|cousin|uncle|aunt|boyfriend|girlfriend|bf|gf|partner|kids?|child|sponsor|sponsee|neighbou?r|nephew|niece|boss|coworker|colleague|grandma|grandpa|teacher)s?|a friend|her husband|his wife)\b";

/// Verbs in the past, in what was found or close before it.
const PAST_TENSE: &str = r"\b(?:wanted|tried|was|were|had|thought|took|did|didnt|felt|wished|attempted|used to|wrote|slit|drank|overdosed|swallowed|hoped|planned|couldnt|had been|almost|nearly|standing|thinking|cut|cutting|prayed|ate|downed|bought|held|put)\b";

impl Crisis {
    pub(crate) fn new() -> Result<Self, InvalidRules> {
        let phrases: Phrases = toml::from_str(include_str!("../../data/crisis.toml"))?;
        let any = |list: &[String]| {
            let mut pattern = list.join("|");
            for _ in 0..2 {
                for (name, word) in &phrases.words {
                    pattern = pattern.replace(&format!("{{{name}}}"), word);
                }
            }
            regex::RegexBuilder::new(&ascii(&pattern)).size_limit(32 << 20).multi_line(true).build()
        };
        let starting = |list: &[String]| {
            let list: Vec<String> =
                list.iter().map(|it| if it.starts_with('^') { it.clone() } else { format!(r"\b(?:{it})") }).collect();
            any(&list)
        };
        let denied: Vec<_> = phrases.denied.iter().map(|it| format!(r"\b(?:{it})\s*$")).collect();
        let whole: Vec<_> = phrases.past.iter().map(|it| format!(r"\b(?:{it})")).collect();
        let present: Vec<_> = phrases.present.iter().map(|it| format!(r"\b(?:{it})\b")).collect();
        Ok(Self {
            own: starting(&phrases.own)?,
            open: starting(&phrases.open)?,
            past: any(&whole)?,
            present: any(&present)?,
            idiom: starting(&phrases.idiom)?,
            denied: any(&denied)?,
            person: Regex::new(&ascii(PERSON))?,
            past_tense: Regex::new(&ascii(PAST_TENSE))?,
        })
    }

    /// Where somebody speaks of it, or `None`.
    pub(crate) fn find(&self, joined: &View) -> Option<Range<usize>> {
        let view = words::plain(joined);
        let text = view.text();
        let idioms: Vec<_> = self.idiom.find_iter(text).map(|it| it.range()).collect();
        let counts = |range: &Range<usize>, meant| {
            // An idiom begins within what was found and goes on behind it.
            let idiom = idioms.iter().any(|it| (range.start..range.end).contains(&it.start) && it.end >= range.end);
            !idiom && self.is_meant(text, range, meant)
        };
        let own = self.own.find_iter(text).map(|it| it.range()).find(|it| counts(it, Meant::Speaker));
        own.or_else(|| self.open.find_iter(text).map(|it| it.range()).find(|it| counts(it, Meant::Anybody)))
            .map(|it| view.origin(it))
    }

    fn is_meant(&self, text: &str, place: &Range<usize>, meant: Meant) -> bool {
        let sentence = enclosing(text, place, &['.']);
        let clause = enclosing(text, place, &['.', ',']);
        let before = text.get(clause.start..place.start).unwrap_or_default();
        let found = text.get(place.clone()).unwrap_or_default();
        if meant == Meant::Anybody && !self.is_speaker(before, found) {
            return false;
        }
        if self.denied.is_match(before) && !is_doubly_denied(before) {
            return false;
        }
        let sentence = text.get(sentence).unwrap_or_default();
        let clause = text.get(clause.clone()).unwrap_or_default();
        let told = self.past_tense.is_match(found) || self.past_tense.is_match(last_words(before, 4));
        let over = told && self.past.is_match(sentence) || last_words(before, 3).contains("used to");
        !over || self.present.is_match(clause)
    }

    /// Whether the nearest person before it is the speaker, or there is none.
    fn is_speaker(&self, before: &str, found: &str) -> bool {
        let person = self.person.captures_iter(before).last().or_else(|| self.person.captures(found));
        person.is_none_or(|it| it.name("speaker").is_some())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    Speaker,
    Anybody,
}

/// `I do not know why I do not`, `cannot say that I never`: two times no.
fn is_doubly_denied(before: &str) -> bool {
    ["why dont", "why shouldnt", "know why", "know if", "cant stop", "why not", "why havent"]
        .iter()
        .any(|it| before.contains(it))
}

/// The part of the text between these signs that holds a place.
fn enclosing(text: &str, place: &Range<usize>, signs: &[char]) -> Range<usize> {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    let start = before.rfind(signs).map_or(0, |it| it + 1);
    let end = after.find(signs).map_or(text.len(), |it| place.end + it);
    start..end
}

fn last_words(text: &str, count: usize) -> &str {
    let start = text.trim_end().rmatch_indices(' ').nth(count.saturating_sub(1)).map_or(0, |it| it.0 + 1);
    text.get(start..).unwrap_or_default()
}
