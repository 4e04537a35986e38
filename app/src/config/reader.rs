//! Parses the value of each key and collects all errors.

use std::collections::BTreeMap;

use super::{
    error::ConfigError,
    key::Key,
    precedence::MergedValues,
    source::Source,
    value::{ConfigValue, RawValue},
};

/// A key with its value and origin, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedValue {
    pub key: &'static str,
    /// Text of the value. For a secret it says only whether the secret is set.
    pub value: String,
    pub source: Source,
}

/// Origin and validity of every key, after all have been parsed.
pub(super) struct ParsedSources {
    sources: BTreeMap<&'static str, (Source, bool)>,
}

impl ParsedSources {
    pub(super) fn source(&self, key: &str) -> Source {
        self.sources.get(key).map_or(Source::Default, |(source, _)| source.clone())
    }

    /// Returns true if the key's value was parsed. Otherwise a default stands in for it, which must not be validated.
    pub(super) fn is_valid(&self, key: &str) -> bool {
        self.sources.get(key).is_none_or(|(_, is_valid)| *is_valid)
    }
}

/// Parses keys one by one.
pub(super) struct Reader {
    values: MergedValues,
    resolved: Vec<ResolvedValue>,
    errors: Vec<ConfigError>,
    sources: BTreeMap<&'static str, (Source, bool)>,
}

impl Reader {
    pub(super) const fn new(values: MergedValues, errors: Vec<ConfigError>) -> Self {
        Self { values, resolved: Vec::new(), errors, sources: BTreeMap::new() }
    }

    /// Parses the value of a key. An invalid value is recorded as an error and replaced by the default, so that the
    /// remaining keys are checked too.
    pub(super) fn value<V: ConfigValue>(&mut self, key: &Key) -> V {
        let has_error = self.errors.iter().any(|error| error.key == key.name);
        let (value, source, is_valid) = match self.values.take(key.name) {
            None => (default(key), Source::Default, !has_error),
            Some((raw, source)) => match V::from_raw(&raw) {
                Ok(value) => (value, source, true),
                Err(message) => {
                    self.errors.push(ConfigError::new(key.name, source.clone(), message));
                    (default(key), source, false)
                }
            },
        };
        self.sources.insert(key.name, (source.clone(), is_valid));
        self.resolved.push(ResolvedValue { key: key.name, value: value.display(), source });
        value
    }

    pub(super) fn finish(self) -> (Vec<ResolvedValue>, Vec<ConfigError>, ParsedSources) {
        (self.resolved, self.errors, ParsedSources { sources: self.sources })
    }
}

/// The default value. A test checks that every default can be parsed.
fn default<V: ConfigValue>(key: &Key) -> V {
    V::from_raw(&RawValue::Text(key.default.to_owned())).unwrap_or_else(|_| V::placeholder())
}
