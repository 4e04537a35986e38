//! A session: one device, and the family of its refresh tokens.

use std::time::Duration;

use kith_kernel::{SessionId, Timestamp, UserId};

/// How long a session lasts that nobody refreshes.
pub const IDLE: Duration = Duration::from_hours(30 * 24);
/// How long a session lasts at most.
pub const ABSOLUTE: Duration = Duration::from_hours(90 * 24);
/// How many sessions of one account live at once: one more ends the oldest.
pub const LIVE_AT_MOST: u32 = 10;

/// The longest name of a device, in characters.
const LONGEST: usize = 64;

/// What stands for a secret where it is kept.
pub type Digest = [u8; 32];

/// What the owner knows a device by: one line, at most 64 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device(String);

impl Device {
    /// The name that a device gave itself, without what no name holds.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub account: UserId,
    /// The name of its device, sealed.
    pub device: Vec<u8>,
    /// When it came in.
    pub created_at: Timestamp,
    /// When it last traded its refresh token.
    pub refreshed_at: Timestamp,
    /// When it ends if it is not refreshed; never after [`Session::closes_at`].
    pub expires_at: Timestamp,
    /// When it ends whatever happens.
    pub closes_at: Timestamp,
    /// How often its refresh token was traded.
    pub generation: i64,
    /// The refresh token that is good.
    pub current: Digest,
    /// What a retry of the last trade needs; `None` once that trade's reply is known to have arrived.
    pub retry: Option<Retry>,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
}

/// How the last trade of a refresh token can be answered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The token that was traded.
    pub previous: Digest,
    /// The one that was given for it, sealed so that only the traded one opens it.
    pub successor: Vec<u8>,
}

impl Session {
    /// A session that begins now.
    #[must_use]
    pub fn begin(id: SessionId, account: UserId, device: Vec<u8>, current: Digest, now: Timestamp) -> Self {
        let closes_at = now.after(ABSOLUTE);
        Self {
            id,
            account,
            device,
            created_at: now,
            refreshed_at: now,
            expires_at: now.after(IDLE).min(closes_at),
            closes_at,
            generation: 0,
            current,
            retry: None,
            ended_at: None,
        }
    }

    /// The session after its refresh token was traded.
    #[must_use]
    pub fn traded(self, current: Digest, successor: Vec<u8>, now: Timestamp) -> Self {
        Self {
            refreshed_at: now,
            expires_at: now.after(IDLE).min(self.closes_at),
            generation: self.generation.saturating_add(1),
            retry: Some(Retry { previous: self.current, successor }),
            current,
            ..self
        }
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{SystemEntropy, Timestamp};

    use super::*;

    #[test]
    fn a_session_lasts_thirty_days_unrefreshed_and_ninety_at_most() {
        let start = Timestamp::from_millis(1_000);
        let id = SessionId::new(start, &SystemEntropy);
        let account = UserId::new(start, &SystemEntropy);
        let mut session = Session::begin(id, account, Vec::new(), [0; 32], start);
        let tick = Duration::from_millis(1);
        assert!(session.is_live(start.after(IDLE).before(tick)));
        assert!(!session.is_live(start.after(IDLE)));
        for refresh in 1..=4_u8 {
            let now = start.after(Duration::from_hours(24 * 20 * u64::from(refresh)));
            session = session.traded([refresh; 32], Vec::new(), now);
        }
        assert_eq!((session.generation, session.expires_at), (4, start.after(ABSOLUTE)));
    }

    #[test]
    fn the_name_of_a_device_is_one_line_of_bounded_length() {
        assert_eq!(Device::new(" a\nphone\u{7} ").name(), "aphone");
        assert_eq!(Device::new(&"x".repeat(100)).name().len(), LONGEST);
    }
}
