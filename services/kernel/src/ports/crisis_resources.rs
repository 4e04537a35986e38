//! Crisis resources.

/// A service that helps people in a crisis. At least one of `phone`, `text` and `url` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrisisResource {
    pub name: &'static str,
    pub phone: Option<&'static str>,
    /// Text message to send, and its recipient.
    pub text: Option<&'static str>,
    pub url: Option<&'static str>,
    /// Kind of help, languages and hours, in English.
    pub description: &'static str,
}

/// Finds crisis resources. Implemented by `screening`.
pub trait CrisisResourceLookup: Send + Sync {
    /// Returns the resources for a BCP 47 locale, the nearest first. Never empty: without a known region, the list
    /// contains the resources that help anywhere.
    fn find(&self, locale: Option<&str>) -> Vec<CrisisResource>;
}
