//! Rate limiter.

use std::time::Duration;

use async_trait::async_trait;

use crate::{MethodPolicy, PortError};

/// Limits the calls of a caller to a method. Implemented by `infra`.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one call. Each pair of caller and method has its own bucket.
    async fn check(&self, caller: &str, method: &MethodPolicy) -> Result<RateLimitDecision, PortError>;
}

/// Decision about one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitDecision {
    /// Number of further calls that are allowed now.
    pub remaining: u32,
    /// `None` if the call is allowed, else the time until the next call is.
    pub retry_after: Option<Duration>,
}
