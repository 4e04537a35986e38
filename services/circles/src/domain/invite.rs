//! Invites and their codes.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{CircleId, Entropy, InviteId, PersonaId, Timestamp, UserId};
use uuid::{Builder, Uuid};

use super::HOUR_MILLIS;

/// An invite to a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    pub id: InviteId,
    pub circle: CircleId,
    /// The account that created the invite. It is never disclosed to users.
    pub creator: UserId,
    /// The persona of the creator in this circle.
    pub persona: PersonaId,
    pub code_digest: InviteCodeDigest,
    pub uses_left: u32,
    pub expires_at: Timestamp,
}

/// Returns the id of a new invite, without a timestamp.
///
/// The id is derived from the claim of the call, if there is one, so that a repeated call creates no second invite.
#[must_use]
pub fn invite_id(claimed: Option<Uuid>, entropy: &dyn Entropy) -> InviteId {
    let Some(claimed) = claimed else {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        return InviteId::from_uuid(Builder::from_random_bytes(bytes).into_uuid());
    };
    InviteId::from_uuid(untimed_id(claimed))
}

/// Derives an id that does not contain the timestamp of `id`. The result is always the same for the same id.
#[must_use]
pub fn untimed_id(id: Uuid) -> Uuid {
    let digest = digest(&SHA256, id.as_bytes());
    let bytes = digest.as_ref().first_chunk().copied().unwrap_or_default();
    Builder::from_random_bytes(bytes).into_uuid()
}

/// Number of uses and lifetime of a new invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteLimits {
    uses: u32,
    hours: u32,
}

impl InviteLimits {
    const MAX_USES: u32 = 100;
    const MAX_HOURS: u32 = 30 * 24;
    const DEFAULT_USES: u32 = 1;
    const DEFAULT_HOURS: u32 = 7 * 24;

    /// Creates the limits. 0 selects the default: one use, and one week.
    ///
    /// # Errors
    /// [`InvalidInviteLimits`] above 100 uses or 30 days.
    pub const fn new(uses: u32, hours: u32) -> Result<Self, InvalidInviteLimits> {
        if uses > Self::MAX_USES || hours > Self::MAX_HOURS {
            return Err(InvalidInviteLimits);
        }
        let uses = if uses == 0 { Self::DEFAULT_USES } else { uses };
        let hours = if hours == 0 { Self::DEFAULT_HOURS } else { hours };
        Ok(Self { uses, hours })
    }

    #[must_use]
    pub const fn uses(self) -> u32 {
        self.uses
    }

    /// Returns the expiry of an invite created now, rounded up to a full hour, so that it does not disclose the time of
    /// creation.
    #[must_use]
    pub fn expires_at(self, now: Timestamp) -> Timestamp {
        let end = now.after(Duration::from_hours(self.hours.into())).millis();
        let remainder = end.rem_euclid(HOUR_MILLIS);
        Timestamp::from_millis(if remainder == 0 { end } else { end - remainder + HOUR_MILLIS })
    }
}

/// The number of uses or the lifetime of an invite is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invite must have at most 100 uses and a lifetime of at most 720 hours")]
pub struct InvalidInviteLimits;

/// Secret code of an invite: 160 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct InviteCode([u8; 20]);

impl InviteCode {
    /// Returns a random code.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 20];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Parses a code sent by a client.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Returns the code as text, for the client that created it.
    #[must_use]
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the digest under which the code is stored.
    #[must_use]
    pub fn digest(&self) -> InviteCodeDigest {
        let digest = digest(&SHA256, &self.0);
        InviteCodeDigest(digest.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode(..)")
    }
}

/// SHA-256 of an invite code. Codes cannot be guessed, so it needs no salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteCodeDigest(pub [u8; 32]);

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn a_code_is_parsed_from_its_text_and_other_text_is_rejected() {
        let code = InviteCode::random(&SystemEntropy);
        assert_eq!(InviteCode::parse(&code.expose()), Some(code.clone()));
        assert_ne!(code.digest(), InviteCode::random(&SystemEntropy).digest());
        for invalid in ["", "AAAA", "not a code at all, is it", &format!("{}A", code.expose())] {
            assert_eq!(InviteCode::parse(invalid), None);
        }
        assert_eq!(format!("{code:?}"), "InviteCode(..)");
    }

    #[test]
    fn an_invite_expires_on_a_full_hour() {
        let now = Timestamp::from_millis(10 * HOUR_MILLIS + 1);
        let limits = InviteLimits::new(0, 1).unwrap();
        assert_eq!(limits.expires_at(now), Timestamp::from_millis(12 * HOUR_MILLIS));
        let full_hour = Timestamp::from_millis(10 * HOUR_MILLIS);
        assert_eq!(limits.expires_at(full_hour), Timestamp::from_millis(11 * HOUR_MILLIS));
        assert!(InviteLimits::new(101, 1).is_err() && InviteLimits::new(1, 721).is_err());
        assert_eq!(InviteLimits::new(0, 0).unwrap(), InviteLimits { uses: 1, hours: 168 });
    }

    #[test]
    fn a_claim_determines_the_invite_id_without_its_timestamp() {
        let claim = Uuid::from_u128(7 << 80);
        let id = invite_id(Some(claim), &SystemEntropy);
        assert_eq!(invite_id(Some(claim), &SystemEntropy), id);
        assert_eq!(id.uuid().get_version_num(), 4);
        assert_ne!(invite_id(None, &SystemEntropy), invite_id(None, &SystemEntropy));
    }
}
