//! Number of posts that an account can create.
//!
//! The quota is checked here and not in the HTTP layer, because that layer does not know the kind of a post. An account
//! that has used up its posts still has a reserve for SOS posts.

use std::{sync::Arc, time::Duration};

use kith_kernel::{Actor, MethodPolicy, OnLimiterFailure, Quota, RequiredAccess::Member, ports::RateLimiter};

use crate::{Error, domain::Kind};

/// Quota of posts of any kind.
pub const POST_QUOTA: MethodPolicy = MethodPolicy::new("kith.posts/post", Member, Quota::per_minute(10));
/// Reserve for SOS posts, independent of the general post quota.
pub const SOS_RESERVE: MethodPolicy = MethodPolicy::new("kith.posts/sos", Member, Quota::per_hour(3));
/// Quotas that the rate limiter must know in addition to those of the RPC methods.
pub const QUOTAS: &[MethodPolicy] = &[POST_QUOTA, SOS_RESERVE];

/// Post quota of each account, counted by a rate limiter.
pub struct PostQuota {
    limiter: Arc<dyn RateLimiter>,
    posts: MethodPolicy,
    sos_reserve: MethodPolicy,
}

impl PostQuota {
    /// The limiter must know [`QUOTAS`].
    #[must_use]
    pub const fn new(limiter: Arc<dyn RateLimiter>) -> Self {
        Self { limiter, posts: POST_QUOTA, sos_reserve: SOS_RESERVE }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub fn with_quotas(mut self, posts: Quota, sos_reserve: Quota) -> Self {
        (self.posts.quota, self.sos_reserve.quota) = (posts, sos_reserve);
        self
    }

    /// Consumes one post of this kind. An SOS uses the general quota first, then the reserve.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with the shortest wait after which a post of this kind is accepted. An unavailable rate
    /// limiter is not an error unless the quota fails closed.
    pub(crate) async fn consume(&self, actor: &Actor, kind: Kind) -> Result<(), Error> {
        let Some(wait) = self.check(actor, &self.posts).await? else { return Ok(()) };
        if kind != Kind::Sos {
            return Err(Error::RateLimited(wait));
        }
        let Some(reserve_wait) = self.check(actor, &self.sos_reserve).await? else { return Ok(()) };
        Err(Error::RateLimited(wait.min(reserve_wait)))
    }

    /// Returns the time to wait if the quota is used up.
    async fn check(&self, actor: &Actor, policy: &MethodPolicy) -> Result<Option<Duration>, Error> {
        match self.limiter.check(&actor.user.to_string(), policy).await {
            Ok(decision) => Ok(decision.retry_after),
            Err(error) => {
                tracing::error!(%error, "rate limiter unavailable");
                match policy.quota.on_limiter_failure {
                    OnLimiterFailure::Allow => Ok(None),
                    OnLimiterFailure::Deny => Err(error.into()),
                }
            }
        }
    }
}
