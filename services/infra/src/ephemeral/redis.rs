//! For all nodes: what one put, another takes.

use std::time::Duration;

use ::redis::cmd;
use async_trait::async_trait;
use kith_kernel::{PortError, ports::EphemeralStore};

use crate::redis::Redis as Server;

/// How long a call may take.
const WITHIN: Duration = Duration::from_secs(1);

/// Keys that the server itself forgets. While it is away, nothing is put and nothing taken: what one node kept by itself
/// another would not find.
pub struct Redis(Server);

impl Redis {
    /// In this Redis.
    #[must_use]
    pub const fn new(server: Server) -> Self {
        Self(server)
    }

    /// A name may be a secret, and who lists the keys must not read it.
    fn key(&self, name: &str) -> String {
        self.0.key("e", &[name])
    }
}

#[async_trait]
impl EphemeralStore for Redis {
    async fn put(&self, name: &str, value: Vec<u8>, lasts: Duration) -> Result<(), PortError> {
        let mut command = cmd("SET");
        command.arg(self.key(name)).arg(value);
        match lasts.as_millis() {
            0 => command = cmd("DEL").arg(self.key(name)).take(),
            millis => drop(command.arg("PX").arg(u64::try_from(millis).unwrap_or(u64::MAX))),
        }
        self.0.ask(WITHIN, async move |mut link| command.query_async(&mut link).await).await
    }

    async fn take(&self, name: &str) -> Result<Option<Vec<u8>>, PortError> {
        let command = cmd("GETDEL").arg(self.key(name)).take();
        self.0.ask(WITHIN, async move |mut link| command.query_async(&mut link).await).await
    }
}
