//! In-memory rate limiter of one process. Used in embedded mode, and as the fallback of the shared one in a cluster.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use governor::{
    NotUntil, RateLimiter as Governor, clock::Clock as _, middleware::StateInformationMiddleware, nanos::Nanos,
    state::keyed::DashMapStateStore,
};
use kith_kernel::{
    Clock, ErrorKind, MethodPolicy, PortError,
    ports::{PeriodicJob, RateLimitDecision, RateLimiter},
};

/// Number of calls between two evictions of full buckets. It bounds the memory that a client with ever new addresses
/// can occupy.
const EVICT_EVERY: u64 = 65_536;

/// One token bucket per caller and method, computed with GCRA (generic cell rate algorithm).
pub struct InMemory {
    buckets: HashMap<&'static str, Buckets>,
    calls: AtomicU64,
    clock: GovernorClock,
}

type Buckets = Governor<String, DashMapStateStore<String>, GovernorClock, StateInformationMiddleware>;

impl InMemory {
    /// Creates a limiter for these methods.
    #[must_use]
    pub fn new(methods: impl IntoIterator<Item = MethodPolicy>, clock: Arc<dyn Clock>) -> Self {
        let clock = GovernorClock(clock);
        let buckets = methods.into_iter().map(|method| (method.path, buckets(&method, &clock))).collect();
        Self { buckets, calls: AtomicU64::new(0), clock }
    }

    /// Returns the number of buckets.
    #[must_use]
    pub fn bucket_count(&self) -> usize {
        self.buckets.values().map(Governor::len).fold(0, usize::saturating_add)
    }

    /// Returns true if the limiter was created with this method.
    pub(super) fn has_method(&self, method: &MethodPolicy) -> bool {
        self.buckets.contains_key(method.path)
    }

    fn evict_full_buckets(&self) {
        self.buckets.values().for_each(Governor::retain_recent);
    }
}

/// Removes the buckets of callers that have not called for long enough to be full again.
#[async_trait]
impl PeriodicJob for InMemory {
    fn name(&self) -> &'static str {
        "evict-rate-limit-buckets"
    }

    async fn run(&self) -> Result<u64, PortError> {
        let before = self.bucket_count();
        self.evict_full_buckets();
        Ok(u64::try_from(before.saturating_sub(self.bucket_count())).unwrap_or(u64::MAX))
    }
}

#[async_trait]
impl RateLimiter for InMemory {
    async fn check(&self, caller: &str, method: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % EVICT_EVERY == EVICT_EVERY - 1 {
            self.evict_full_buckets();
        }
        let buckets = self.buckets.get(method.path);
        let buckets = buckets.ok_or_else(|| PortError::new(ErrorKind::Internal, "no rate limit for this method"))?;
        Ok(match buckets.check_key(&caller.to_owned()) {
            Ok(snapshot) => RateLimitDecision { remaining: snapshot.remaining_burst_capacity(), retry_after: None },
            Err(rejection) => {
                RateLimitDecision { remaining: 0, retry_after: Some(retry_after(&rejection, &self.clock)) }
            }
        })
    }
}

fn buckets(method: &MethodPolicy, clock: &GovernorClock) -> Buckets {
    let quota = method.quota;
    // governor rejects only a period of zero, which would mean no limit.
    let quota_period =
        governor::Quota::with_period(quota.every).unwrap_or_else(|| governor::Quota::per_second(quota.burst));
    Buckets::new(quota_period.allow_burst(quota.burst), DashMapStateStore::default(), clock.clone())
}

fn retry_after(rejection: &NotUntil<Nanos>, clock: &GovernorClock) -> std::time::Duration {
    rejection.wait_time_from(clock.now())
}

/// Adapter of the kernel's clock for governor.
#[derive(Clone)]
struct GovernorClock(Arc<dyn Clock>);

impl std::fmt::Debug for GovernorClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GovernorClock(..)")
    }
}

impl governor::clock::Clock for GovernorClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let millis = u64::try_from(self.0.now().millis()).unwrap_or(0);
        Nanos::new(millis.saturating_mul(1_000_000))
    }
}
