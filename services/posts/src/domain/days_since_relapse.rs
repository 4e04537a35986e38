//! Days since the author's last relapse.

use super::PostRuleViolation;

/// Number of days since the author's last relapse, at most a hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaysSinceRelapse(u32);

impl DaysSinceRelapse {
    pub const MAX: u32 = 36_500;

    /// # Errors
    /// [`PostRuleViolation::DaysOutOfRange`] above [`DaysSinceRelapse::MAX`].
    pub const fn new(days: u32) -> Result<Self, PostRuleViolation> {
        if days > Self::MAX { Err(PostRuleViolation::DaysOutOfRange) } else { Ok(Self(days)) }
    }

    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_relapse_are_at_most_a_hundred_years() {
        assert!(DaysSinceRelapse::new(36_500).is_ok());
        assert_eq!(DaysSinceRelapse::new(36_501), Err(PostRuleViolation::DaysOutOfRange));
    }
}
