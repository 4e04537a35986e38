//! Circles and their rounded member count.

use kith_kernel::{CircleId, Entropy, Timestamp};

use super::CircleSettings;

/// A circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    pub id: CircleId,
    pub settings: CircleSettings,
    pub member_count: u32,
    pub count_offset: MemberCountOffset,
    pub created_at: Timestamp,
    /// Time of archiving. An archived circle is read-only.
    pub archived_at: Option<Timestamp>,
    /// Time at which staff closed the circle. A closed circle cannot be found, and members cannot read its content.
    pub closed_at: Option<Timestamp>,
    /// Number of changes of the settings, starting at 1.
    pub version: i64,
}

impl Circle {
    /// Returns the rounded member count. It is the same for all viewers.
    #[must_use]
    pub const fn approximate_members(&self) -> u32 {
        let shifted = self.member_count.saturating_add(self.count_offset.0);
        shifted - shifted % MemberCountOffset::STEP
    }

    /// Returns the etag of the settings. It is opaque to clients.
    #[must_use]
    pub fn etag(&self) -> String {
        self.version.to_string()
    }
}

/// Secret random offset added before the member count is rounded.
///
/// Without it, a member whose list is one entry shorter than a rounded count could infer that a member is hidden from
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberCountOffset(u32);

impl MemberCountOffset {
    /// The member count is rounded down to a multiple of this number.
    const STEP: u32 = 10;

    /// Returns a random offset.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut byte = [0];
        entropy.fill(&mut byte);
        let [byte] = byte;
        Self(u32::from(byte) % Self::STEP)
    }

    /// Creates an offset from a stored number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number % Self::STEP)
    }

    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn an_offset_is_less_than_the_rounding_step() {
        assert!((0..200).all(|_| MemberCountOffset::random(&SystemEntropy).get() < MemberCountOffset::STEP));
    }
}
