//! Urgency of a post.

use super::PostRuleViolation;

/// Urgency level from 1, no hurry, to 5, a response is needed immediately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency(u8);

impl Urgency {
    pub const MIN: Self = Self(1);
    pub const MAX: Self = Self(5);
    /// Lowest urgency of an SOS.
    pub const MIN_SOS: Self = Self(4);

    /// # Errors
    /// [`PostRuleViolation::UrgencyOutOfRange`] outside 1 to 5.
    pub fn new(level: i64) -> Result<Self, PostRuleViolation> {
        match u8::try_from(level) {
            Ok(level @ 1..=5) => Ok(Self(level)),
            _ => Err(PostRuleViolation::UrgencyOutOfRange),
        }
    }

    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_is_between_1_and_5() {
        for level in [i64::MIN, -1, 0, 6, 257, i64::MAX] {
            assert_eq!(Urgency::new(level), Err(PostRuleViolation::UrgencyOutOfRange), "{level}");
        }
        assert_eq!(Urgency::new(4), Ok(Urgency::MIN_SOS));
    }
}
