//! Store that all nodes share.

use std::time::Duration;

use ::redis::cmd;
use async_trait::async_trait;
use kith_kernel::{PortError, ports::EphemeralStore};

use crate::redis::Redis as Server;

/// Timeout of a call.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Redis keys with a TTL. There is no local fallback while Redis is unavailable: another node would not find the value.
pub struct Redis(Server);

impl Redis {
    #[must_use]
    pub const fn new(server: Server) -> Self {
        Self(server)
    }

    /// Names can be secrets. The key does not reveal them.
    fn key(&self, name: &str) -> String {
        self.0.key("e", &[name])
    }
}

#[async_trait]
impl EphemeralStore for Redis {
    async fn put(&self, name: &str, value: Vec<u8>, ttl: Duration) -> Result<(), PortError> {
        let mut command = cmd("SET");
        command.arg(self.key(name)).arg(value);
        match ttl.as_millis() {
            0 => command = cmd("DEL").arg(self.key(name)).take(),
            millis => drop(command.arg("PX").arg(u64::try_from(millis).unwrap_or(u64::MAX))),
        }
        self.0.run(TIMEOUT, async move |mut connection| command.query_async(&mut connection).await).await
    }

    async fn take(&self, name: &str) -> Result<Option<Vec<u8>>, PortError> {
        let command = cmd("GETDEL").arg(self.key(name)).take();
        self.0.run(TIMEOUT, async move |mut connection| command.query_async(&mut connection).await).await
    }
}
