//! Who has the last word on a key: a variable, then the file, then the default.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{Environment, FILE_VARIABLE, Fault, Key, fault::meant, keys::KEYS};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The file.
    File {
        /// Which.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
    },
    /// A variable.
    Variable(String),
    /// The file that a variable names.
    Named {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Named { variable, path } => write!(f, "{variable}, {}", path.display()),
        }
    }
}

/// A value before it has a type.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Raw {
    Text(String),
    List(Vec<String>),
}

/// One key of the file, or one variable.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) raw: Raw,
    pub(super) source: Source,
}

/// What somebody said about each key.
pub(super) struct Sources(BTreeMap<&'static str, (Raw, Source)>);

/// Variables that are not the configuration's, and not wrong.
const FOREIGN: &str = "KITH_TEST_";

impl Sources {
    /// The file's entries with the variables over them.
    pub(super) fn gather(entries: Vec<Entry>, environment: &Environment, faults: &mut Vec<Fault>) -> Self {
        let mut said = Self(BTreeMap::new());
        for Entry { key, raw, source } in entries {
            match KEYS.iter().find(|known| known.name == key) {
                Some(known) => said.hear(known, raw, source),
                None => faults.push(unknown(key, source)),
            }
        }
        for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("KITH_")) {
            said.hear_variable(name, value, environment, faults);
        }
        said
    }

    pub(super) fn take(&mut self, key: &str) -> Option<(Raw, Source)> {
        self.0.remove(key)
    }

    fn hear(&mut self, key: &Key, raw: Raw, source: Source) {
        self.0.insert(key.name, (raw, source));
    }

    fn hear_variable(&mut self, name: &str, value: &str, environment: &Environment, faults: &mut Vec<Fault>) {
        if name.starts_with(FOREIGN) || name == FILE_VARIABLE {
            return;
        }
        if let Some(key) = KEYS.iter().find(|key| key.variable() == name) {
            return self.hear(key, Raw::Text(value.to_owned()), Source::Variable(name.to_owned()));
        }
        let Some(key) = KEYS.iter().find(|key| key.file_variable().as_deref() == Some(name)) else {
            return faults.push(unknown_variable(name));
        };
        let source = Source::Named { variable: name.to_owned(), path: PathBuf::from(value) };
        if environment.contains_key(&key.variable()) {
            let what = format!("{} is set as well; one of them has to go", key.variable());
            return faults.push(Fault::new(key.name, source, what));
        }
        match fs::read_to_string(Path::new(value)) {
            Ok(text) => self.hear(key, Raw::Text(text.trim().to_owned()), source),
            Err(error) => faults.push(Fault::new(key.name, source, format!("cannot be read: {error}"))),
        }
    }
}

fn unknown(key: String, source: Source) -> Fault {
    let what = match meant(&key, KEYS.iter().map(|known| known.name)) {
        Some(known) => format!("there is no such key; did you mean {known}?"),
        None => "there is no such key".to_owned(),
    };
    Fault::new(key, source, what)
}

fn unknown_variable(name: &str) -> Fault {
    let known: Vec<String> =
        KEYS.iter().flat_map(|key| [Some(key.variable()), key.file_variable()]).flatten().collect();
    let what = match meant(name, known.iter().map(String::as_str).chain([FILE_VARIABLE])) {
        Some(known) => format!("no key has this variable; did you mean {known}?"),
        None => "no key has this variable".to_owned(),
    };
    Fault::new("", Source::Variable(name.to_owned()), what)
}
