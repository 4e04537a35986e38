//! Rate limiter that all nodes share.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use ::redis::Script;
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{
    ErrorKind, MethodPolicy, PortError,
    ports::{FieldEncryption, RateLimitDecision, RateLimiter},
};

use super::InMemory;
use crate::redis::Redis as Server;

/// Timeout of a check. It delays every call, so it is short.
const TIMEOUT: Duration = Duration::from_millis(250);

static TAKE_TOKEN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gcra.lua")));

/// One token bucket (GCRA) per caller and method, in Redis and by its clock. Check and update are one atomic step, so
/// all nodes together enforce the quota of one.
///
/// While Redis is unavailable, each node uses its local limiter, which has counted the calls that this node allowed.
/// Redis errors are never returned.
pub struct Redis {
    server: Server,
    fallback: Arc<InMemory>,
    encryption: Arc<dyn FieldEncryption>,
}

impl Redis {
    /// Creates a limiter with a local fallback, which must not be shared with another limiter. The caller schedules the
    /// eviction job of the fallback. All nodes must use the same encryption keys.
    #[must_use]
    pub fn new(server: Server, fallback: Arc<InMemory>, encryption: Arc<dyn FieldEncryption>) -> Self {
        Self { server, fallback, encryption }
    }

    /// Key of a bucket. It contains a keyed digest of the caller: addresses can be guessed from a plain hash.
    fn key(&self, caller: &str, method: &MethodPolicy) -> String {
        let caller = URL_SAFE_NO_PAD.encode(self.encryption.blind_index("callers", caller));
        self.server.key("l", &[method.path, &caller])
    }

    async fn check_shared(&self, caller: &str, method: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        let every = u64::try_from(method.quota.every.as_micros()).unwrap_or(u64::MAX).max(1);
        let mut invocation = TAKE_TOKEN.prepare_invoke();
        invocation.key(self.key(caller, method)).arg(every).arg(method.quota.burst.get());
        let result =
            self.server.run(TIMEOUT, async move |mut connection| invocation.invoke_async(&mut connection).await);
        let (remaining, wait): (u64, u64) = result.await?;
        Ok(RateLimitDecision {
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            retry_after: (wait > 0).then(|| Duration::from_micros(wait)),
        })
    }
}

#[async_trait]
impl RateLimiter for Redis {
    async fn check(&self, caller: &str, method: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        if !self.fallback.has_method(method) {
            return Err(PortError::new(ErrorKind::Internal, "no rate limit for this method"));
        }
        match self.check_shared(caller, method).await {
            Ok(decision) => {
                if decision.retry_after.is_none() {
                    // A caller with an exhausted quota must not get a new one when Redis becomes unavailable.
                    self.fallback.check(caller, method).await?;
                }
                Ok(decision)
            }
            Err(error) => {
                tracing::debug!(%error, "Redis unavailable, using local rate limiter");
                self.fallback.check(caller, method).await
            }
        }
    }
}
