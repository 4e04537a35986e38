//! `kith config check` and `kith config docs`.

use std::io::{self, Write};

use crate::config::{LoadedConfig, docs};

/// Prints every value and its origin.
///
/// # Errors
/// Errors of writing.
pub fn check(loaded: &LoadedConfig, out: &mut dyn Write) -> io::Result<()> {
    let width = loaded.resolved.iter().map(|resolved| resolved.key.len()).max().unwrap_or(0);
    for resolved in &loaded.resolved {
        writeln!(out, "{:width$}  {}  ({})", resolved.key, resolved.value, resolved.source)?;
    }
    writeln!(out, "configuration is valid")
}

/// Prints docs/configuration.md.
///
/// # Errors
/// Errors of writing.
pub fn print_docs(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(docs::page().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{ConfigSource, Environment, load};

    #[test]
    fn values_are_printed_with_their_source_and_secrets_are_not() {
        let secret = "6d3c1f0e9b8a7766554433221100ffeeddccbbaa99887f6e5d4c3b2a19080716";
        let pairs = [("KITH_LISTEN", "127.0.0.1:9"), ("KITH_SECRETS_CURRENT", secret)];
        let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let source = ConfigSource { file: None, folder: Path::new("/nowhere"), environment: &environment };
        let mut out = Vec::new();
        check(&load(source).unwrap(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("127.0.0.1:9  (KITH_LISTEN)"), "{text}");
        assert!(text.contains("set  (KITH_SECRETS_CURRENT)"), "{text}");
        assert!(!text.contains(secret));
    }
}
