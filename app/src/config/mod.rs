//! Typed and validated configuration. All errors are reported at once.
//!
//! Defaults are overridden by a file, and the file by `KITH_*` variables. This module does not read the process
//! environment; it is passed in.
//!
//! | file | content |
//! | --- | --- |
//! | `keys` | every key with type, default and description |
//! | `declare` | the macro that generates structs and parsing from the declaration |
//! | `key`, `source`, [`error`] | description of a key, origin of a value, errors with suggestions |
//! | `value`, `network`, `enums`, `secret` | parsing and display of values |
//! | `file` | TOML and YAML, flattened to keys with line numbers |
//! | `precedence`, `reader` | merging of the sources, parsing of all keys |
//! | `validation`, `servers` | rules that involve several keys |
//! | [`secrets`] | secrets that are generated and stored in development |
//! | [`docs`] | docs/configuration.md |
//!
//! # To add a key
//! Add it in `keys` with its description and default, and its constraints in `validation`. Then run
//! `kith config docs > docs/configuration.md`.

mod declare;
pub mod docs;
mod enums;
pub mod error;
mod file;
mod key;
mod keys;
mod network;
mod precedence;
mod reader;
mod secret;
pub mod secrets;
mod servers;
mod source;
mod validation;
mod value;

use std::path::{Path, PathBuf};

pub use self::{
    enums::{Embedded, LogFilter, LogFormat, Mode},
    error::{ConfigError, ConfigErrors},
    key::Key,
    keys::{Audit, Auth, Cluster, Config, Cors, Http, Log, Realtime, Secrets},
    network::{IpNetwork, Namespace, Origins, PublicUrl, ServerUrl},
    precedence::{Environment, FILE_VARIABLE},
    reader::ResolvedValue,
    servers::{ClusterUrls, ServerUrls},
    source::Source,
    value::{List, Size},
};
use self::{keys::KEYS, precedence::MergedValues, reader::Reader};

/// Names of the files that are loaded from the working directory if none is named.
const DEFAULT_FILES: [&str; 3] = ["kith.toml", "kith.yaml", "kith.yml"];

/// Places from which the configuration is loaded.
#[derive(Debug, Clone, Copy)]
pub struct ConfigSource<'a> {
    /// File named on the command line.
    pub file: Option<&'a Path>,
    /// Folder of the default files.
    pub folder: &'a Path,
    pub environment: &'a Environment,
}

/// A valid configuration with the origin of its values.
#[derive(Debug, Clone)]
pub struct LoadedConfig {
    pub config: Config,
    /// The configuration file, if any.
    pub file: Option<PathBuf>,
    pub resolved: Vec<ResolvedValue>,
}

/// Loads and validates the configuration.
///
/// # Errors
/// All errors at once.
pub fn load(source: ConfigSource<'_>) -> Result<LoadedConfig, ConfigErrors> {
    let mut errors = Vec::new();
    let file = find_file(&source).unwrap_or_else(|error| {
        errors.push(error);
        None
    });
    let entries = file.as_deref().map_or_else(|| Ok(Vec::new()), file::read);
    let entries = entries.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let values = MergedValues::merge(KEYS, entries, source.environment, &mut errors);
    let mut reader = Reader::new(values, errors);
    let config = Config::read(&mut reader);
    let (resolved, mut errors, sources) = reader.finish();
    validation::validate(&config, &sources, &mut errors);
    servers::validate(&config, &sources, &mut errors);
    if errors.is_empty() { Ok(LoadedConfig { config, file, resolved }) } else { Err(ConfigErrors::new(errors)) }
}

fn find_file(source: &ConfigSource<'_>) -> Result<Option<PathBuf>, ConfigError> {
    if let Some(file) = source.file {
        return Ok(Some(file.to_owned()));
    }
    if let Some(file) = source.environment.get(FILE_VARIABLE) {
        return Ok(Some(PathBuf::from(file)));
    }
    let paths = DEFAULT_FILES.iter().map(|name| source.folder.join(name));
    let found: Vec<_> = paths.filter(|path| path.is_file()).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        [one, other, ..] => {
            let message = format!("ambiguous: {} exists too; select one with --config", other.display());
            Err(ConfigError::new("", Source::File { path: one.clone(), line: None }, message))
        }
    }
}

#[cfg(test)]
mod tests;
