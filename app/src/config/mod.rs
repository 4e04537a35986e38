//! What the operator chose: typed, checked, and every fault of it named at once.
//!
//! Defaults come first, then a file, then `KITH_*` variables; the later wins. Nothing here reads the process: the
//! environment is passed in.
//!
//! | file | holds |
//! | --- | --- |
//! | `keys` | every key, declared once: its type, its default, what it means |
//! | `declare` | what becomes of a declaration: the struct, the reader, the list of keys |
//! | `value`, `network`, `choice`, [`secrets`] | how the text of a value is read and shown |
//! | `file` | TOML and YAML, down to keys with lines |
//! | `source` | who has the last word on a key |
//! | `rules`, `servers` | what values must be together |
//! | `fault` | what is wrong, where, and what was probably meant |
//! | [`docs`] | docs/configuration.md |
//!
//! # To add a key
//! Add its line in `keys`, with its doc sentence and its default; if it must fit another key, say so in `rules`. Then
//! run `kith config docs > docs/configuration.md`.

mod choice;
mod declare;
pub mod docs;
mod fault;
mod file;
mod keys;
mod network;
mod rules;
pub mod secrets;
mod servers;
mod source;
mod value;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use self::{
    choice::{Directives, Embedded, LogFormat, Mode},
    declare::{Key, Shown},
    fault::{Fault, Faults},
    keys::{Audit, Auth, Cluster, Config, Cors, Http, Log, Realtime, Secrets},
    network::{Namespace, Network, Origins, PublicUrl, ServerUrl},
    servers::{Four, Urls},
    source::Source,
    value::{List, Size},
};
use self::{declare::Reader, source::Sources};

/// The variables of the environment.
pub type Environment = BTreeMap<String, String>;

/// Names the file, where no flag does.
pub const FILE_VARIABLE: &str = "KITH_CONFIG";

/// The files that are looked for where none is named.
const USUAL: [&str; 3] = ["kith.toml", "kith.yaml", "kith.yml"];

/// Where to look.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The file that a flag names.
    pub file: Option<&'a Path>,
    /// The folder where a `kith.toml` or `kith.yaml` counts.
    pub folder: &'a Path,
    /// The variables.
    pub environment: &'a Environment,
}

/// A configuration, and where each of its values comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Each key with its value, a secret's apart, and its source.
    pub shown: Vec<Shown>,
}

/// Reads everything, and checks it.
///
/// # Errors
/// All faults at once.
pub fn load(request: Request<'_>) -> Result<Loaded, Faults> {
    let mut faults = Vec::new();
    let file = match named(&request) {
        Ok(file) => file,
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let entries = file.as_deref().map_or_else(|| Ok(Vec::new()), file::read);
    let entries = entries.unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    let sources = Sources::gather(entries, request.environment, &mut faults);
    let mut reader = Reader::new(sources, faults);
    let config = Config::read(&mut reader);
    let (shown, mut faults, heard) = reader.finish();
    rules::check(&config, &heard, &mut faults);
    servers::check(&config, &heard, &mut faults);
    if faults.is_empty() { Ok(Loaded { config, file, shown }) } else { Err(Faults::new(faults)) }
}

fn named(request: &Request<'_>) -> Result<Option<PathBuf>, Fault> {
    if let Some(file) = request.file {
        return Ok(Some(file.to_owned()));
    }
    if let Some(file) = request.environment.get(FILE_VARIABLE) {
        return Ok(Some(PathBuf::from(file)));
    }
    let found: Vec<_> = USUAL.iter().map(|name| request.folder.join(name)).filter(|path| path.is_file()).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        [one, other, ..] => {
            let what = format!("{} is here too; name the one that counts with --config", other.display());
            Err(Fault::new("", Source::File { path: one.clone(), line: None }, what))
        }
    }
}

#[cfg(test)]
mod tests;
