//! Cached feature flags.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{
    Clock, Timestamp,
    ports::{Feature, FeatureFlags, FlagSubject},
};
use tokio::{sync::Mutex, time::timeout};

use crate::{FlagSet, store::Store};

/// Longest time after which a change made on another node takes effect here, while the store responds.
const FLAGS_TTL: Duration = Duration::from_secs(5);

/// Time until the next attempt after the store could not be read.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Less than the budget of callers that must not fail because of a flag, such as the content screen.
const READ_TIMEOUT: Duration = Duration::from_millis(100);

/// Implements [`FeatureFlags`] on the store, with a cache of all flags.
///
/// All flags are read at once, since they are few and evaluated often. If the store cannot be read, the last known
/// flags apply; before the first read, every feature is enabled.
pub struct CachedFeatureFlags {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    cached: RwLock<Cached>,
    /// Held by the caller that reads the store.
    refresh: Mutex<()>,
}

#[derive(Default)]
struct Cached {
    flags: Arc<FlagSet>,
    expires_at: Option<Timestamp>,
}

impl CachedFeatureFlags {
    /// Creates an empty cache. The first evaluation reads the store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, cached: RwLock::default(), refresh: Mutex::default() }
    }

    /// Makes the next evaluation on this node read the store. A read that is in progress finishes first, because it
    /// may have missed the change.
    pub async fn invalidate(&self) {
        let _refresh = self.refresh.lock().await;
        self.cached.write().unwrap_or_else(PoisonError::into_inner).expires_at = None;
    }

    /// Returns all flags, at most `FLAGS_TTL` old while the store responds.
    pub async fn current(&self) -> Arc<FlagSet> {
        if let Some(flags) = self.unexpired() {
            return flags;
        }
        let _refresh = self.refresh.lock().await;
        // Another caller may have refreshed the cache while this one waited for the lock.
        if let Some(flags) = self.unexpired() {
            return flags;
        }
        let now = self.clock.now();
        let (flags, ttl) = match timeout(READ_TIMEOUT, self.store.list(None, i64::MAX)).await {
            Ok(Ok(flags)) => (Arc::new(flags.into_iter().collect()), FLAGS_TTL),
            Ok(Err(error)) => {
                tracing::warn!(%error, "failed to refresh feature flags, using the last known version");
                (self.last_known(), RETRY_INTERVAL)
            }
            Err(_) => {
                tracing::warn!("timed out refreshing feature flags, using the last known version");
                (self.last_known(), RETRY_INTERVAL)
            }
        };
        let cached = Cached { flags: flags.clone(), expires_at: Some(now.after(ttl)) };
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) = cached;
        flags
    }

    fn unexpired(&self) -> Option<Arc<FlagSet>> {
        let now = self.clock.now();
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        // An expiry more than the TTL ahead is from before the clock was set back.
        let is_valid = cached.expires_at.is_some_and(|at| now < at && at <= now.after(FLAGS_TTL));
        is_valid.then(|| cached.flags.clone())
    }

    fn last_known(&self) -> Arc<FlagSet> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).flags.clone()
    }
}

#[async_trait]
impl FeatureFlags for CachedFeatureFlags {
    async fn is_enabled(&self, feature: Feature, subject: FlagSubject) -> bool {
        self.current().await.is_enabled(feature, subject)
    }
}
