//! Keeps calls away from a server that does not answer, so that nobody waits in line behind one that is dead.
//!
//! Calls go through until some fail in a row. Then none goes through for a moment, after which one does and finds out:
//! if it is answered all go through again, and if not, the next moment may be longer. How long a moment is, is drawn
//! anew each time between nothing and its bound (full jitter), so that nodes do not knock all at once.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kith_kernel::{Clock, Entropy, Timestamp};

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How many failures in a row open it.
    pub failures: u32,
    /// The most that the first moment lasts; each further one may last twice as long.
    pub shortest: Duration,
    /// The most that any moment lasts.
    pub longest: Duration,
}

impl Default for Rules {
    /// Three failures; half a second, then up to five.
    fn default() -> Self {
        Self { failures: 3, shortest: Duration::from_millis(500), longest: Duration::from_secs(5) }
    }
}

/// The breaker before one server.
pub struct Breaker {
    server: &'static str,
    rules: Rules,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    state: Mutex<State>,
}

/// How it stands. What a call finds out counts in the turn in which the call was let through: what began before the
/// breaker opened says nothing about the time after.
#[derive(Debug, Clone, Copy)]
struct State {
    turn: u64,
    stands: Stands,
}

#[derive(Debug, Clone, Copy)]
enum Stands {
    Closed { failures: u32 },
    Open { until: Timestamp, moments: u32 },
    Asking { moments: u32 },
}

/// Nobody calls right now: the server has not answered lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{server} has not answered lately, and is not asked for a moment")]
pub struct Open {
    server: &'static str,
}

impl Breaker {
    /// A closed one. The server's name is for the log.
    #[must_use]
    pub fn new(server: &'static str, rules: Rules, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let state = State { turn: 0, stands: Stands::Closed { failures: 0 } };
        Self { server, rules, clock, entropy, state: Mutex::new(state) }
    }

    /// Lets a call through, or not. Whoever is let through says what came of it.
    ///
    /// # Errors
    /// [`Open`], at once.
    pub fn pass(&self) -> Result<Pass<'_>, Open> {
        let mut state = self.state();
        match state.stands {
            Stands::Closed { .. } => {}
            Stands::Open { until, moments } if self.is_over(until) => {
                state.turn = state.turn.wrapping_add(1);
                state.stands = Stands::Asking { moments };
            }
            Stands::Open { .. } | Stands::Asking { .. } => return Err(Open { server: self.server }),
        }
        Ok(Pass { breaker: self, turn: state.turn })
    }

    /// A clock that was set back must not keep it open for longer than it may be.
    fn is_over(&self, until: Timestamp) -> bool {
        let now = self.clock.now();
        now >= until || now.after(self.rules.longest) < until
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self, turn: u64) {
        let mut state = self.state();
        if state.turn != turn {
            return;
        }
        let was = std::mem::replace(&mut state.stands, Stands::Closed { failures: 0 });
        if matches!(was, Stands::Asking { .. }) {
            tracing::info!(server = self.server, "a server answers again");
        }
    }

    fn failed(&self, turn: u64) {
        let mut state = self.state();
        if state.turn != turn {
            return;
        }
        match state.stands {
            Stands::Closed { failures } => {
                let failures = failures.saturating_add(1);
                state.stands = Stands::Closed { failures };
                if failures >= self.rules.failures {
                    tracing::warn!(server = self.server, "a server does not answer, and is asked now and then");
                    self.open(&mut state, 0);
                }
            }
            Stands::Asking { moments } => self.open(&mut state, moments),
            Stands::Open { .. } => {}
        }
    }

    /// Who was to find out went away before there was an answer: the next one finds out.
    fn left(&self, turn: u64) {
        let mut state = self.state();
        if let Stands::Asking { moments } = state.stands
            && state.turn == turn
        {
            state.stands = Stands::Open { until: self.clock.now(), moments };
        }
    }

    fn open(&self, state: &mut State, moments: u32) {
        let bound = self.rules.shortest.saturating_mul(2_u32.saturating_pow(moments)).min(self.rules.longest);
        let until = self.clock.now().after(self.drawn(bound));
        state.turn = state.turn.wrapping_add(1);
        state.stands = Stands::Open { until, moments: moments.saturating_add(1) };
    }

    /// Something between nothing and this.
    fn drawn(&self, bound: Duration) -> Duration {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        let millis = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        Duration::from_millis(u64::from_be_bytes(bytes).checked_rem(millis).unwrap_or(0))
    }
}

