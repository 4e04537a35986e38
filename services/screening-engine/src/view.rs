//! A text as a detector reads it, with the way back to what was written.

use std::ops::Range;

use regex::Regex;

/// A text that was made of another, and of which bytes of the first each of its own was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    text: String,
    origins: Vec<(usize, usize)>,
}

impl View {
    /// What a detector reads.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in the original these bytes of the view come from. Empty if they are none.
    #[must_use]
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        match self.origins.get(range).and_then(|it| Some((it.first()?.0, it.last()?.1))) {
            Some((start, end)) => start..end,
            None => 0..0,
        }
    }

    /// The characters with where they came from.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (char, Range<usize>)> + '_ {
        self.text.char_indices().map(|(at, character)| (character, self.origin(at..at + 1)))
    }

    pub(crate) fn push(&mut self, character: char, origin: Range<usize>) {
        self.text.push(character);
        self.origins.extend(std::iter::repeat_n((origin.start, origin.end), character.len_utf8()));
    }

    pub(crate) fn append(&mut self, text: &str, origin: &Range<usize>) {
        for character in text.chars() {
            self.push(character, origin.clone());
        }
    }

    /// Adds a part of another view as it stands.
    pub(crate) fn copy(&mut self, other: &Self, range: Range<usize>) {
        if let (Some(text), Some(origins)) = (other.text.get(range.clone()), other.origins.get(range)) {
            self.text.push_str(text);
            self.origins.extend_from_slice(origins);
        }
    }

    /// This view, with something else in the place of each match. `None` leaves a match as it is.
    pub(crate) fn rewrite(&self, pattern: &Regex, by: impl Fn(&str) -> Option<String>) -> Self {
        let mut new = Self::default();
        let mut done = 0;
        for found in pattern.find_iter(&self.text) {
            let Some(text) = by(found.as_str()) else { continue };
            new.copy(self, done..found.start());
            new.append(&text, &self.origin(found.range()));
            done = found.end();
        }
        new.copy(self, done..self.text.len());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_rewritten_knows_where_it_came_from() {
        let mut view = View::default();
        for (at, character) in "a-bé-c".char_indices() {
            view.push(character, at..at + character.len_utf8());
        }
        let new = view.rewrite(&Regex::new("-").unwrap(), |_| Some("xyz".into()));
        assert_eq!(new.text(), "axyzbéxyzc");
        assert_eq!(new.origin(1..4), 1..2);
        assert_eq!(new.origin(4..10), 2..6);
        assert_eq!(new.origin(10..11), 6..7);
        assert_eq!(new.origin(3..3), 0..0);
    }
}
