//! Circles, memberships, invites and the circle log.

mod circle;
mod invite;
mod log;
mod membership;
mod settings;
mod text;

use kith_kernel::{EventId, Timestamp, UserId};

pub(crate) use self::membership::{role_from_rank, role_rank};
pub use self::{
    circle::{Circle, MemberCountOffset},
    invite::{InvalidInviteLimits, Invite, InviteCode, InviteCodeDigest, InviteLimits, invite_id, untimed_id},
    log::LogAction,
    membership::{MembershipRecord, MembershipStatus},
    settings::{Access, CircleSettings, CircleUpdate, InvalidMaxMembers, MaxMembers},
    text::{About, InvalidText, Name, Rules, Text},
};

const HOUR_MILLIS: i64 = 60 * 60 * 1_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;

/// Actor and time of a change, and the id of its log entry and event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActorStamp {
    pub actor: UserId,
    pub at: Timestamp,
    pub event: EventId,
}

/// Returns the beginning of the hour. Users never see a more precise time of an action in a circle.
#[must_use]
pub const fn truncate_to_hour(at: Timestamp) -> Timestamp {
    let millis = at.millis();
    Timestamp::from_millis(millis - millis.rem_euclid(HOUR_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_truncated_to_the_beginning_of_its_hour() {
        let truncated = |millis| truncate_to_hour(Timestamp::from_millis(millis));
        assert_eq!(truncated(HOUR_MILLIS), Timestamp::from_millis(HOUR_MILLIS));
        assert_eq!(truncated(2 * HOUR_MILLIS - 1), Timestamp::from_millis(HOUR_MILLIS));
        assert_eq!(truncated(-1), Timestamp::from_millis(-HOUR_MILLIS));
    }
}
