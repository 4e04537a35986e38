//! Ways in.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{CircleId, Entropy, InviteId, PersonaId, Timestamp, UserId};
use uuid::{Builder, Uuid};

/// A way into a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Which.
    pub id: InviteId,
    /// Into which circle.
    pub circle: CircleId,
    /// Who made it. Nobody is told.
    pub maker: UserId,
    /// As whom.
    pub persona: PersonaId,
    /// What its code is known by.
    pub code: Digest,
    /// How many may still get in by it.
    pub uses_left: u32,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The id of an invite: of the claim of a call, if there is one, so that a repeat finds it; but without the moment that
/// the claim's id holds.
#[must_use]
pub fn invite_id(claimed: Option<Uuid>, entropy: &dyn Entropy) -> InviteId {
    let Some(claimed) = claimed else {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        return InviteId::from_uuid(Builder::from_random_bytes(bytes).into_uuid());
    };
    InviteId::from_uuid(timeless(claimed))
}

/// What stands for an id, always the same, and does not hold the moment that the id holds.
#[must_use]
pub fn timeless(id: Uuid) -> Uuid {
    let digest = digest(&SHA256, id.as_bytes());
    let bytes = digest.as_ref().first_chunk().copied().unwrap_or_default();
    Builder::from_random_bytes(bytes).into_uuid()
}

/// For how many an invite is made, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    uses: u32,
    hours: u32,
}

impl Term {
    const MOST_USES: u32 = 100;
    const MOST_HOURS: u32 = 30 * 24;
    const WEEK: u32 = 7 * 24;
    const HOUR_MILLIS: i64 = 60 * 60 * 1_000;

    /// So many, for so long; 0 is one, and a week.
    ///
    /// # Errors
    /// [`InvalidTerm`] for more than 100, or more than 30 days.
    pub const fn new(uses: u32, hours: u32) -> Result<Self, InvalidTerm> {
        if uses > Self::MOST_USES || hours > Self::MOST_HOURS {
            return Err(InvalidTerm);
        }
        let uses = if uses == 0 { 1 } else { uses };
        let hours = if hours == 0 { Self::WEEK } else { hours };
        Ok(Self { uses, hours })
    }

    /// For how many.
    #[must_use]
    pub const fn uses(self) -> u32 {
        self.uses
    }

    /// When it ends that began now: on the next full hour, so that nobody is told when it was made.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Timestamp {
        let end = now.after(Duration::from_hours(self.hours.into())).millis();
        let over = end.rem_euclid(Self::HOUR_MILLIS);
        Timestamp::from_millis(if over == 0 { end } else { end - over + Self::HOUR_MILLIS })
    }
}

/// No invite is for so many, or for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invite is for at most 100 people and 30 days")]
pub struct InvalidTerm;

/// What opens a circle: 160 bits, for whoever they are given to.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; 20]);

impl Code {
    /// A new one.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 20];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The code that somebody sends; `None` for what cannot be one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// As it is given to somebody.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What it is known by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let digest = digest(&SHA256, &self.0);
        Digest(digest.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// What a code is known by: its SHA-256. Codes cannot be guessed, so it needs no salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_given_and_nothing_else_is_one() {
        let code = Code::draw(&SystemEntropy);
        assert_eq!(Code::read(&code.text()), Some(code.clone()));
        assert_ne!(code.digest(), Code::draw(&SystemEntropy).digest());
        for rubbish in ["", "AAAA", "not a code at all, is it", &format!("{}A", code.text())] {
            assert_eq!(Code::read(rubbish), None);
        }
        assert_eq!(format!("{code:?}"), "Code(..)");
    }

    #[test]
    fn an_invite_ends_on_a_full_hour() {
        let now = Timestamp::from_millis(10 * Term::HOUR_MILLIS + 1);
        assert_eq!(Term::new(0, 1).unwrap().end(now), Timestamp::from_millis(12 * Term::HOUR_MILLIS));
        let full = Timestamp::from_millis(10 * Term::HOUR_MILLIS);
        assert_eq!(Term::new(0, 1).unwrap().end(full), Timestamp::from_millis(11 * Term::HOUR_MILLIS));
        assert!(Term::new(101, 1).is_err() && Term::new(1, 721).is_err());
        assert_eq!(Term::new(0, 0).unwrap(), Term { uses: 1, hours: 168 });
    }

    #[test]
    fn a_claim_names_one_invite_without_its_moment() {
        let claim = Uuid::from_u128(7 << 80);
        let id = invite_id(Some(claim), &SystemEntropy);
        assert_eq!(invite_id(Some(claim), &SystemEntropy), id);
        assert_eq!(id.uuid().get_version_num(), 4);
        assert_ne!(invite_id(None, &SystemEntropy), invite_id(None, &SystemEntropy));
    }
}
