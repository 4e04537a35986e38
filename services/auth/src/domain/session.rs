//! Sessions. A session is one device with its chain of refresh tokens.

use std::time::Duration;

use kith_kernel::{SessionId, Timestamp, UserId};

/// Time after which a session ends unless it is refreshed.
pub const IDLE_TIMEOUT: Duration = Duration::from_hours(30 * 24);
/// Maximum lifetime of a session, refreshed or not.
pub const ABSOLUTE_LIFETIME: Duration = Duration::from_hours(90 * 24);
/// Maximum number of live sessions of an account. A further login ends the oldest one.
pub const MAX_SESSIONS: u32 = 10;

/// Maximum length of a device name, in characters.
const MAX_DEVICE_NAME: usize = 64;

/// Digest of a secret. Stored instead of the secret.
pub type Digest = [u8; 32];

/// Device name chosen by the client: one line of at most 64 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device(String);

impl Device {
    /// Removes control characters and surrounding white space, and truncates the name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.trim().chars().filter(|c| !c.is_control()).take(MAX_DEVICE_NAME).collect())
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub account: UserId,
    /// Encrypted device name.
    pub device: Vec<u8>,
    pub created_at: Timestamp,
    /// Time of the last rotation of the refresh token.
    pub refreshed_at: Timestamp,
    /// End of the session unless it is refreshed. Never after [`Session::absolute_expiry`].
    pub expires_at: Timestamp,
    /// End of the session even if it is refreshed.
    pub absolute_expiry: Timestamp,
    /// Number of rotations of the refresh token.
    pub generation: i64,
    /// Digest of the valid refresh token.
    pub current_digest: Digest,
    /// Data for a retry of the last rotation. `None` once the client is known to have received its response.
    pub pending_retry: Option<PendingRetry>,
    /// Time of logout or revocation. `None` for a live or expired session.
    pub ended_at: Option<Timestamp>,
}

/// Data that allows a client to retry a rotation whose response was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRetry {
    /// Digest of the rotated token.
    pub previous_digest: Digest,
    /// Successor token, encrypted under a key derived from the rotated token.
    pub encrypted_successor: Vec<u8>,
}

impl Session {
    /// Creates a session that starts at `now`.
    #[must_use]
    pub fn new(id: SessionId, account: UserId, device: Vec<u8>, current_digest: Digest, now: Timestamp) -> Self {
        let absolute_expiry = now.after(ABSOLUTE_LIFETIME);
        Self {
            id,
            account,
            device,
            created_at: now,
            refreshed_at: now,
            expires_at: now.after(IDLE_TIMEOUT).min(absolute_expiry),
            absolute_expiry,
            generation: 0,
            current_digest,
            pending_retry: None,
            ended_at: None,
        }
    }

    /// Returns the session after a rotation of its refresh token.
    #[must_use]
    pub fn rotated(self, current_digest: Digest, encrypted_successor: Vec<u8>, now: Timestamp) -> Self {
        Self {
            refreshed_at: now,
            expires_at: now.after(IDLE_TIMEOUT).min(self.absolute_expiry),
            generation: self.generation.saturating_add(1),
            pending_retry: Some(PendingRetry { previous_digest: self.current_digest, encrypted_successor }),
            current_digest,
            ..self
        }
    }

    /// Returns true if the session has neither expired nor been ended.
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
    fn a_session_ends_after_thirty_idle_days_or_ninety_days_in_total() {
        let start = Timestamp::from_millis(1_000);
        let id = SessionId::new(start, &SystemEntropy);
        let account = UserId::new(start, &SystemEntropy);
        let mut session = Session::new(id, account, Vec::new(), [0; 32], start);
        let tick = Duration::from_millis(1);
        assert!(session.is_live(start.after(IDLE_TIMEOUT).before(tick)));
        assert!(!session.is_live(start.after(IDLE_TIMEOUT)));
        for refresh in 1..=4_u8 {
            let now = start.after(Duration::from_hours(24 * 20 * u64::from(refresh)));
            session = session.rotated([refresh; 32], Vec::new(), now);
        }
        assert_eq!((session.generation, session.expires_at), (4, start.after(ABSOLUTE_LIFETIME)));
    }

    #[test]
    fn a_device_name_is_one_line_of_bounded_length() {
        assert_eq!(Device::new(" a\nphone\u{7} ").name(), "aphone");
        assert_eq!(Device::new(&"x".repeat(100)).name().len(), MAX_DEVICE_NAME);
    }
}
