//! Whether a flag is on.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{Actor, Clock, Failure, Timestamp, ports::Flags};

use super::{Flag, store::Store};

/// How old what is remembered may be.
const FRESH: Duration = Duration::from_secs(5);

/// Answers [`Flags`]. All flags are read at once, and remembered for five seconds: they are few, and asked for often.
pub struct Switches {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    flags: Arc<HashMap<String, Flag>>,
    read_at: Timestamp,
}

impl Switches {
    /// The flags of this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, known: RwLock::new(None) }
    }

    /// What is remembered is read again: a flag was set here.
    pub fn doubt(&self) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn remembered(&self, now: Timestamp) -> Option<Arc<HashMap<String, Flag>>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.as_ref().filter(|known| known.read_at <= now && now < known.read_at.after(FRESH))?;
        Some(fresh.flags.clone())
    }
}

#[async_trait]
impl Flags for Switches {
    async fn on(&self, flag: &str, actor: &Actor) -> Result<bool, Failure> {
        let now = self.clock.now();
        if let Some(flags) = self.remembered(now) {
            return Ok(flags.get(flag).is_some_and(|flag| flag.on(actor)));
        }
        let all = self.store.flags(None, i64::MAX).await?;
        let flags: HashMap<_, _> = all.into_iter().map(|flag| (flag.name.as_str().to_owned(), flag)).collect();
        let on = flags.get(flag).is_some_and(|flag| flag.on(actor));
        let known = Known { flags: Arc::new(flags), read_at: now };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(on)
    }
}