/// A call that was let through. Dropped without a word, it says nothing about the server.
pub struct Pass<'a> {
    breaker: &'a Breaker,
    turn: u64,
}

impl Pass<'_> {
    /// The server answered, whatever it was.
    pub fn answered(self) {
        self.breaker.answered(self.turn);
    }

    /// The server did not answer.
    pub fn failed(self) {
        self.breaker.failed(self.turn);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.breaker.left(self.turn);
    }
}

#[cfg(test)]
mod tests {
    use kith_testkit::ManualClock;

    use super::*;

    /// Draws the same every time: all bits, or none.
    struct Drawn(u8);

    impl Entropy for Drawn {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    const RULES: Rules =
        Rules { failures: 3, shortest: Duration::from_millis(255), longest: Duration::from_millis(1023) };

    fn breaker() -> (Breaker, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000)));
        // Of 2^64 - 1 draws out of a power of two, the last: as long as a moment may be.
        (Breaker::new("it", RULES, clock.clone(), Arc::new(Drawn(0xff))), clock)
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.pass().unwrap().failed();
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_not_after_others() {
        let (breaker, _) = breaker();
        for _ in 0..5 {
            fail(&breaker, 2);
            breaker.pass().unwrap().answered();
        }
        fail(&breaker, 3);
        assert!(breaker.pass().is_err());
    }

    #[test]
    fn after_a_moment_one_finds_out_for_all() {
        let (breaker, clock) = breaker();
        fail(&breaker, 3);
        clock.advance(Duration::from_millis(254));
        assert!(breaker.pass().is_err());
        clock.advance(Duration::from_millis(1));
        let one = breaker.pass().unwrap();
        assert!(breaker.pass().is_err(), "one at a time");
        one.answered();
        fail(&breaker, 2);
        breaker.pass().unwrap().answered();
    }

    #[test]
    fn moments_grow_to_their_bound_and_shrink_again_with_an_answer() {
        let (breaker, clock) = breaker();
        fail(&breaker, 3);
        for millis in [255, 510, 1020, 1023, 1023] {
            // 511 and 1021 are no powers of two: what is drawn of them is what is left.
            clock.advance(Duration::from_millis(millis));
            breaker.pass().unwrap().failed();
            assert!(breaker.pass().is_err());
        }
        clock.advance(Duration::from_millis(1023));
        breaker.pass().unwrap().answered();
        fail(&breaker, 3);
        clock.advance(Duration::from_millis(255));
        breaker.pass().unwrap().answered();
    }

    #[test]
    fn a_moment_may_be_none_at_all() {
        let breaker = Breaker::new("it", RULES, Arc::new(ManualClock::at(Timestamp::from_millis(5))), Arc::new(Drawn(0)));
        fail(&breaker, 3);
        breaker.pass().unwrap().answered();
    }

    #[test]
    fn who_finds_out_and_goes_away_leaves_it_to_the_next() {
        let (breaker, clock) = breaker();
        fail(&breaker, 3);
        clock.advance(Duration::from_millis(255));
        drop(breaker.pass().unwrap());
        breaker.pass().unwrap().answered();
        assert!(breaker.pass().is_ok());
    }

    #[test]
    fn what_began_before_it_opened_says_nothing_about_the_time_after() {
        let (breaker, clock) = breaker();
        let (late_answer, late_failure) = (breaker.pass().unwrap(), breaker.pass().unwrap());
        fail(&breaker, 3);
        late_answer.answered();
        assert!(breaker.pass().is_err());
        clock.advance(Duration::from_millis(255));
        breaker.pass().unwrap().answered();
        late_failure.failed();
        fail(&breaker, 2);
        assert!(breaker.pass().is_ok());
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_it_open() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(9_000_000)));
        let breaker = Breaker::new("it", RULES, clock.clone(), Arc::new(Drawn(0xff)));
        fail(&breaker, 3);
        clock.set(Timestamp::from_millis(1_000));
        assert!(breaker.pass().is_ok());
    }
}
