//! Search terms of a text. MongoDB's text index supports neither prefixes nor "all of these words", so each post stores
//! the list of its terms, with an index on it.
//!
//! A word is a run of letters and digits, folded to one case and without accents, as in SQLite's
//! `unicode61 remove_diacritics 2`. That tokenizer follows Unicode 6 and removes accents in few scripts. This one
//! follows the standard library: it also removes Greek accents, and combining marks do not split words of Indic
//! scripts. Texts and queries are tokenized in the same way, so users do not notice the difference.
//!
//! For each word the list also contains its first letter and its first three letters, each followed by a star. A prefix
//! search reads the index range of one of these terms, newest first, without sorting.

use std::collections::BTreeSet;

use mongodb::bson::{Document, doc};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::domain::{PostContent, SearchQuery, Tag};

/// Lengths of the indexed prefixes in letters, longest first.
const PREFIX_LENGTHS: [usize; 2] = [3, 1];

/// Upper bound of the texts with a common prefix, when appended to the prefix.
const LAST_CHAR: char = char::MAX;

/// Returns the search terms of a post.
pub(super) fn index_terms(content: &PostContent) -> Vec<String> {
    let texts = content.tags.as_slice().iter().map(Tag::expose).chain([content.body.expose()]);
    let mut terms = BTreeSet::new();
    for word in texts.flat_map(words) {
        terms.extend(PREFIX_LENGTHS.into_iter().filter_map(|length| prefix(&word, length)));
        terms.insert(word);
    }
    terms.into_iter().collect()
}

/// Splits a text into folded words, in their order.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) {
            fold_char(c, &mut word);
        } else if !word.is_empty() {
            // Recompose what was decomposed: a Korean syllable must not be a prefix of another one.
            words.push(word.nfc().collect());
            word.clear();
        }
    }
    words
}

/// Appends a letter without its accents and case.
fn fold_char(c: char, word: &mut String) {
    // In Cyrillic, accents make different letters: й is not и.
    if ('\u{400}'..='\u{52f}').contains(&c) {
        word.extend(c.to_lowercase());
        return;
    }
    for part in std::iter::once(c).nfd().filter(|part| !is_accent(*part)) {
        let mut upper = part.to_uppercase();
        // Folding by way of the upper case maps ς to σ; ß and other letters with two upper-case letters are unchanged.
        let folded = if upper.len() == 1 { upper.next().unwrap_or(part) } else { part };
        word.extend(folded.to_lowercase().filter(|lower| !is_accent(*lower)));
    }
}

/// Combining diacritical marks of European scripts.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn prefix(word: &str, length: usize) -> Option<String> {
    let prefix: String = word.chars().take(length).collect();
    (prefix.chars().count() == length).then(|| prefix + "*")
}

/// Search query as phrases, one for each word of the [`SearchQuery`]. A phrase has several words if the word of the
/// query is tokenized into several, as `it's` is; they must be adjacent.
pub(super) struct ParsedQuery {
    phrases: Vec<Vec<String>>,
    /// True if the last word of the last phrase matches as a prefix.
    is_prefix: bool,
}

impl ParsedQuery {
    /// Returns `None` if the query contains no word.
    pub(super) fn new(query: &SearchQuery) -> Option<Self> {
        let mut phrases: Vec<Vec<String>> = query.expose().iter().map(|word| words(word)).collect();
        let is_prefix = phrases.last().is_some_and(|last| !last.is_empty());
        phrases.retain(|phrase| !phrase.is_empty());
        (!phrases.is_empty()).then_some(Self { phrases, is_prefix })
    }

