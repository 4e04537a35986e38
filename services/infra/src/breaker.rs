//! A circuit breaker: who has not answered a few times in a row is left alone for a moment, so that calls do not queue
//! up behind somebody who is gone. M. Nygard, Release It!, names it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{Clock, Entropy, Timestamp};

/// How many failures in a row open it.
const PATIENCE: u32 = 3;
/// How long it stays open at first, and at most: it doubles, and chance shortens it (full jitter), so that nodes do not
/// come back all at once.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// One breaker stands before one server.
pub struct Breaker {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when nobody is let through; then one is, to try.
    open_until: Option<Timestamp>,
}

/// It is open: not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it did not answer a moment ago, and is left alone")]
pub struct Open;

/// What a call changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    None,
    /// It is open now, and was not.
    Opened,
    /// It is closed now, and was not.
    Closed,
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { state: Mutex::default(), clock, entropy }
    }

    /// Whether a call may be tried.
    ///
    /// # Errors
    /// [`Open`], and then there is nothing to tell.
    pub fn admit(&self) -> Result<(), Open> {
        let (mut state, now) = (self.state(), self.clock.now());
        match state.open_until {
            None => Ok(()),
            Some(until) if now < until && until <= now.after(LONGEST) => Err(Open),
            Some(_) => {
                // This one tries; the others wait for what comes of it.
                state.open_until = Some(now.after(FIRST));
                Ok(())
            }
        }
    }

    /// A call was answered, be it with a refusal.
    pub fn answered(&self) -> Turn {
        let mut state = self.state();
        let was_open = state.open_until.is_some();
        *state = State::default();
        if was_open { Turn::Closed } else { Turn::None }
    }

    /// A call was not answered.
    pub fn failed(&self) -> Turn {
        let (mut state, now) = (self.state(), self.clock.now());
        state.failures = state.failures.saturating_add(1);
        let Some(doublings) = state.failures.checked_sub(PATIENCE) else { return Turn::None };
        let was_open = state.open_until.is_some();
        let longest = FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
        state.open_until = Some(now.after(self.part_of(longest)));
        if was_open { Turn::None } else { Turn::Opened }
    }

    /// From half of it to all of it.
    fn part_of(&self, span: Duration) -> Duration {
        let mut byte = [0];
        self.entropy.fill(&mut byte);
        let [byte] = byte;
        span.saturating_mul(256_u32.saturating_add(byte.into())) / 512
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use kernel::SystemEntropy;
    use testkit::HandClock;

    use super::*;

    fn breaker() -> (Breaker, Arc<HandClock>) {
        let clock = Arc::new(HandClock::at(Timestamp::from_millis(1_000_000)));
        (Breaker::new(clock.clone(), Arc::new(SystemEntropy)), clock)
    }

    #[test]
    fn a_few_failures_in_a_row_open_it_and_an_answer_closes_it() {
        let (breaker, clock) = breaker();
        for _ in 0..2 {
            assert_eq!((breaker.admit(), breaker.failed()), (Ok(()), Turn::None));
        }
        assert_eq!(breaker.answered(), Turn::None, "an answer in between starts anew");
        for _ in 0..2 {
            breaker.failed();
        }
        assert_eq!(breaker.failed(), Turn::Opened);
        assert_eq!(breaker.admit(), Err(Open));
        clock.pass(FIRST);
        assert_eq!(breaker.admit(), Ok(()), "one tries");
        assert_eq!(breaker.admit(), Err(Open), "the others wait for what comes of it");
        assert_eq!(breaker.answered(), Turn::Closed);
        assert_eq!(breaker.admit(), Ok(()));
    }

    #[test]
    fn it_stays_open_longer_each_time_and_never_for_long() {
        let (breaker, clock) = breaker();
        for _ in 0..40 {
            breaker.failed();
        }
        clock.pass((LONGEST / 2).saturating_sub(Duration::from_millis(1)));
        assert_eq!(breaker.admit(), Err(Open));
        clock.pass(LONGEST / 2 + Duration::from_millis(1));
        assert_eq!(breaker.admit(), Ok(()));
    }

    #[test]
    fn a_clock_that_steps_back_does_not_keep_it_open() {
        let (breaker, clock) = breaker();
        for _ in 0..3 {
            breaker.failed();
        }
        let early = HandClock::at(Timestamp::from_millis(0));
        assert!(early.now() < clock.now());
        let back = Breaker { clock: Arc::new(early), ..breaker };
        assert_eq!(back.admit(), Ok(()));
    }
}
