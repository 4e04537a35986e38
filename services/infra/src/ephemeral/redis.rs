//! For all nodes of a cluster.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::{Failure, ports::Ephemeral};

/// How long somebody who opens a socket waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Keys that end by themselves.
pub struct Redis {
    redis: Arc<crate::redis::Redis>,
}

impl Redis {
    /// What is kept there.
    #[must_use]
    pub const fn new(redis: Arc<crate::redis::Redis>) -> Self {
        Self { redis }
    }
}

#[async_trait]
impl Ephemeral for Redis {
    async fn put(&self, name: &str, value: Vec<u8>, lasts: Duration) -> Result<(), Failure> {
        // At least one: what lasts no time is gone at once here too, and none would be an error.
        let millis = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut command = redis::cmd("SET");
        command.arg(self.redis.key("kept", name)).arg(value).arg("PX").arg(millis);
        self.redis.ask(&command, PATIENCE).await
    }

    async fn take(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let mut command = redis::cmd("GETDEL");
        command.arg(self.redis.key("kept", name));
        self.redis.ask(&command, PATIENCE).await
    }
}
