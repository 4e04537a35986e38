//! For all nodes of a cluster together, by the server's clock; while the server is away, for each node by itself.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{
    Failure, Fault, Procedure,
    ports::{Allowance, Limit, Vault},
};
use redis::Script;

use super::Local;

/// How long a call waits for it: less than anybody notices.
const PATIENCE: Duration = Duration::from_millis(250);

/// The generic cell rate algorithm (ATM Forum, Traffic Management 4.0, 1996): a bucket is one moment, when it will be
/// full again. Microseconds, which a double holds exactly until the year 2255.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local room = now + every * burst - (full + every)
if room < 0 then
    return {0, -room}
end
redis.call('SET', KEYS[1], string.format('%.0f', full + every), 'PX', math.ceil((full + every - now) / 1000))
return {math.floor(room / every), 0}
";

/// One bucket for each caller and procedure, shared by all nodes.
pub struct Redis {
    server: Arc<crate::redis::Redis>,
    take: Script,
    vault: Arc<dyn Vault>,
    /// What counts while Redis is away.
    local: Arc<Local>,
}

impl Redis {
    /// Buckets there. Callers, who may be addresses, are not readable in the names of keys: this vault sees to that.
    #[must_use]
    pub fn new(server: Arc<crate::redis::Redis>, vault: Arc<dyn Vault>, local: Arc<Local>) -> Self {
        Self { server, take: Script::new(TAKE), vault, local }
    }

    async fn shared(&self, caller: &str, procedure: &Procedure) -> Result<Allowance, Failure> {
        let who = self.vault.blind_index("limits", &format!("{}\0{caller}", procedure.path));
        let key = self.server.key("limit", &URL_SAFE_NO_PAD.encode(who));
        let quota = procedure.quota;
        let every = i64::try_from(quota.every.as_micros()).unwrap_or(i64::MAX).max(1);
        let (remaining, wait): (u32, u64) =
            self.server.run(&self.take, &key, [every, quota.burst.get().into()], PATIENCE).await?;
        Ok(Allowance { remaining, wait: (wait > 0).then(|| Duration::from_micros(wait)) })
    }
}

#[async_trait]
impl Limit for Redis {
    async fn take(&self, caller: &str, procedure: &Procedure) -> Result<Allowance, Failure> {
        match self.shared(caller, procedure).await {
            // Said once, where it was found out: see the breaker.
            Err(failure) if failure.kind() == Fault::Unavailable => self.local.take(caller, procedure).await,
            counted => counted,
        }
    }
}
