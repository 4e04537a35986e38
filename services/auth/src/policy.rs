//! What a refresh token is worth, and when a password may be tried again: pure functions. A token's authenticity was
//! checked before.

use std::time::Duration;

use kith_kernel::Timestamp;

use crate::domain::{Digest, Retry, Session};

/// What is done about a refresh token.
#[derive(Debug, PartialEq, Eq)]
pub enum Worth<'a> {
    /// It is the good one: it is traded for another.
    Trade,
    /// It was traded, and the reply may have been lost: it gets the same successor again.
    Again(&'a Retry),
    /// It was traded, and somebody used what it was traded for: one of the two stole it.
    Stolen,
    /// Its session has ended.
    Nothing,
}

/// What the token with this digest is worth.
#[must_use]
pub fn worth<'a>(session: &'a Session, token: &Digest, now: Timestamp) -> Worth<'a> {
    if !session.is_live(now) {
        return Worth::Nothing;
    }
    if session.current == *token {
        return Worth::Trade;
    }
    match &session.retry {
        Some(retry) if retry.previous == *token => Worth::Again(retry),
        Some(_) | None => Worth::Stolen,
    }
}

/// How long a failed attempt counts: the next one later than that is the first.
pub const COUNTED: Duration = Duration::from_hours(24);
/// How many may fail in a row (NIST SP 800-63B-4, 3.2.2). Then the address and its password enter nothing while the last
/// of them counts; a recovery code still does.
pub const FAILURES_AT_MOST: u32 = 100;

/// So many may fail without a wait: people mistype.
const FREE: u32 = 5;
/// The wait doubles from a second up to this.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// The attempts to enter by one address since one succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How many.
    pub failures: u32,
    /// When the last one was made.
    pub last_at: Timestamp,
}

/// The attempts with one more, which counts as failed until it succeeds.
///
/// # Errors
/// When the next one may be made, if that is not now. Whoever comes before that does not make it later.
pub fn attempt(former: Option<Attempts>, now: Timestamp) -> Result<Attempts, Timestamp> {
    let Some(Attempts { failures, last_at }) = former.filter(|former| now < former.last_at.after(COUNTED)) else {
        return Ok(Attempts { failures: 1, last_at: now });
    };
    let opens_at = last_at.after(wait(failures));
    // A clock that stepped back keeps nobody out.
    if last_at <= now && now < opens_at {
        return Err(opens_at);
    }
    Ok(Attempts { failures: failures.saturating_add(1), last_at: now })
}

fn wait(failures: u32) -> Duration {
    match failures {
        0..FREE => Duration::ZERO,
        FREE..FAILURES_AT_MOST => {
            let doubled = 1_u64.checked_shl(failures - FREE).unwrap_or(u64::MAX);
            Duration::from_secs(doubled).min(LONGEST_WAIT)
        }
        FAILURES_AT_MOST.. => COUNTED,
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{SessionId, SystemEntropy, UserId};

    use super::*;
    use crate::domain::IDLE;

    #[test]
    fn a_token_is_traded_once_repeated_while_its_successor_is_unused_and_stolen_afterwards() {
        let now = Timestamp::from_millis(0);
        let account = UserId::new(now, &SystemEntropy);
        let first = Session::begin(SessionId::new(now, &SystemEntropy), account, Vec::new(), [1; 32], now);
        assert_eq!(worth(&first, &[1; 32], now), Worth::Trade);
        assert_eq!(worth(&first, &[9; 32], now), Worth::Stolen);
        let second = first.traded([2; 32], vec![7], now);
        assert_eq!(worth(&second, &[2; 32], now), Worth::Trade);
        assert!(matches!(worth(&second, &[1; 32], now), Worth::Again(_)));
        let seen = Session { retry: None, ..second.clone() };
        assert_eq!(worth(&seen, &[1; 32], now), Worth::Stolen);
        let third = second.traded([3; 32], vec![8], now);
        assert_eq!(worth(&third, &[1; 32], now), Worth::Stolen);
        assert!(matches!(worth(&third, &[2; 32], now), Worth::Again(_)));
    }

    #[test]
    fn no_token_of_an_ended_session_is_worth_anything() {
        let now = Timestamp::from_millis(0);
        let account = UserId::new(now, &SystemEntropy);
        let session = Session::begin(SessionId::new(now, &SystemEntropy), account, Vec::new(), [1; 32], now);
        assert_eq!(worth(&session, &[1; 32], now.after(IDLE)), Worth::Nothing);
        let ended = Session { ended_at: Some(now), ..session };
        assert_eq!(worth(&ended, &[1; 32], now), Worth::Nothing);
        assert_eq!(worth(&ended, &[9; 32], now), Worth::Nothing);
    }

    /// Fails as often and as soon as one may, and says how many attempts that took in this time.
    fn failures_within(span: Duration) -> u32 {
        let start = Timestamp::from_millis(0);
        let (mut now, mut attempts, mut made) = (start, None, 0);
        while now < start.after(span) {
            match attempt(attempts, now) {
                Ok(counted) => (attempts, made) = (Some(counted), made + 1),
                Err(opens_at) => now = opens_at,
            }
        }
        made
    }

    #[test]
    fn five_attempts_may_fail_at_once_and_then_the_wait_doubles() {
        assert_eq!(failures_within(Duration::from_secs(1)), 5);
        assert_eq!(failures_within(Duration::from_secs(2)), 6);
        assert_eq!(failures_within(Duration::from_secs(4)), 7);
        assert_eq!(failures_within(Duration::from_hours(1)), 17);
    }

    #[test]
    fn no_more_than_a_hundred_fail_in_a_row_and_a_day_later_it_begins_anew() {
        assert_eq!(failures_within(Duration::from_hours(45)), FAILURES_AT_MOST);
        let now = Timestamp::from_millis(0);
        let all = Some(Attempts { failures: FAILURES_AT_MOST, last_at: now });
        let tomorrow = now.after(COUNTED);
        assert_eq!(attempt(all, tomorrow.before(Duration::from_millis(1))), Err(tomorrow));
        assert_eq!(attempt(all, tomorrow), Ok(Attempts { failures: 1, last_at: tomorrow }));
    }

    #[test]
    fn a_clock_that_stepped_back_keeps_nobody_out() {
        let now = Timestamp::from_millis(0);
        let former = Attempts { failures: 50, last_at: now.after(Duration::from_hours(1)) };
        assert_eq!(attempt(Some(former), now), Ok(Attempts { failures: 51, last_at: now }));
    }
}
