//! Fail-open content screen.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::ports::{ContentScreen, Feature, FeatureFlags, FlagSubject, ScreenVerdict, SubmittedText};
use tokio::time::timeout;

use crate::TextScreen;

/// Longest time that the publication of a text waits for the screen.
const SCREEN_TIMEOUT: Duration = Duration::from_millis(200);

/// Implements [`ContentScreen`] with a timeout that fails open: on error, timeout or while the feature is switched off,
/// the text is published unscreened.
pub struct FailOpenScreen {
    screen: Arc<dyn TextScreen>,
    flags: Arc<dyn FeatureFlags>,
    timeout: Duration,
    skipped: AtomicU64,
}

impl FailOpenScreen {
    #[must_use]
    pub const fn new(screen: Arc<dyn TextScreen>, flags: Arc<dyn FeatureFlags>) -> Self {
        Self { screen, flags, timeout: SCREEN_TIMEOUT, skipped: AtomicU64::new(0) }
    }

    /// Number of texts published unscreened because of an error or timeout since the process started.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    fn skip(&self, text: &SubmittedText, error: &str) -> ScreenVerdict {
        let skipped = self.skipped.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        tracing::error!(content = %text.content, error, skipped, "content screen failed, publishing unscreened");
        ScreenVerdict::UNSCREENED
    }
}

#[async_trait]
impl ContentScreen for FailOpenScreen {
    async fn screen(&self, text: &SubmittedText) -> ScreenVerdict {
        let screening = async {
            if self.flags.is_enabled(Feature::ContentScreen, FlagSubject::Account(text.author)).await {
                return self.screen.screen(text).await;
            }
            tracing::warn!(content = %text.content, "content screen disabled, publishing unscreened");
            Ok(ScreenVerdict::UNSCREENED)
        };
        match timeout(self.timeout, screening).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => self.skip(text, &error.to_string()),
            Err(_) => self.skip(text, "timed out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use kith_kernel::{
        ContentId, ErrorKind, PortError, PostId, UserId,
        ports::{Hold, HoldReason},
    };
    use kith_testkit::StubFlags;
    use uuid::Uuid;

    use super::*;

    /// Responds at once.
    struct HoldingScreen;

    /// Never responds.
    struct HangingScreen;

    struct FailingScreen;

    fn verdict() -> ScreenVerdict {
        let hold = Some(Hold { rule: "phone".to_owned(), reason: HoldReason::Contact });
        ScreenVerdict { hold, crisis: false, version: 7 }
    }

    #[async_trait]
    impl TextScreen for HoldingScreen {
        async fn screen(&self, _: &SubmittedText) -> Result<ScreenVerdict, PortError> {
            Ok(verdict())
        }
    }

    #[async_trait]
    impl TextScreen for HangingScreen {
        async fn screen(&self, _: &SubmittedText) -> Result<ScreenVerdict, PortError> {
            pending().await
        }
    }

    #[async_trait]
    impl TextScreen for FailingScreen {
        async fn screen(&self, _: &SubmittedText) -> Result<ScreenVerdict, PortError> {
            Err(PortError::new(ErrorKind::Unavailable, "unavailable"))
        }
    }

    fn text() -> SubmittedText {
        let id = Uuid::nil();
        let content = ContentId::Post(PostId::from_uuid(id));
        SubmittedText { content, author: UserId::from_uuid(id), circle: None, text: "call me".to_owned() }
    }

    fn fail_open(screen: impl TextScreen + 'static) -> FailOpenScreen {
        FailOpenScreen::new(Arc::new(screen), Arc::new(StubFlags::default()))
    }

    #[tokio::test]
    async fn a_verdict_in_time_is_returned() {
        let screen = fail_open(HoldingScreen);
        assert_eq!(screen.screen(&text()).await, verdict());
        assert_eq!((screen.skipped(), screen.timeout), (0, Duration::from_millis(200)));
    }

    #[tokio::test]
    async fn an_error_or_a_timeout_is_counted_and_publishes_unscreened() {
        let hanging = FailOpenScreen { timeout: Duration::from_millis(1), ..fail_open(HangingScreen) };
        for screen in [hanging, fail_open(FailingScreen)] {
            assert_eq!(screen.screen(&text()).await, ScreenVerdict::UNSCREENED);
            assert_eq!(screen.skipped(), 1);
        }
    }

    #[tokio::test]
    async fn a_disabled_screen_publishes_unscreened_until_it_is_enabled() {
        let flags = Arc::new(StubFlags::default());
        let screen = FailOpenScreen::new(Arc::new(HoldingScreen), flags.clone());
        flags.disable(Feature::ContentScreen);
        assert_eq!(screen.screen(&text()).await, ScreenVerdict::UNSCREENED);
        assert_eq!(screen.skipped(), 0);
        flags.enable(Feature::ContentScreen);
        assert_eq!(screen.screen(&text()).await, verdict());
    }
}
