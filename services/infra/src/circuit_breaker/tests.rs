use kith_testkit::ManualClock;

use super::*;

/// Entropy that fills every byte with the same value.
struct ConstantEntropy(u8);

impl Entropy for ConstantEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

const CONFIG: CircuitBreakerConfig = CircuitBreakerConfig {
    failures: 3,
    initial_backoff: Duration::from_millis(255),
    max_backoff: Duration::from_millis(1023),
};

fn breaker() -> (CircuitBreaker, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000)));
    // The remainder of 2^64 - 1 modulo a power of two is the largest possible one: the period equals its bound.
    (CircuitBreaker::new("it", CONFIG, clock.clone(), Arc::new(ConstantEntropy(0xff))), clock)
}

fn fail(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        breaker.try_acquire().unwrap().failure();
    }
}

#[test]
fn the_breaker_opens_after_consecutive_failures_only() {
    let (breaker, _) = breaker();
    for _ in 0..5 {
        fail(&breaker, 2);
        breaker.try_acquire().unwrap().success();
    }
    fail(&breaker, 3);
    assert!(breaker.try_acquire().is_err());
}

#[test]
fn one_probe_is_admitted_after_the_open_period() {
    let (breaker, clock) = breaker();
    fail(&breaker, 3);
    clock.advance(Duration::from_millis(254));
    assert!(breaker.try_acquire().is_err());
    clock.advance(Duration::from_millis(1));
    let one = breaker.try_acquire().unwrap();
    assert!(breaker.try_acquire().is_err(), "only one probe is admitted");
    one.success();
    fail(&breaker, 2);
    breaker.try_acquire().unwrap().success();
}

#[test]
fn open_periods_grow_to_their_bound_and_reset_on_success() {
    let (breaker, clock) = breaker();
    fail(&breaker, 3);
    for millis in [255, 510, 1020, 1023, 1023] {
        // 511 and 1021 are not powers of two: the period is shorter than its bound.
        clock.advance(Duration::from_millis(millis));
        breaker.try_acquire().unwrap().failure();
        assert!(breaker.try_acquire().is_err());
    }
    clock.advance(Duration::from_millis(1023));
    breaker.try_acquire().unwrap().success();
    fail(&breaker, 3);
    clock.advance(Duration::from_millis(255));
    breaker.try_acquire().unwrap().success();
}

#[test]
fn an_open_period_can_be_zero() {
    let breaker = CircuitBreaker::new(
        "it",
        CONFIG,
        Arc::new(ManualClock::at(Timestamp::from_millis(5))),
        Arc::new(ConstantEntropy(0)),
    );
    fail(&breaker, 3);
    breaker.try_acquire().unwrap().success();
}

#[test]
fn an_abandoned_probe_admits_the_next_one() {
    let (breaker, clock) = breaker();
    fail(&breaker, 3);
    clock.advance(Duration::from_millis(255));
    drop(breaker.try_acquire().unwrap());
    breaker.try_acquire().unwrap().success();
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn results_of_calls_from_before_the_breaker_opened_are_ignored() {
    let (breaker, clock) = breaker();
    let (late_answer, late_failure) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    fail(&breaker, 3);
    late_answer.success();
    assert!(breaker.try_acquire().is_err());
    clock.advance(Duration::from_millis(255));
    breaker.try_acquire().unwrap().success();
    late_failure.failure();
    fail(&breaker, 2);
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn a_clock_that_is_set_back_does_not_extend_the_open_period() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(9_000_000)));
    let breaker = CircuitBreaker::new("it", CONFIG, clock.clone(), Arc::new(ConstantEntropy(0xff)));
    fail(&breaker, 3);
    clock.set(Timestamp::from_millis(1_000));
    assert!(breaker.try_acquire().is_ok());
}
