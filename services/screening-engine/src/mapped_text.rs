//! Normalized text with a map to the original.

use std::ops::Range;

use regex::Regex;

/// A text that was derived from an original. Maps each of its bytes to a range of bytes of the original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedText {
    text: String,
    origins: Vec<(usize, usize)>,
}

impl MappedText {
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the bytes of the original from which these bytes were derived. Empty for an empty or invalid range.
    #[must_use]
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        match self.origins.get(range).and_then(|it| Some((it.first()?.0, it.last()?.1))) {
            Some((start, end)) => start..end,
            None => 0..0,
        }
    }

    /// Returns the characters with their origins.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (char, Range<usize>)> + '_ {
        self.text.char_indices().map(|(at, character)| (character, self.origin(at..at + 1)))
    }

    pub(crate) fn push(&mut self, character: char, origin: Range<usize>) {
        self.text.push(character);
        self.origins.extend(std::iter::repeat_n((origin.start, origin.end), character.len_utf8()));
    }

    pub(crate) fn push_str(&mut self, text: &str, origin: &Range<usize>) {
        for character in text.chars() {
            self.push(character, origin.clone());
        }
    }

    /// Appends a part of another text with its origins.
    pub(crate) fn push_range(&mut self, other: &Self, range: Range<usize>) {
        if let (Some(text), Some(origins)) = (other.text.get(range.clone()), other.origins.get(range)) {
            self.text.push_str(text);
            self.origins.extend_from_slice(origins);
        }
    }

    /// Replaces each match of the pattern. A match for which `replacement` returns `None` is left unchanged.
    pub(crate) fn replace_all(&self, pattern: &Regex, replacement: impl Fn(&str) -> Option<String>) -> Self {
        let mut new = Self::default();
        let mut done = 0;
        for found in pattern.find_iter(&self.text) {
            let Some(text) = replacement(found.as_str()) else { continue };
            new.push_range(self, done..found.start());
            new.push_str(&text, &self.origin(found.range()));
            done = found.end();
        }
        new.push_range(self, done..self.text.len());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_text_maps_to_its_origin() {
        let mut text = MappedText::default();
        for (at, character) in "a-bé-c".char_indices() {
            text.push(character, at..at + character.len_utf8());
        }
        let new = text.replace_all(&Regex::new("-").unwrap(), |_| Some("xyz".into()));
        assert_eq!(new.text(), "axyzbéxyzc");
        assert_eq!(new.origin(1..4), 1..2);
        assert_eq!(new.origin(4..10), 2..6);
        assert_eq!(new.origin(10..11), 6..7);
        assert_eq!(new.origin(3..3), 0..0);
    }
}
