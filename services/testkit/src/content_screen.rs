//! Scripted content screen.

use async_trait::async_trait;
use kith_kernel::ports::{ContentScreen, Hold, HoldReason, ScreenVerdict, SubmittedText};

/// Content screen whose verdict depends on the phrases that a text contains.
#[derive(Debug, Clone, Copy, Default)]
pub struct StubScreen;

impl StubScreen {
    /// A text with this phrase is held.
    pub const HOLD: &'static str = "call me";
    /// A text with this phrase contains crisis language.
    pub const CRISIS: &'static str = "end it all";
}

#[async_trait]
impl ContentScreen for StubScreen {
    async fn screen(&self, submitted: &SubmittedText) -> ScreenVerdict {
        let contains = |phrase| submitted.text.contains(phrase);
        let hold = contains(Self::HOLD).then(|| Hold { rule: "phone".to_owned(), reason: HoldReason::Contact });
        ScreenVerdict { hold, crisis: contains(Self::CRISIS), version: 1 }
    }
}
