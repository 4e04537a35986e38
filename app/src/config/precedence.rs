//! Merges the sources of configuration values: a variable overrides the file, and the file overrides the default.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    error::{ConfigError, did_you_mean},
    key::Key,
    source::Source,
    value::RawValue,
};

/// Environment variables by name.
pub type Environment = BTreeMap<String, String>;

/// Environment variable that names the configuration file. The command-line flag overrides it.
pub const FILE_VARIABLE: &str = "KITH_CONFIG";

/// Prefix of variables that configure tests. They are ignored.
const TEST_VARIABLE_PREFIX: &str = "KITH_TEST_";

/// A key and value of the file, not yet validated.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: RawValue,
    pub(super) source: Source,
}

/// Values that are set in the file or in a variable, by key.
pub(super) struct MergedValues {
    keys: &'static [Key],
    values: BTreeMap<&'static str, (RawValue, Source)>,
}

impl MergedValues {
    /// Merges the entries of the file with the `KITH_*` variables. Unknown keys and variables are added to the errors.
    pub(super) fn merge(
        keys: &'static [Key],
        entries: Vec<Entry>,
        environment: &Environment,
        errors: &mut Vec<ConfigError>,
    ) -> Self {
        let mut merged = Self { keys, values: BTreeMap::new() };
        for Entry { key, value, source } in entries {
            match keys.iter().find(|known| known.name == key) {
                Some(known) => merged.set(known, value, source),
                None => errors.push(merged.unknown_key(key, source)),
            }
        }
        for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("KITH_")) {
            merged.set_from_variable(name, value, environment, errors);
        }
        merged
    }

    pub(super) fn take(&mut self, key: &str) -> Option<(RawValue, Source)> {
        self.values.remove(key)
    }

    fn set(&mut self, key: &Key, value: RawValue, source: Source) {
        self.values.insert(key.name, (value, source));
    }

    fn set_from_variable(&mut self, name: &str, value: &str, environment: &Environment, errors: &mut Vec<ConfigError>) {
        if name.starts_with(TEST_VARIABLE_PREFIX) || name == FILE_VARIABLE {
            return;
        }
        if let Some(key) = self.keys.iter().find(|key| key.variable() == name) {
            return self.set(key, RawValue::Text(value.to_owned()), Source::Variable(name.to_owned()));
        }
        let Some(key) = self.keys.iter().find(|key| key.file_variable().as_deref() == Some(name)) else {
            return errors.push(self.unknown_variable(name));
        };
        let source = Source::VariableFile { variable: name.to_owned(), path: PathBuf::from(value) };
        if environment.contains_key(&key.variable()) {
            let message = format!("conflicts with {}; set only one of them", key.variable());
            return errors.push(ConfigError::new(key.name, source, message));
        }
        match fs::read_to_string(Path::new(value)) {
            Ok(text) => self.set(key, RawValue::Text(text.trim().to_owned()), source),
            Err(error) => errors.push(ConfigError::new(key.name, source, format!("cannot read the file: {error}"))),
        }
    }

    fn unknown_key(&self, key: String, source: Source) -> ConfigError {
        let message = match did_you_mean(&key, self.keys.iter().map(|known| known.name)) {
            Some(known) => format!("unknown key; did you mean {known}?"),
            None => "unknown key".to_owned(),
        };
        ConfigError::new(key, source, message)
    }

    fn unknown_variable(&self, name: &str) -> ConfigError {
        let known: Vec<String> =
            self.keys.iter().flat_map(|key| [Some(key.variable()), key.file_variable()]).flatten().collect();
        let message = match did_you_mean(name, known.iter().map(String::as_str).chain([FILE_VARIABLE])) {
            Some(known) => format!("unknown variable; did you mean {known}?"),
            None => "unknown variable".to_owned(),
        };
        ConfigError::new("", Source::Variable(name.to_owned()), message)
    }
}
