//! Redis: one connection that all adapters share.
//!
//! | URL | target |
//! | --- | --- |
//! | `redis://[user:password@]host[:port][/database]` | one server |
//! | `rediss://..` | the same over TLS; also `rediss+cluster`, `rediss+sentinel` |
//! | `redis+cluster://[user:password@]host[:port],host[:port]` | a cluster, by some of its nodes; `redis://` with several hosts is the same |
//! | `redis+sentinel://[user:password@]host[:port],host[:port]/master-name[/database]` | the master that the sentinels name |
//!
//! The connection manager of the driver makes calls wait for a reconnect without a limit. Here each call has its own
//! timeout, and the connection is opened in a separate task. A broken connection is discarded; the next call opens a
//! new one and queries the sentinels again. [`CircuitBreaker`] rejects calls in the meantime.

mod address;
mod connection;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{Clock, Entropy, ErrorKind, PortError};
use redis::{FromRedisValue, RedisResult};

use self::address::Address;
pub use self::address::InvalidUrl;
pub(crate) use self::connection::Connection;
use crate::circuit_breaker::{CircuitBreaker, CircuitBreakerConfig, CircuitOpen};

/// Timeout of a connection attempt. The call that needs the connection can give up sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeout of a health check.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// Handle to Redis. Clones share the connection.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    address: Address,
    namespace: String,
    breaker: CircuitBreaker,
    cache: Mutex<ConnectionCache>,
    /// Serializes connection attempts.
    connect_lock: tokio::sync::Mutex<()>,
}

/// The current connection, and the number of attempts.
#[derive(Default)]
struct ConnectionCache {
    current: Option<CachedConnection>,
    attempts: u64,
}

/// A connection, and the number of the attempt that opened it.
#[derive(Clone)]
struct CachedConnection {
    connection: Connection,
    attempt: u64,
}

#[derive(Debug, thiserror::Error)]
enum RedisError {
    #[error("Redis timed out after {0:?}")]
    Timeout(Duration),
    #[error("Redis command failed")]
    Driver(#[from] redis::RedisError),
    #[error(transparent)]
    CircuitOpen(#[from] CircuitOpen),
    #[error("failed to connect to Redis")]
    ConnectFailed,
}

impl Redis {
    /// Creates a handle. All keys start with `namespace`. It does not connect yet, so a node can start while Redis is
    /// unavailable.
    ///
    /// # Errors
    /// [`InvalidUrl`].
    pub fn open(
        url: &str,
        namespace: &str,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, InvalidUrl> {
        Ok(Self(Arc::new(Inner {
            address: Address::parse(url)?,
            namespace: namespace.to_owned(),
            breaker: CircuitBreaker::new("redis", CircuitBreakerConfig::default(), clock, entropy),
            cache: Mutex::default(),
            connect_lock: tokio::sync::Mutex::default(),
        })))
    }

    /// Checks that Redis responds within one second.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`].
    pub async fn check_health(&self) -> Result<(), PortError> {
        let result = self.run_with_timeout(PING_TIMEOUT, async |mut connection| {
            redis::cmd("PING").query_async::<()>(&mut connection).await
        });
        result.await.map_err(port_error)
    }

    /// Returns the key for a name. The key is a hash: names can be secrets or addresses.
    pub(crate) fn key(&self, kind: &str, name: &[&str]) -> String {
        let mut hash = aws_lc_rs::digest::Context::new(&SHA256);
        for part in name {
            // Each part is hashed separately, so that different lists of parts have different keys.
            hash.update(digest(&SHA256, part.as_bytes()).as_ref());
        }
        format!("{}:{kind}:{}", self.0.namespace, URL_SAFE_NO_PAD.encode(hash.finish()))
    }

    /// Runs a command with a timeout. Fails immediately while the circuit breaker is open.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        timeout: Duration,
        command: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T, PortError> {
        let permit = self.0.breaker.try_acquire().map_err(|open| port_error(open.into()))?;
        match self.run_with_timeout(timeout, command).await {
            Ok(value) => {
                permit.success();
                Ok(value)
            }
            Err(error) => {
                permit.failure();
                Err(port_error(error))
            }
        }
    }

    async fn run_with_timeout<T>(
        &self,
        timeout: Duration,
        command: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T, RedisError> {
        let mut used = None;
        let result = async {
            let cached = self.connection().await?;
            used = Some(cached.attempt);
            Ok(command(cached.connection).await?)
        };
        let value = tokio::time::timeout(timeout, result).await.unwrap_or(Err(RedisError::Timeout(timeout)));
        if let (Err(_), Some(attempt)) = (&value, used) {
            self.0.discard(attempt);
        }
        value
    }

    /// Returns the connection, or opens one. Opening continues in a separate task if the caller times out.
    async fn connection(&self) -> Result<CachedConnection, RedisError> {
        let attempts = {
            let cache = self.0.cache();
            if let Some(cached) = &cache.current {
                return Ok(cached.clone());
            }
            cache.attempts
        };
        let inner = self.0.clone();
        tokio::spawn(async move { inner.connect(attempts).await }).await.unwrap_or(Err(RedisError::ConnectFailed))
    }
}

impl Inner {
    /// Connects unless another caller has tried since. Of several concurrent callers, one connects.
    async fn connect(&self, attempts: u64) -> Result<CachedConnection, RedisError> {
        let _guard = self.connect_lock.lock().await;
        {
            let cache = self.cache();
            if let Some(cached) = &cache.current {
                return Ok(cached.clone());
            }
            if cache.attempts != attempts {
                return Err(RedisError::ConnectFailed);
            }
        }
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, self.address.connect()).await;
        let mut cache = self.cache();
        cache.attempts = cache.attempts.wrapping_add(1);
        let cached = CachedConnection {
            connection: connection.map_err(|_| RedisError::Timeout(CONNECT_TIMEOUT))??,
            attempt: cache.attempts,
        };
        cache.current = Some(cached.clone());
        Ok(cached)
    }

    /// Discards a connection on which a call failed: it may be broken, or lead to the old master after a failover. A
    /// newer connection is not affected.
    fn discard(&self, attempt: u64) {
        self.cache().current.take_if(|cached| cached.attempt == attempt);
    }

    fn cache(&self) -> MutexGuard<'_, ConnectionCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Errors of encoding and decoding are internal; all others mean that Redis is unavailable.
fn port_error(error: RedisError) -> PortError {
    let is_internal = match &error {
        RedisError::Driver(driver) => {
            matches!(
                driver.kind(),
                redis::ErrorKind::Parse
                    | redis::ErrorKind::UnexpectedReturnType
                    | redis::ErrorKind::InvalidClientConfig
            )
        }
        RedisError::Timeout(_) | RedisError::CircuitOpen(_) | RedisError::ConnectFailed => false,
    };
    PortError::new(if is_internal { ErrorKind::Internal } else { ErrorKind::Unavailable }, error)
}
