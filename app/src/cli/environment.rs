//! The environment variables of the process.

use std::env;

use crate::config::Environment;

/// Returns the variables that begin with `KITH_`. Invalid UTF-8 is replaced by U+FFFD, which no value allows.
#[must_use]
pub fn kith_variables() -> Environment {
    let pairs = env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value));
    pairs
        .filter(|(name, _)| name.starts_with("KITH_"))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}
