//! Screening by the newest rules.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{
    Clock, ContentId, PortError, Timestamp,
    ports::{Hold, HoldReason, ScreenVerdict, SubmittedText},
};
use kith_screening_engine::{Action, Detector, Engine, RuleSet, Verdict};
use tokio::sync::Mutex;

use crate::{Error, domain::kind_of, store::Store};

/// Age at which cached rules are refreshed. One call refreshes them, and concurrent calls use the cached ones in the
/// meantime, so that a change takes effect within five seconds on a node that screens continuously.
const RULES_TTL: Duration = Duration::from_secs(4);

/// Time until the next attempt after the store could not be read.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Less than the timeout of a screening, so that a slow store leaves time to screen by the cached rules.
const STORE_TIMEOUT: Duration = Duration::from_millis(100);

/// A screen that can fail. [`FailOpenScreen`](crate::FailOpenScreen) makes it usable as the port `ContentScreen`.
#[async_trait]
pub trait TextScreen: Send + Sync {
    /// Screens a text before it is published.
    async fn screen(&self, text: &SubmittedText) -> Result<ScreenVerdict, PortError>;
}

/// Screens texts by the newest rules that this node could read.
///
/// If the store is unavailable, the last known rules apply; before the first read, the built-in ones.
pub struct RuleScreen {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    current: RwLock<Arc<Engine>>,
    /// Time of the next refresh. The call that holds the lock refreshes.
    refresh_at: Mutex<Option<Timestamp>>,
    /// True after the first successful read.
    loaded: AtomicBool,
}

impl RuleScreen {
    /// Creates a screen with the built-in rules. The first screening reads the store.
    ///
    /// # Errors
    /// [`Error::StoredRules`] if the built-in rules are invalid.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let built_in = RuleSet::default_rules().and_then(|it| Engine::new(&it)).map_err(Error::StoredRules)?;
        let current = RwLock::new(Arc::new(built_in));
        Ok(Self { store, clock, current, refresh_at: Mutex::new(None), loaded: AtomicBool::new(false) })
    }

    /// Returns the engine with the rules that this node uses now.
    #[must_use]
    pub fn current(&self) -> Arc<Engine> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the rules if the given ones are newer.
    pub(crate) fn install(&self, new: Arc<Engine>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if new.version() > current.version() {
            *current = new;
        }
    }

    /// Reads newer rules if the cached ones have expired. Concurrent calls do not wait, except for the first read.
    async fn refresh(&self) {
        let mut refresh_at = match self.refresh_at.try_lock() {
            Ok(refresh_at) => refresh_at,
            Err(_) if self.loaded.load(Ordering::Relaxed) => return,
            Err(_) => self.refresh_at.lock().await,
        };
        let now = self.clock.now();
        // A time more than the TTL ahead is from before the clock was set back.
        if refresh_at.is_some_and(|at| now < at && at <= now.after(RULES_TTL)) {
            return;
        }
        let wait = match tokio::time::timeout(STORE_TIMEOUT, self.newer_rules()).await {
            Ok(Ok(newer)) => {
                if let Some(newer) = newer {
                    self.install(newer);
                }
                self.loaded.store(true, Ordering::Relaxed);
                RULES_TTL
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "failed to refresh screening rules, using the last known version");
                RETRY_INTERVAL
            }
            Err(_) => {
                tracing::warn!("timed out refreshing screening rules, using the last known version");
                RETRY_INTERVAL
            }
        };
        *refresh_at = Some(now.after(wait));
    }

    /// Reads the newest rules if they are newer than the current ones.
    async fn newer_rules(&self) -> Result<Option<Arc<Engine>>, Error> {
        let current = self.current();
        let newest = self.store.newest_version().await?.filter(|version| *version > current.version());
        let Some(version) = newest else { return Ok(None) };
        let Some(stored) = self.store.find(version).await? else { return Ok(None) };
        Ok(Some(Arc::new(current.with_rules(&stored.rules).map_err(Error::StoredRules)?)))
    }
}

#[async_trait]
impl TextScreen for RuleScreen {
    async fn screen(&self, text: &SubmittedText) -> Result<ScreenVerdict, PortError> {
        self.refresh().await;
        let verdict = self.current().screen(kind_of(text.content), &text.text);
        log_shadow_matches(text.content, &verdict);
        Ok(ScreenVerdict { hold: hold_of(&verdict), crisis: verdict.crisis.is_some(), version: verdict.version })
    }
}

fn hold_of(verdict: &Verdict) -> Option<Hold> {
    let rule = verdict.hold()?;
    let is_scam = rule.findings.iter().any(|it| it.detector == Detector::Scam);
    let reason = if is_scam { HoldReason::Scam } else { HoldReason::Contact };
    Some(Hold { rule: rule.rule.clone(), reason })
}

/// Logs matches of rules in shadow mode, without any of the text.
fn log_shadow_matches(content: ContentId, verdict: &Verdict) {
    for shadow in verdict.matches.iter().filter(|it| it.action == Action::Shadow) {
        tracing::info!(%content, rule = shadow.rule, version = verdict.version, "shadow rule matched");
    }
}
