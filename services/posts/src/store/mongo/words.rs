//! The words of a text, as they are looked for: MongoDB's own index of texts knows neither beginnings of words nor "all of
//! these", so a post keeps the list of its words, with an index over it.
//!
//! A word is a run of letters and digits, without case and accents, as SQLite's `unicode61 remove_diacritics 2` has it.
//! Where that one follows Unicode 6 and letters of few scripts, this one follows the standard library: Greek loses its
//! accents too, and marks do not tear words of Indic scripts apart. What somebody writes and what somebody looks for go
//! the same way, so such a difference is seen by nobody.
//!
//! For each word the list holds its first letter and its first three as well, each with a star: whoever looks for the
//! beginning of a word reads along one of these, newest first, and sorts nothing.

use std::collections::BTreeSet;

use mongodb::bson::{Document, doc};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::domain::{Draft, Tag, Words};

/// How many letters the beginnings have that are in the list. Longer ones first.
const BEGINNINGS: [usize; 2] = [3, 1];

/// After whatever begins with a text.
const LAST: char = char::MAX;

/// The list of a post's words.
pub(super) fn indexed(draft: &Draft) -> Vec<String> {
    let texts = draft.tags.all().iter().map(Tag::reveal).chain([draft.body.reveal()]);
    let mut all = BTreeSet::new();
    for word in texts.flat_map(words) {
        all.extend(BEGINNINGS.into_iter().filter_map(|letters| beginning(&word, letters)));
        all.insert(word);
    }
    all.into_iter().collect()
}

/// The words of a text, in their order.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) {
            plain(c, &mut word);
        } else if !word.is_empty() {
            // What was taken apart is put together again: a Korean syllable is no beginning of another.
            words.push(word.nfc().collect());
            word.clear();
        }
    }
    words
}

/// Adds a letter without its accents and in the case that all are compared in.
fn plain(c: char, word: &mut String) {
    // In Cyrillic they make other letters: й is no и.
    if ('\u{400}'..='\u{52f}').contains(&c) {
        word.extend(c.to_lowercase());
        return;
    }
    for part in std::iter::once(c).nfd().filter(|part| !is_accent(*part)) {
        let mut upper = part.to_uppercase();
        // By way of the upper case, so that ς is σ. What is two letters there, as ß, stays one.
        let folded = if upper.len() == 1 { upper.next().unwrap_or(part) } else { part };
        word.extend(folded.to_lowercase().filter(|lower| !is_accent(*lower)));
    }
}

/// The accents that go on letters of all of Europe.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn beginning(word: &str, letters: usize) -> Option<String> {
    let begun: String = word.chars().take(letters).collect();
    (begun.chars().count() == letters).then(|| begun + "*")
}

/// What somebody looks for: phrases, one for each word that they typed. It is one word, or several where they typed
/// `it's`, which must stand side by side.
pub(super) struct Wanted {
    phrases: Vec<Vec<String>>,
    /// Whether the last word of the last phrase may be the beginning of one.
    is_open: bool,
}

impl Wanted {
    /// `None` if nothing that was typed is a word.
    pub(super) fn new(typed: &Words) -> Option<Self> {
        let mut phrases: Vec<Vec<String>> = typed.reveal().iter().map(|word| words(word)).collect();
        let is_open = phrases.last().is_some_and(|last| !last.is_empty());
        phrases.retain(|phrase| !phrase.is_empty());
        (!phrases.is_empty()).then_some(Self { phrases, is_open })
    }

    /// What a post's list must hold. The first of them is the one that is read along.
    pub(super) fn filter(&self) -> Document {
        let mut whole: Vec<&String> = self.phrases.iter().flatten().collect();
        let open = if self.is_open { whole.pop() } else { None };
        let mut all: Vec<String> = whole.into_iter().cloned().collect();
        let mut list = Document::new();
        if let Some(open) = open {
            all.extend(BEGINNINGS.into_iter().find_map(|letters| beginning(open, letters)));
            if !BEGINNINGS.contains(&open.chars().count()) {
                list.insert("$elemMatch", doc! { "$gte": open, "$lt": format!("{open}{LAST}") });
            }
        }
        // The longest is the rarest, as a rule.
        all.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        all.dedup();
        list.insert("$all", all);
        list
    }

    /// Whether a list that holds all of the words is enough.
    pub(super) fn is_plain(&self) -> bool {
        self.phrases.iter().all(|phrase| phrase.len() == 1)
    }

    /// Whether the phrases stand in these texts: each in one of them.
    pub(super) fn stands_in(&self, body: &str, tags: &[String]) -> bool {
        let texts = [words(body), tags.iter().flat_map(|tag| words(tag)).collect()];
        let last = self.phrases.len().saturating_sub(1);
        let stands = |(number, phrase): (usize, &Vec<String>)| {
            let is_open = self.is_open && number == last;
            texts.iter().any(|text| text.windows(phrase.len()).any(|window| is_same(window, phrase, is_open)))
        };
        self.phrases.iter().enumerate().all(stands)
    }
}

fn is_same(window: &[String], phrase: &[String], is_open: bool) -> bool {
    match (window.split_last(), phrase.split_last()) {
        (Some((end, before)), Some((wanted, wanted_before))) if is_open => {
            before == wanted_before && end.starts_with(wanted.as_str())
        }
        _ => window == phrase,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_neither_case_nor_accents() {
        assert_eq!(words("The CAFÉ, cafe\u{301} — 3x!"), ["the", "cafe", "cafe", "3x"]);
        assert_eq!(words("Ἄλφα ΌΔΟΣ όδος"), ["αλφα", "οδοσ", "οδοσ"]);
        assert_eq!(words("мой МОИ İstanbul straße"), ["мой", "мои", "istanbul", "straße"]);
        assert_eq!(words("हिन्दी 한국"), ["हिन्दी", "한국"]);
        assert_eq!(words("\u{301} - \0"), Vec::<String>::new());
    }

    #[test]
    fn the_list_holds_each_word_and_its_beginnings_once() {
        use crate::domain::{Body, Content, Kind, Tags, Urgency};

        let body = Body::new("It is it").unwrap();
        let content =
            Content { tags: Tags::new(["Isle"]).unwrap(), ..Content::new(Kind::Question, Urgency::LEAST, body) };
        let draft = Draft::new(content).unwrap();
        assert_eq!(indexed(&draft), ["i*", "is", "isl*", "isle", "it"]);
    }

    fn wanted(typed: &str) -> Wanted {
        Wanted::new(&Words::new(typed).unwrap()).unwrap()
    }

    #[test]
    fn the_longest_word_is_read_along() {
        let filter = wanted("a closing ca").filter();
        assert_eq!(filter.get_array("$all").unwrap(), &["closing", "c*", "a"].map(Into::into).to_vec());
        assert_eq!(wanted("caf").filter(), doc! { "$all": ["caf*"] });
        assert!(wanted("cafe").filter().contains_key("$elemMatch"));
    }

    #[test]
    fn a_phrase_stands_side_by_side_in_one_text() {
        let tags = ["Day one".to_owned(), "it".to_owned()];
        for (typed, stands) in
            [("it's", true), ("it's a", true), ("s-it", false), ("day-one", true), ("one-it", true), ("day-on", true)]
        {
            assert_eq!(wanted(typed).stands_in("well, IT'S a day", &tags), stands, "{typed}");
        }
        assert!(!wanted("day-on x").stands_in("x", &tags));
        assert!(wanted("it x").is_plain() && !wanted("it's").is_plain());
    }
}
