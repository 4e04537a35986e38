//! Findings of the detectors.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Kind of a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detector {
    /// Phone numbers.
    Phone,
    /// E-mail addresses.
    Email,
    /// URLs and host names.
    Url,
    /// User names on other networks, and requests for contact there.
    Handle,
    /// Postal addresses.
    Address,
    /// Fraud.
    Scam,
}

impl Detector {
    pub const ALL: [Self; 6] = [Self::Phone, Self::Email, Self::Url, Self::Handle, Self::Address, Self::Scam];
}

/// A part of a text that a detector has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub detector: Detector,
    /// Bytes of the original text, on character boundaries.
    pub span: Range<usize>,
    /// From 0 to 100.
    pub confidence: u8,
}
