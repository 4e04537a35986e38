//! Feature flags for tests.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use kith_kernel::ports::{Feature, FeatureFlags, FlagSubject};

/// Feature flags that a test switches for all callers. Every feature is enabled at first.
#[derive(Debug, Default)]
pub struct StubFlags(Mutex<BTreeSet<Feature>>);

impl StubFlags {
    pub fn disable(&self, feature: Feature) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(feature);
    }

    pub fn enable(&self, feature: Feature) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&feature);
    }
}

#[async_trait]
impl FeatureFlags for StubFlags {
    async fn is_enabled(&self, feature: Feature, _: FlagSubject) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&feature)
    }
}
