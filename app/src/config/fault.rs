//! What is wrong with a configuration.

use std::fmt;

use super::Source;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, or nothing where it is none's.
    pub key: String,
    /// Where the value comes from.
    pub source: Source,
    /// What is wrong with it. Never the value of a secret.
    pub what: String,
}

impl Fault {
    pub(super) fn new(key: impl Into<String>, source: Source, what: impl Into<String>) -> Self {
        Self { key: key.into(), source, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.is_empty(), &self.source) {
            (true, source) => write!(f, "{source}: {}", self.what),
            (false, Source::Default) => write!(f, "{}: {}", self.key, self.what),
            (false, source) => write!(f, "{} ({source}): {}", self.key, self.what),
        }
    }
}

/// Everything that is wrong. It has at least one fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|one, other| one.key.cmp(&other.key));
        Self(faults)
    }

    /// Each of them, by key.
    #[must_use]
    pub fn all(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let things = if self.0.len() == 1 { "thing is" } else { "things are" };
        write!(f, "{} {things} wrong with the configuration", self.0.len())?;
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

/// The known name that was probably meant: at most a third of it is wrong.
pub(super) fn meant<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.into_iter().map(|name| (distance(written, name), name));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance.saturating_mul(3) <= nearest.chars().count()).then_some(nearest)
}

/// Levenshtein's distance, a row at a time.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line.saturating_add(1);
        let Some((first, rest)) = row.split_first_mut() else { return left };
        *first = left;
        for (cell, against) in rest.iter_mut().zip(other.chars()) {
            let changed = diagonal.saturating_add(usize::from(letter != against));
            diagonal = *cell;
            left = changed.min(left.saturating_add(1)).min(cell.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_a_stranger_is_not() {
        let known = ["http.body_bytes", "http.calls", "listen"];
        assert_eq!(meant("http.body_byte", known), Some("http.body_bytes"));
        assert_eq!(meant("lisen", known), Some("listen"));
        assert_eq!(meant("postgres.url", known), None);
    }

    #[test]
    fn distance_counts_letters_that_are_wrong_missing_or_too_many() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
