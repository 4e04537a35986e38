//! Decisions about refresh tokens and password throttling. Pure functions: every input is a parameter.

use std::time::Duration;

use kith_kernel::Timestamp;

use crate::domain::{Digest, PendingRetry, Session};

/// Treatment of a refresh token that this server issued.
#[derive(Debug, PartialEq, Eq)]
pub enum RefreshDecision<'a> {
    /// The token is current: it is exchanged for a successor.
    Rotate,
    /// The token was already rotated, but the response may have been lost: the same successor is returned.
    Replay(&'a PendingRetry),
    /// The token was already rotated and its successor used. One of the two clients has a stolen token, so the session
    /// is revoked.
    ReuseDetected,
    /// The session has ended.
    Invalid,
}

/// Decides about the refresh token with this digest. The authenticity of the token was verified before.
#[must_use]
pub fn decide_refresh<'a>(session: &'a Session, token: &Digest, now: Timestamp) -> RefreshDecision<'a> {
    if !session.is_live(now) {
        return RefreshDecision::Invalid;
    }
    if session.current_digest == *token {
        return RefreshDecision::Rotate;
    }
    match &session.pending_retry {
        Some(retry) if retry.previous_digest == *token => RefreshDecision::Replay(retry),
        Some(_) | None => RefreshDecision::ReuseDetected,
    }
}

/// Time after which failed attempts are forgotten, counted from the last one.
pub const ATTEMPT_WINDOW: Duration = Duration::from_hours(24);
/// Maximum number of consecutive failures (NIST SP 800-63B-4, section 3.2.2). After that, password login is blocked
/// until [`ATTEMPT_WINDOW`] has passed. Login with a recovery code is still possible.
pub const MAX_FAILURES: u32 = 100;

/// Number of failures without a backoff, to allow for typing errors.
const FREE_ATTEMPTS: u32 = 5;
/// Upper bound of the backoff, which starts at one second and doubles.
const MAX_BACKOFF: Duration = Duration::from_mins(15);

/// Login attempts with one e-mail address since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedAttempts {
    pub failures: u32,
    pub last_at: Timestamp,
}

/// Adds an attempt. It counts as failed until a login succeeds.
///
/// # Errors
/// The time of the next permitted attempt, if it is in the future. A rejected attempt does not extend the backoff.
pub fn record_attempt(previous: Option<FailedAttempts>, now: Timestamp) -> Result<FailedAttempts, Timestamp> {
    let in_window = |attempts: &FailedAttempts| now < attempts.last_at.after(ATTEMPT_WINDOW);
    let Some(FailedAttempts { failures, last_at }) = previous.filter(in_window) else {
        return Ok(FailedAttempts { failures: 1, last_at: now });
    };
    let permitted_at = last_at.after(backoff(failures));
    // If the clock stepped back, the attempt is permitted.
    if last_at <= now && now < permitted_at {
        return Err(permitted_at);
    }
    Ok(FailedAttempts { failures: failures.saturating_add(1), last_at: now })
}

fn backoff(failures: u32) -> Duration {
    match failures {
        0..FREE_ATTEMPTS => Duration::ZERO,
        FREE_ATTEMPTS..MAX_FAILURES => {
            let doubled = 1_u64.checked_shl(failures - FREE_ATTEMPTS).unwrap_or(u64::MAX);
            Duration::from_secs(doubled).min(MAX_BACKOFF)
        }
        MAX_FAILURES.. => ATTEMPT_WINDOW,
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{SessionId, SystemEntropy, UserId};

    use super::*;
    use crate::domain::IDLE_TIMEOUT;

    #[test]
    fn a_refresh_token_rotates_once_and_is_replayed_until_its_successor_is_used() {
        let now = Timestamp::from_millis(0);
        let account = UserId::new(now, &SystemEntropy);
        let first = Session::new(SessionId::new(now, &SystemEntropy), account, Vec::new(), [1; 32], now);
        assert_eq!(decide_refresh(&first, &[1; 32], now), RefreshDecision::Rotate);
        assert_eq!(decide_refresh(&first, &[9; 32], now), RefreshDecision::ReuseDetected);
        let second = first.rotated([2; 32], vec![7], now);
        assert_eq!(decide_refresh(&second, &[2; 32], now), RefreshDecision::Rotate);
        assert!(matches!(decide_refresh(&second, &[1; 32], now), RefreshDecision::Replay(_)));
        let confirmed = Session { pending_retry: None, ..second.clone() };
        assert_eq!(decide_refresh(&confirmed, &[1; 32], now), RefreshDecision::ReuseDetected);
        let third = second.rotated([3; 32], vec![8], now);
        assert_eq!(decide_refresh(&third, &[1; 32], now), RefreshDecision::ReuseDetected);
        assert!(matches!(decide_refresh(&third, &[2; 32], now), RefreshDecision::Replay(_)));
    }

    #[test]
    fn tokens_of_an_ended_session_are_invalid() {
        let now = Timestamp::from_millis(0);
        let account = UserId::new(now, &SystemEntropy);
        let session = Session::new(SessionId::new(now, &SystemEntropy), account, Vec::new(), [1; 32], now);
        assert_eq!(decide_refresh(&session, &[1; 32], now.after(IDLE_TIMEOUT)), RefreshDecision::Invalid);
        let ended = Session { ended_at: Some(now), ..session };
        assert_eq!(decide_refresh(&ended, &[1; 32], now), RefreshDecision::Invalid);
        assert_eq!(decide_refresh(&ended, &[9; 32], now), RefreshDecision::Invalid);
    }

    /// Fails as often as is permitted, without delay, and returns the number of attempts in this period.
    fn failures_within(period: Duration) -> u32 {
        let start = Timestamp::from_millis(0);
        let (mut now, mut attempts, mut count) = (start, None, 0);
        while now < start.after(period) {
            match record_attempt(attempts, now) {
                Ok(recorded) => (attempts, count) = (Some(recorded), count + 1),
                Err(permitted_at) => now = permitted_at,
            }
        }
        count
    }

    #[test]
    fn five_attempts_can_fail_without_delay_and_then_the_backoff_doubles() {
        assert_eq!(failures_within(Duration::from_secs(1)), 5);
        assert_eq!(failures_within(Duration::from_secs(2)), 6);
        assert_eq!(failures_within(Duration::from_secs(4)), 7);
        assert_eq!(failures_within(Duration::from_hours(1)), 17);
    }

    #[test]
    fn at_most_a_hundred_attempts_fail_in_a_row_and_the_count_resets_after_a_day() {
        assert_eq!(failures_within(Duration::from_hours(45)), MAX_FAILURES);
        let now = Timestamp::from_millis(0);
        let exhausted = Some(FailedAttempts { failures: MAX_FAILURES, last_at: now });
        let tomorrow = now.after(ATTEMPT_WINDOW);
        assert_eq!(record_attempt(exhausted, tomorrow.before(Duration::from_millis(1))), Err(tomorrow));
        assert_eq!(record_attempt(exhausted, tomorrow), Ok(FailedAttempts { failures: 1, last_at: tomorrow }));
    }

    #[test]
    fn an_attempt_is_permitted_after_the_clock_stepped_back() {
        let now = Timestamp::from_millis(0);
        let previous = FailedAttempts { failures: 50, last_at: now.after(Duration::from_hours(1)) };
        assert_eq!(record_attempt(Some(previous), now), Ok(FailedAttempts { failures: 51, last_at: now }));
    }
}
