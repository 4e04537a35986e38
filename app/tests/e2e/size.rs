//! The first size: one process, one file.

/// What makes a server of this size: nothing, it is the default.
pub(crate) const fn servers() -> Vec<(String, String)> {
    Vec::new()
}

/// What has to be said in production besides: that one file is what is wanted.
pub(crate) const PRODUCTION: &[(&str, &str)] = &[("KITH_EMBEDDED", "true")];
