//! Screening of texts before publication.

use async_trait::async_trait;

use crate::{CircleId, ContentId, UserId};

/// Screens texts before publication. Implemented by `screening`.
#[async_trait]
pub trait ContentScreen: Send + Sync {
    /// Screens a text. It fails open: if the text cannot be screened in time, the verdict is
    /// [`UNSCREENED`](ScreenVerdict::UNSCREENED) and the implementation logs the reason. Publication never waits for
    /// longer than 200 ms.
    async fn screen(&self, text: &SubmittedText) -> ScreenVerdict;
}

/// A text submitted for publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedText {
    pub content: ContentId,
    pub author: UserId,
    /// The circle in which it is published; `None` for public content.
    pub circle: Option<CircleId>,
    pub text: String,
}

/// Result of screening a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenVerdict {
    /// Set if a moderator has to review the text before others see it. Never set together with `crisis`.
    pub hold: Option<Hold>,
    /// True if the author writes of harming themselves now.
    pub crisis: bool,
    /// Version of the rule set that gave the verdict.
    pub version: u32,
}

impl ScreenVerdict {
    /// Verdict on a text that was not screened: publish.
    pub const UNSCREENED: Self = Self { hold: None, crisis: false, version: 0 };
}

/// Reason for which a moderator reviews a text before others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Name of the rule that matched.
    pub rule: String,
    pub reason: HoldReason,
}

/// Class of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    /// The text contains contact details or a place at which a person can be found.
    Contact,
    /// The text is an attempt at fraud.
    Scam,
}
