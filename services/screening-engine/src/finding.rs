//! What was found in a text.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What looks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detector {
    /// Numbers that can be called.
    Phone,
    /// E-mail addresses.
    Email,
    /// Addresses of pages.
    Url,
    /// Names on other networks, and the wish to go there.
    Handle,
    /// Where somebody lives.
    Address,
    /// Fraud.
    Scam,
}

impl Detector {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Phone, Self::Email, Self::Url, Self::Handle, Self::Address, Self::Scam];
}

/// Something in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it was found by.
    pub detector: Detector,
    /// Which bytes of the text as it was written. They begin and end between characters.
    pub span: Range<usize>,
    /// How sure it is, of 100.
    pub confidence: u8,
}
