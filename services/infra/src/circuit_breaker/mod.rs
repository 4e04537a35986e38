//! Circuit breaker: rejects calls to an unresponsive server, so that callers do not wait for their timeouts.
//!
//! The breaker opens after consecutive failures. After the open period it admits one probe. A successful probe closes
//! the breaker; a failed one starts a period with twice the bound. Each period is random between zero and its bound
//! (full jitter), so that nodes do not retry at the same time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kith_kernel::{Clock, Entropy, Timestamp};

/// Thresholds of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreakerConfig {
    /// Number of consecutive failures that open the breaker.
    pub failures: u32,
    /// Upper bound of the first open period. The bound doubles with each failed probe.
    pub initial_backoff: Duration,
    /// Upper bound of all open periods.
    pub max_backoff: Duration,
}

impl Default for CircuitBreakerConfig {
    /// Opens after three failures; the bound grows from 0.5 s to 5 s.
    fn default() -> Self {
        Self { failures: 3, initial_backoff: Duration::from_millis(500), max_backoff: Duration::from_secs(5) }
    }
}

/// Circuit breaker for one server.
pub struct CircuitBreaker {
    server: &'static str,
    config: CircuitBreakerConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    inner: Mutex<Inner>,
}

/// State, and a generation that changes when calls stop and resume. A result counts only in the generation in which its
/// call was admitted: a call from before the breaker opened says nothing about the time after.
#[derive(Debug, Clone, Copy)]
struct Inner {
    generation: u64,
    state: BreakerState,
}

#[derive(Debug, Clone, Copy)]
enum BreakerState {
    Closed { failures: u32 },
    Open { until: Timestamp, openings: u32 },
    HalfOpen { openings: u32 },
}

/// The call was rejected because the server has not responded recently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("circuit open for {server}")]
pub struct CircuitOpen {
    server: &'static str,
}

impl CircuitBreaker {
    /// Creates a closed breaker. `server` is its name in logs.
    #[must_use]
    pub fn new(
        server: &'static str,
        config: CircuitBreakerConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let inner = Inner { generation: 0, state: BreakerState::Closed { failures: 0 } };
        Self { server, config, clock, entropy, inner: Mutex::new(inner) }
    }

    /// Returns a permit for one call. The holder must report success or failure.
    ///
    /// # Errors
    /// [`CircuitOpen`], immediately.
    pub fn try_acquire(&self) -> Result<Permit<'_>, CircuitOpen> {
        let mut inner = self.lock();
        match inner.state {
            BreakerState::Closed { .. } => {}
            BreakerState::Open { until, openings } if self.has_passed(until) => {
                inner.generation = inner.generation.wrapping_add(1);
                inner.state = BreakerState::HalfOpen { openings };
            }
            BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => {
                return Err(CircuitOpen { server: self.server });
            }
        }
        Ok(Permit { breaker: self, generation: inner.generation })
    }

    /// A clock that was set back must not extend the open period beyond `max_backoff`.
    fn has_passed(&self, until: Timestamp) -> bool {
        let now = self.clock.now();
        now >= until || now.after(self.config.max_backoff) < until
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record_success(&self, generation: u64) {
        let mut inner = self.lock();
        if inner.generation != generation {
            return;
        }
        let was = std::mem::replace(&mut inner.state, BreakerState::Closed { failures: 0 });
        if matches!(was, BreakerState::HalfOpen { .. }) {
            tracing::info!(server = self.server, "circuit breaker closed");
        }
    }

    fn record_failure(&self, generation: u64) {
        let mut inner = self.lock();
        if inner.generation != generation {
            return;
        }
        match inner.state {
            BreakerState::Closed { failures } => {
                let failures = failures.saturating_add(1);
                inner.state = BreakerState::Closed { failures };
                if failures >= self.config.failures {
                    tracing::warn!(server = self.server, "circuit breaker opened");
                    self.trip(&mut inner, 0);
                }
            }
            BreakerState::HalfOpen { openings } => self.trip(&mut inner, openings),
            BreakerState::Open { .. } => {}
        }
    }

    /// The probe was dropped without a result: admits the next one.
    fn record_abandoned(&self, generation: u64) {
        let mut inner = self.lock();
        if let BreakerState::HalfOpen { openings } = inner.state
            && inner.generation == generation
        {
            inner.state = BreakerState::Open { until: self.clock.now(), openings };
        }
    }

    fn trip(&self, inner: &mut Inner, openings: u32) {
        let bound =
            self.config.initial_backoff.saturating_mul(2_u32.saturating_pow(openings)).min(self.config.max_backoff);
        let until = self.clock.now().after(self.random_up_to(bound));
        inner.generation = inner.generation.wrapping_add(1);
        inner.state = BreakerState::Open { until, openings: openings.saturating_add(1) };
    }

    /// Random duration between zero and `bound`.
    fn random_up_to(&self, bound: Duration) -> Duration {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        let millis = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        Duration::from_millis(u64::from_be_bytes(bytes).checked_rem(millis).unwrap_or(0))
    }
}

/// Permit for one call. Dropping it without a report has no effect on the state, except that a probe is repeated.
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    generation: u64,
}

impl Permit<'_> {
    /// Reports that the server responded, with any result.
    pub fn success(self) {
        self.breaker.record_success(self.generation);
    }

    /// Reports that the server did not respond.
    pub fn failure(self) {
        self.breaker.record_failure(self.generation);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.record_abandoned(self.generation);
    }
}

#[cfg(test)]
mod tests;