    /// Returns the condition on the terms of a post. The index is read by the first term.
    pub(super) fn filter(&self) -> Document {
        let mut complete: Vec<&String> = self.phrases.iter().flatten().collect();
        let last = if self.is_prefix { complete.pop() } else { None };
        let mut terms: Vec<String> = complete.into_iter().cloned().collect();
        let mut condition = Document::new();
        if let Some(last) = last {
            terms.extend(PREFIX_LENGTHS.into_iter().find_map(|length| prefix(last, length)));
            if !PREFIX_LENGTHS.contains(&last.chars().count()) {
                condition.insert("$elemMatch", doc! { "$gte": last, "$lt": format!("{last}{LAST_CHAR}") });
            }
        }
        // The longest term is usually the rarest.
        terms.sort_by_key(|term| std::cmp::Reverse(term.chars().count()));
        terms.dedup();
        condition.insert("$all", terms);
        condition
    }

    /// Returns true if every phrase is a single word, so that [`filter`](Self::filter) decides the match.
    pub(super) fn has_only_words(&self) -> bool {
        self.phrases.iter().all(|phrase| phrase.len() == 1)
    }

    /// Returns true if each phrase occurs in the body or in the tags.
    pub(super) fn phrases_occur_in(&self, body: &str, tags: &[String]) -> bool {
        let texts = [words(body), tags.iter().flat_map(|tag| words(tag)).collect()];
        let last = self.phrases.len().saturating_sub(1);
        let occurs = |(index, phrase): (usize, &Vec<String>)| {
            let is_prefix = self.is_prefix && index == last;
            texts.iter().any(|text| text.windows(phrase.len()).any(|window| phrase_matches(window, phrase, is_prefix)))
        };
        self.phrases.iter().enumerate().all(occurs)
    }
}

fn phrase_matches(window: &[String], phrase: &[String], is_prefix: bool) -> bool {
    match (window.split_last(), phrase.split_last()) {
        (Some((end, before)), Some((phrase_end, phrase_before))) if is_prefix => {
            before == phrase_before && end.starts_with(phrase_end.as_str())
        }
        _ => window == phrase,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_to_one_case_without_accents() {
        assert_eq!(words("The CAFÉ, cafe\u{301} — 3x!"), ["the", "cafe", "cafe", "3x"]);
        assert_eq!(words("Ἄλφα ΌΔΟΣ όδος"), ["αλφα", "οδοσ", "οδοσ"]);
        assert_eq!(words("мой МОИ İstanbul straße"), ["мой", "мои", "istanbul", "straße"]);
        assert_eq!(words("हिन्दी 한국"), ["हिन्दी", "한국"]);
        assert_eq!(words("\u{301} - \0"), Vec::<String>::new());
    }

    #[test]
    fn the_terms_contain_each_word_and_its_prefixes_once() {
        use crate::domain::{Body, Kind, PostContentParts, Tags, Urgency};

        let body = Body::new("It is it").unwrap();
        let parts = PostContentParts {
            tags: Tags::new(["Isle"]).unwrap(),
            ..PostContentParts::new(Kind::Question, Urgency::MIN, body)
        };
        let content = PostContent::new(parts).unwrap();
        assert_eq!(index_terms(&content), ["i*", "is", "isl*", "isle", "it"]);
    }

    fn parsed(text: &str) -> ParsedQuery {
        ParsedQuery::new(&SearchQuery::new(text).unwrap()).unwrap()
    }

    #[test]
    fn the_longest_term_comes_first() {
        let filter = parsed("a closing ca").filter();
        assert_eq!(filter.get_array("$all").unwrap(), &["closing", "c*", "a"].map(Into::into).to_vec());
        assert_eq!(parsed("caf").filter(), doc! { "$all": ["caf*"] });
        assert!(parsed("cafe").filter().contains_key("$elemMatch"));
    }

    #[test]
    fn a_phrase_matches_adjacent_words_of_one_text() {
        let tags = ["Day one".to_owned(), "it".to_owned()];
        for (text, occurs) in
            [("it's", true), ("it's a", true), ("s-it", false), ("day-one", true), ("one-it", true), ("day-on", true)]
        {
            assert_eq!(parsed(text).phrases_occur_in("well, IT'S a day", &tags), occurs, "{text}");
        }
        assert!(!parsed("day-on x").phrases_occur_in("x", &tags));
        assert!(parsed("it x").has_only_words() && !parsed("it's").has_only_words());
    }
}
