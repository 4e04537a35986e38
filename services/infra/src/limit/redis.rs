//! For all nodes: what one let in, all have let in.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use ::redis::Script;
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{
    PortError, ErrorKind, MethodPolicy,
    ports::{RateLimitDecision, RateLimiter, FieldEncryption},
};

use super::Local;
use crate::redis::Redis as Server;

/// How long a call may take: whoever waits for it has not even begun.
const WITHIN: Duration = Duration::from_millis(250);

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gcra.lua")));

/// One bucket for each caller and procedure, in Redis and by its clock. It is asked and changed in one step, so that
/// nodes together let in what one alone would.
///
/// While Redis is away each node counts for itself, from what it has let in already. It never fails for want of Redis.
pub struct Redis {
    server: Server,
    alone: Arc<Local>,
    vault: Arc<dyn FieldEncryption>,
}

impl Redis {
    /// Buckets in this Redis, or, while it is away, in this process. The local limiter is this one's alone: what it
    /// has to forget is swept by whoever made it. All nodes have the same vault.
    #[must_use]
    pub fn new(server: Server, alone: Arc<Local>, vault: Arc<dyn FieldEncryption>) -> Self {
        Self { server, alone, vault }
    }

    /// What a caller is called in Redis. An address is soon guessed from a plain hash of it, so the hash has a key.
    fn key(&self, caller: &str, procedure: &MethodPolicy) -> String {
        let caller = URL_SAFE_NO_PAD.encode(self.vault.blind_index("callers", caller));
        self.server.key("l", &[procedure.path, &caller])
    }

    async fn shared(&self, caller: &str, procedure: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        let every = u64::try_from(procedure.quota.every.as_micros()).unwrap_or(u64::MAX).max(1);
        let mut asked = TAKE.prepare_invoke();
        asked.key(self.key(caller, procedure)).arg(every).arg(procedure.quota.burst.get());
        let answer = self.server.ask(WITHIN, async move |mut link| asked.invoke_async(&mut link).await);
        let (remaining, wait): (u64, u64) = answer.await?;
        Ok(RateLimitDecision {
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            retry_after: (wait > 0).then(|| Duration::from_micros(wait)),
        })
    }
}

#[async_trait]
impl RateLimiter for Redis {
    async fn check(&self, caller: &str, procedure: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        if !self.alone.knows(procedure) {
            return Err(PortError::new(ErrorKind::Internal, "a procedure without buckets"));
        }
        match self.shared(caller, procedure).await {
            Ok(allowance) => {
                if allowance.retry_after.is_none() {
                    // So that who has spent it all does not begin anew when Redis goes away.
                    self.alone.check(caller, procedure).await?;
                }
                Ok(allowance)
            }
            Err(failure) => {
                tracing::debug!(%failure, "a call is counted by this node alone");
                self.alone.check(caller, procedure).await
            }
        }
    }
}
