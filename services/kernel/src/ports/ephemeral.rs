//! Short-lived values.

use std::time::Duration;

use async_trait::async_trait;

use crate::PortError;

/// Store of values with a time to live. Implemented by `infra`.
#[async_trait]
pub trait EphemeralStore: Send + Sync {
    /// Stores a value for `ttl` and replaces an earlier one of this name.
    async fn put(&self, name: &str, value: Vec<u8>, ttl: Duration) -> Result<(), PortError>;

    /// Removes and returns a value. Exactly one of several concurrent callers gets it.
    async fn take(&self, name: &str) -> Result<Option<Vec<u8>>, PortError>;
}
