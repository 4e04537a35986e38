//! Origin of a configuration value.

use std::{fmt, path::PathBuf};

/// Origin of a value, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    /// The configuration file.
    File {
        path: PathBuf,
        /// Line number from 1, if known.
        line: Option<usize>,
    },
    /// An environment variable.
    Variable(String),
    /// A file named by an environment variable.
    VariableFile {
        variable: String,
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
            Self::VariableFile { variable, path } => write!(f, "{variable}, {}", path.display()),
        }
    }
}
