//! What a refresh token is worth: pure functions. The token's authenticity was checked before.

use kernel::Timestamp;

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

#[cfg(test)]
mod tests {
    use kernel::{SessionId, SystemEntropy, UserId};

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
}
