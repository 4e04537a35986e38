//! Memberships.

use kith_kernel::{PersonaId, Timestamp, UserId, ports::CircleRole};

use super::DAY_MILLIS;

/// Past or present membership of an account in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MembershipRecord {
    /// The account. It is never disclosed to users.
    pub user: UserId,
    /// The persona of the account in this circle. It never changes.
    pub persona: PersonaId,
    pub status: MembershipStatus,
    /// Time of the last change of the status. A change of the role keeps it.
    pub since: Timestamp,
}

impl MembershipRecord {
    /// Returns `since`, truncated to the beginning of the day in UTC.
    ///
    /// Other users never see a more precise time: an account that joins two circles within a minute could be recognized
    /// by it.
    #[must_use]
    pub const fn since_day(&self) -> Timestamp {
        let millis = self.since.millis();
        Timestamp::from_millis(millis - millis.rem_euclid(DAY_MILLIS))
    }
}

/// Status of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipStatus {
    /// A join request is pending.
    Requested,
    Member(CircleRole),
    /// Left, was removed or unbanned, or the join request was withdrawn.
    Left,
    /// The last join request was declined.
    Declined,
    Banned,
}

impl MembershipStatus {
    /// Returns the role of a member.
    #[must_use]
    pub const fn role(self) -> Option<CircleRole> {
        match self {
            Self::Member(role) => Some(role),
            Self::Requested | Self::Left | Self::Declined | Self::Banned => None,
        }
    }

    /// Returns the value stored in databases, without the role. Stored values never change their meaning.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Member(_) => "member",
            Self::Left => "left",
            Self::Declined => "declined",
            Self::Banned => "banned",
        }
    }
}

/// Returns the number that represents a role in databases and cursors; 0 for no role. A higher rank includes the
/// permissions of the lower ones.
pub(crate) const fn role_rank(role: Option<CircleRole>) -> i64 {
    match role {
        None => 0,
        Some(CircleRole::Member) => 1,
        Some(CircleRole::Keeper) => 2,
        Some(CircleRole::Owner) => 3,
    }
}

/// Returns the role of a rank; `None` for 0 and unknown numbers.
pub(crate) const fn role_from_rank(rank: i64) -> Option<CircleRole> {
    match rank {
        1 => Some(CircleRole::Member),
        2 => Some(CircleRole::Keeper),
        3 => Some(CircleRole::Owner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn a_membership_shows_its_day_and_not_its_hour() {
        let since = |millis| MembershipRecord {
            user: UserId::new(Timestamp::from_millis(0), &SystemEntropy),
            persona: PersonaId::random(&SystemEntropy),
            status: MembershipStatus::Left,
            since: Timestamp::from_millis(millis),
        };
        assert_eq!(since(DAY_MILLIS + 5).since_day(), Timestamp::from_millis(DAY_MILLIS));
        assert_eq!(since(-1).since_day(), Timestamp::from_millis(-DAY_MILLIS));
    }

    #[test]
    fn every_role_has_a_rank() {
        for role in [None, Some(CircleRole::Member), Some(CircleRole::Keeper), Some(CircleRole::Owner)] {
            assert_eq!(role_from_rank(role_rank(role)), role);
        }
    }
}
