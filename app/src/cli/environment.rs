//! The process's variables, read once.

use std::env;

use crate::config::Environment;

/// The variables that are ours. Nothing else of the environment goes any further.
///
/// Bytes that are no text become marks that no value allows.
#[must_use]
pub fn ours() -> Environment {
    let pairs = env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value));
    pairs
        .filter(|(name, _)| name.starts_with("KITH_"))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}
