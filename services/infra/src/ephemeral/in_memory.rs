//! In-memory store of one process, for embedded mode.

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

/// Map with expiring entries.
pub struct InMemory {
    entries: Mutex<HashMap<String, (Timestamp, Vec<u8>)>>,
    clock: Arc<dyn Clock>,
}

impl InMemory {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { entries: Mutex::default(), clock }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, (Timestamp, Vec<u8>)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EphemeralStore for InMemory {
    async fn put(&self, name: &str, value: Vec<u8>, ttl: Duration) -> Result<(), PortError> {
        self.entries().insert(name.to_owned(), (self.clock.now().after(ttl), value));
        Ok(())
    }

    async fn take(&self, name: &str) -> Result<Option<Vec<u8>>, PortError> {
        let found = self.entries().remove(name);
        Ok(found.filter(|(expires_at, _)| *expires_at > self.clock.now()).map(|(_, value)| value))
    }
}

#[async_trait]
impl PeriodicJob for InMemory {
    fn name(&self) -> &'static str {
        "delete-expired-ephemeral-values"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let (mut entries, now) = (self.entries(), self.clock.now());
        let before = entries.len();
        entries.retain(|_, (expires_at, _)| *expires_at > now);
        Ok(u64::try_from(before.saturating_sub(entries.len())).unwrap_or(u64::MAX))
    }
}
