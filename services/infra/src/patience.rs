//! A screen that nobody waits for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{
    Failure,
    ports::{Screen, Verdict, Written},
};
use tokio::time::timeout;

/// How long somebody who wrote something waits for what the screen says of it.
pub const WITHIN: Duration = Duration::from_millis(200);

/// Says what the screen behind it says, if it does so in time, and nothing if not: a text is then published. It never
/// fails.
pub struct Patience {
    screen: Arc<dyn Screen>,
    within: Duration,
    missed: AtomicU64,
}

impl Patience {
    /// Before this screen.
    #[must_use]
    pub const fn before(screen: Arc<dyn Screen>) -> Self {
        Self { screen, within: WITHIN, missed: AtomicU64::new(0) }
    }

    /// How many texts went by without a look at them, in this life of the process.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    fn miss(&self, written: &Written, why: &str) -> Verdict {
        let missed = self.missed.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        tracing::error!(content = %written.content, why, missed, "a text is published without a look at it");
        Verdict { hold: None, crisis: false, version: 0 }
    }
}

#[async_trait]
impl Screen for Patience {
    async fn look(&self, written: &Written) -> Result<Verdict, Failure> {
        Ok(match timeout(self.within, self.screen.look(written)).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(failure)) => self.miss(written, &failure.to_string()),
            Err(_) => self.miss(written, "it took too long"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use kith_kernel::{
        Content, Fault, PostId, UserId,
        ports::{Hold, HoldReason},
    };
    use uuid::Uuid;

    use super::*;

    /// Answers at once.
    struct Prompt;

    /// Never answers.
    struct Silent;

    /// Fails.
    struct Broken;

    fn verdict() -> Verdict {
        let hold = Some(Hold { rule: "phone".to_owned(), reason: HoldReason::Contact });
        Verdict { hold, crisis: false, version: 7 }
    }

    #[async_trait]
    impl Screen for Prompt {
        async fn look(&self, _: &Written) -> Result<Verdict, Failure> {
            Ok(verdict())
        }
    }

    #[async_trait]
    impl Screen for Silent {
        async fn look(&self, _: &Written) -> Result<Verdict, Failure> {
            pending().await
        }
    }

    #[async_trait]
    impl Screen for Broken {
        async fn look(&self, _: &Written) -> Result<Verdict, Failure> {
            Err(Failure::new(Fault::Unavailable, "no answer"))
        }
    }

    fn written() -> Written {
        let id = Uuid::nil();
        let content = Content::Post(PostId::from_uuid(id));
        Written { content, author: UserId::from_uuid(id), circle: None, text: "call me".to_owned() }
    }

    #[tokio::test]
    async fn what_is_said_in_time_is_heard() {
        let patience = Patience::before(Arc::new(Prompt));
        assert_eq!(patience.look(&written()).await.unwrap(), verdict());
        assert_eq!((patience.missed(), patience.within), (0, Duration::from_millis(200)));
    }

    #[tokio::test]
    async fn nobody_waits_for_one_that_is_slow_or_fails_and_it_is_counted() {
        let silent = Patience { within: Duration::from_millis(1), ..Patience::before(Arc::new(Silent)) };
        for patience in [silent, Patience::before(Arc::new(Broken))] {
            let said = patience.look(&written()).await.unwrap();
            assert_eq!((said.hold, said.crisis), (None, false));
            assert_eq!(patience.missed(), 1);
        }
    }
}
