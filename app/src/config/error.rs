//! Errors of the configuration.

use std::fmt;

use super::source::Source;

/// An invalid or missing value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Name of the key, or empty if the error concerns no key.
    pub key: String,
    pub source: Source,
    /// Description of the error. It never contains the value of a secret.
    pub message: String,
}

impl ConfigError {
    pub(super) fn new(key: impl Into<String>, source: Source, message: impl Into<String>) -> Self {
        Self { key: key.into(), source, message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.is_empty(), &self.source) {
            (true, source) => write!(f, "{source}: {}", self.message),
            (false, Source::Default) => write!(f, "{}: {}", self.key, self.message),
            (false, source) => write!(f, "{} ({source}): {}", self.key, self.message),
        }
    }
}

/// All errors of a configuration, at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    pub(super) fn new(mut errors: Vec<ConfigError>) -> Self {
        errors.sort_by(|left, right| left.key.cmp(&right.key));
        Self(errors)
    }

    /// The errors, sorted by key.
    #[must_use]
    pub fn as_slice(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.0.len() == 1 { "error" } else { "errors" };
        write!(f, "{} configuration {errors}", self.0.len())?;
        for error in &self.0 {
            write!(f, "\n  {error}")?;
        }
        Ok(())
    }
}

/// Returns the known name that is most similar, if at most a third of its letters differ.
pub(super) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.into_iter().map(|name| (distance(written, name), name));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance.saturating_mul(3) <= nearest.chars().count()).then_some(nearest)
}

/// Levenshtein distance, computed row by row.
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
    fn similar_names_are_suggested() {
        let known = ["http.call_timeout", "http.max_body_bytes", "listen"];
        assert_eq!(did_you_mean("http.max_body_byte", known), Some("http.max_body_bytes"));
        assert_eq!(did_you_mean("lisen", known), Some("listen"));
        assert_eq!(did_you_mean("postgres.url", known), None);
    }

    #[test]
    fn distance_counts_wrong_missing_and_extra_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
