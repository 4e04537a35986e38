//! Description of a configuration key.

/// A configuration key as declared in `keys`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Dotted name as in the file: `http.max_body_bytes`.
    pub name: &'static str,
    /// Description of valid values.
    pub type_hint: &'static str,
    /// Text of the default value; empty if there is none.
    pub default: &'static str,
    /// True if the value is never printed.
    pub secret: bool,
    pub doc: &'static str,
}

impl Key {
    /// Name of the environment variable: `KITH_HTTP_MAX_BODY_BYTES`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("KITH_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Name of the variable that names a file with the value. Only secrets have one.
    #[must_use]
    pub fn file_variable(&self) -> Option<String> {
        self.secret.then(|| format!("{}_FILE", self.variable()))
    }
}
