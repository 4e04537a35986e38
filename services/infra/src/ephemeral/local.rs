//! In this process alone: right for the embedded size.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{
    Clock, PortError, Timestamp,
    ports::{EphemeralStore, PeriodicJob},
};

/// A map whose entries end.
pub struct Local {
    kept: Mutex<HashMap<String, (Timestamp, Vec<u8>)>>,
    clock: Arc<dyn Clock>,
}

impl Local {
    /// An empty one.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { kept: Mutex::default(), clock }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, (Timestamp, Vec<u8>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EphemeralStore for Local {
    async fn put(&self, name: &str, value: Vec<u8>, lasts: Duration) -> Result<(), PortError> {
        self.kept().insert(name.to_owned(), (self.clock.now().after(lasts), value));
        Ok(())
    }

    async fn take(&self, name: &str) -> Result<Option<Vec<u8>>, PortError> {
        let found = self.kept().remove(name);
        Ok(found.filter(|(until, _)| *until > self.clock.now()).map(|(_, value)| value))
    }
}

#[async_trait]
impl PeriodicJob for Local {
    fn name(&self) -> &'static str {
        "ephemeral"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let (mut kept, now) = (self.kept(), self.clock.now());
        let before = kept.len();
        kept.retain(|_, (until, _)| *until > now);
        Ok(u64::try_from(before.saturating_sub(kept.len())).unwrap_or(u64::MAX))
    }
}
