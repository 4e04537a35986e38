//! `kith config check` and `kith config docs`.

use std::io::{self, Write};

use crate::config::{Loaded, docs};

/// Every value and where it comes from.
///
/// # Errors
/// Those of writing.
pub fn check(loaded: &Loaded, out: &mut dyn Write) -> io::Result<()> {
    let width = loaded.shown.iter().map(|shown| shown.key.len()).max().unwrap_or(0);
    for shown in &loaded.shown {
        writeln!(out, "{:width$}  {}  ({})", shown.key, shown.value, shown.source)?;
    }
    writeln!(out, "nothing is wrong with the configuration")
}

/// docs/configuration.md.
///
/// # Errors
/// Those of writing.
pub fn page(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(docs::page().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, Request, load};

    #[test]
    fn every_value_is_shown_with_its_source_and_no_secret_is() {
        let secret = "6d3c1f0e9b8a7766554433221100ffeeddccbbaa99887f6e5d4c3b2a19080716";
        let pairs = [("KITH_LISTEN", "127.0.0.1:9"), ("KITH_SECRETS_CURRENT", secret)];
        let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let request = Request { file: None, folder: Path::new("/nowhere"), environment: &environment };
        let mut out = Vec::new();
        check(&load(request).unwrap(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("127.0.0.1:9  (KITH_LISTEN)"), "{text}");
        assert!(text.contains("set  (KITH_SECRETS_CURRENT)"), "{text}");
        assert!(!text.contains(secret));
    }
}
