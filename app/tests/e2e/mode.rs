//! Embedded mode: one process and one SQLite file.

/// Settings that select embedded mode. Empty, because it is the default.
pub(crate) const fn settings() -> Vec<(String, String)> {
    Vec::new()
}

/// Settings that production requires in this mode: embedded storage must be chosen explicitly.
pub(crate) const PRODUCTION_SETTINGS: &[(&str, &str)] = &[("KITH_EMBEDDED", "true")];
