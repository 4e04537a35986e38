//! Redis: one connection that all adapters share, and that nobody waits for.
//!
//! | URL | means |
//! | --- | --- |
//! | `redis://[user:password@]host[:port][/database]` | one server |
//! | `rediss://..` | the same over TLS; `rediss+cluster`, `rediss+sentinel` likewise |
//! | `redis+cluster://[user:password@]host[:port],host[:port]` | a cluster, by some of its nodes; `redis://` with several hosts means the same |
//! | `redis+sentinel://[user:password@]host[:port],host[:port]/master-name[/database]` | the master that these sentinels name |
//!
//! The driver's own manager of connections makes calls wait while it connects again, as long as that takes. Here each
//! call has an end of its own, the connection is made apart from the calls that wait for it, one that broke is dropped
//! and made anew by the next call (sentinels are asked anew, too), and [`Breaker`] keeps calls away meanwhile.

mod address;
mod link;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{Clock, Entropy, PortError, ErrorKind};
use redis::{FromRedisValue, RedisError, RedisResult};

use self::address::Address;
pub use self::address::InvalidUrl;
pub(crate) use self::link::Link;
use crate::breaker::{Breaker, Open, Rules};

/// How long it may take to connect. The call that needs it may give up sooner.
const TO_CONNECT: Duration = Duration::from_secs(1);
/// How long it may take to say that it is there.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// Redis, for as many as want it: clones share everything.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    address: Address,
    namespace: String,
    breaker: Breaker,
    kept: Mutex<Kept>,
    /// Held by whoever connects.
    connecting: tokio::sync::Mutex<()>,
}

/// The connection, and how often somebody tried to make it.
#[derive(Default)]
struct Kept {
    made: Option<Made>,
    tries: u64,
}

/// A connection, and by which try it was made.
#[derive(Clone)]
struct Made {
    link: Link,
    nth: u64,
}

#[derive(Debug, thiserror::Error)]
enum Away {
    #[error("Redis did not answer within {0:?}")]
    Late(Duration),
    #[error("Redis failed")]
    Driver(#[from] RedisError),
    #[error(transparent)]
    Open(#[from] Open),
    #[error("a connection to Redis could not be made a moment ago")]
    Unmade,
}

impl Redis {
    /// Redis at this URL, each key beginning with this namespace. Nothing is asked of it yet: a node starts while it is
    /// away.
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
            breaker: Breaker::new("redis", Rules::default(), clock, entropy),
            kept: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        })))
    }

    /// Whether it answers, within a second.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`].
    pub async fn check_health(&self) -> Result<(), PortError> {
        let asked = self.within(TO_ANSWER, async |mut link| redis::cmd("PING").query_async::<()>(&mut link).await);
        asked.await.map_err(failure)
    }

    /// The key of what has this name. The name cannot be read from it, be it a secret or an address.
    pub(crate) fn key(&self, kind: &str, name: &[&str]) -> String {
        let mut hash = aws_lc_rs::digest::Context::new(&SHA256);
        for part in name {
            // Parts are hashed alone, so that no two lists of them run into the same text.
            hash.update(digest(&SHA256, part.as_bytes()).as_ref());
        }
        format!("{}:{kind}:{}", self.0.namespace, URL_SAFE_NO_PAD.encode(hash.finish()))
    }

    /// Asks it something, and waits for an answer no longer than that; not at all if it has not answered lately.
    pub(crate) async fn ask<T: FromRedisValue>(
        &self,
        within: Duration,
        question: impl AsyncFnOnce(Link) -> RedisResult<T>,
    ) -> Result<T, PortError> {
        let pass = self.0.breaker.pass().map_err(|open| failure(open.into()))?;
        match self.within(within, question).await {
            Ok(answer) => {
                pass.answered();
                Ok(answer)
            }
            Err(away) => {
                pass.failed();
                Err(failure(away))
            }
        }
    }

    async fn within<T>(&self, within: Duration, question: impl AsyncFnOnce(Link) -> RedisResult<T>) -> Result<T, Away> {
        let mut used = None;
        let asked = async {
            let made = self.link().await?;
            used = Some(made.nth);
            Ok(question(made.link).await?)
        };
        let answer = tokio::time::timeout(within, asked).await.unwrap_or(Err(Away::Late(within)));
        if let (Err(_), Some(nth)) = (&answer, used) {
            self.0.forget(nth);
        }
        answer
    }

    /// The connection. It is made apart from who waits for it, because they may have less time than it takes.
    async fn link(&self) -> Result<Made, Away> {
        let tries = {
            let kept = self.0.kept();
            if let Some(made) = &kept.made {
                return Ok(made.clone());
            }
            kept.tries
        };
        let inner = self.0.clone();
        tokio::spawn(async move { inner.connect(tries).await }).await.unwrap_or(Err(Away::Unmade))
    }
}

impl Inner {
    /// Connects, unless somebody has tried since: of all who come at once, one does it.
    async fn connect(&self, tries: u64) -> Result<Made, Away> {
        let _one = self.connecting.lock().await;
        {
            let kept = self.kept();
            if let Some(made) = &kept.made {
                return Ok(made.clone());
            }
            if kept.tries != tries {
                return Err(Away::Unmade);
            }
        }
        let link = tokio::time::timeout(TO_CONNECT, self.address.connect()).await;
        let mut kept = self.kept();
        kept.tries = kept.tries.wrapping_add(1);
        let made = Made { link: link.map_err(|_| Away::Late(TO_CONNECT))??, nth: kept.tries };
        kept.made = Some(made.clone());
        Ok(made)
    }

    /// Drops a connection over which a call failed: it may be broken, and after a failover it is the wrong one. One that
    /// was made since stays.
    fn forget(&self, nth: u64) {
        self.kept().made.take_if(|made| made.nth == nth);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only what we said or read wrongly is our own fault.
fn failure(away: Away) -> PortError {
    let ours = match &away {
        Away::Driver(error) => {
            matches!(error.kind(), redis::ErrorKind::Parse | redis::ErrorKind::UnexpectedReturnType | redis::ErrorKind::InvalidClientConfig)
        }
        Away::Late(_) | Away::Open(_) | Away::Unmade => false,
    };
    PortError::new(if ours { ErrorKind::Internal } else { ErrorKind::Unavailable }, away)
}
