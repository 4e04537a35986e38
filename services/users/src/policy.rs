//! Rules of visibility, points and badges. Pure functions.

use std::collections::BTreeSet;

use kith_kernel::{
    PersonaScope, Timestamp, UserId,
    actor::Role,
    event::{ResponseClass, ResponseRef},
    ports::Badge,
};

use crate::privacy::Privacy;

/// Maximum number of points that an account can earn on one day.
pub const MAX_DAILY_POINTS: u32 = 100;
/// Points of a response that the author of the post marks as helpful.
pub const HELPFUL_POINTS: u32 = 10;

const SUPPORTER_POINTS: u32 = 100;
const GUIDE_POINTS: u32 = 1_000;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// Returns true if the viewer can see the other account. Every account can see itself.
#[must_use]
pub fn can_see(viewer: UserId, other: UserId, hidden: &BTreeSet<UserId>) -> bool {
    viewer == other || !hidden.contains(&other)
}

/// Returns the points of a response.
#[must_use]
pub const fn points_for(class: ResponseClass) -> u32 {
    match class {
        ResponseClass::Quick => 1,
        ResponseClass::Text => 3,
        ResponseClass::LongText => 5,
    }
}

/// Returns true if the response can earn points. Responses to the author's own posts earn none.
#[must_use]
pub fn can_earn(response: &ResponseRef) -> bool {
    response.author != response.post_author
}

/// Returns the number of days since 1970-01-01, in UTC.
#[must_use]
pub const fn day_number(at: Timestamp) -> i64 {
    at.millis().div_euclid(DAY_MILLIS)
}

/// Returns the badges of a persona in display order.
///
/// Personas in circles have no badges: a badge could reveal that two personas belong to one account.
#[must_use]
pub fn badges(scope: PersonaScope, role: Role, points: u32) -> Vec<Badge> {
    match scope {
        PersonaScope::Public => {}
        PersonaScope::Circle(_) => return Vec::new(),
    }
    let is_staff = match role {
        Role::Member => false,
        Role::Moderator | Role::Admin => true,
    };
    let all = [
        (Badge::Supporter, points >= SUPPORTER_POINTS),
        (Badge::Guide, points >= GUIDE_POINTS),
        (Badge::Moderator, is_staff),
    ];
    all.into_iter().filter_map(|(badge, is_earned)| is_earned.then_some(badge)).collect()
}

/// Returns true if other users see the badge. The moderator badge cannot be hidden, so that users know which accounts
/// have power over them.
#[must_use]
pub const fn is_badge_visible(badge: Badge, privacy: Privacy) -> bool {
    match badge {
        Badge::Supporter | Badge::Guide => privacy.shows_badges,
        Badge::Moderator => true,
    }
}

/// Returns the points that other users see, or None in a circle.
///
/// Points are rounded down to a multiple of 10, so that single responses cannot be traced to an account by the change of
/// its points.
#[must_use]
pub const fn public_points(scope: PersonaScope, points: u32) -> Option<u32> {
    match scope {
        PersonaScope::Public => Some(points - points % 10),
        PersonaScope::Circle(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{CircleId, SystemEntropy};

    use super::*;

    #[test]
    fn badges_are_earned_at_their_exact_number_of_points() {
        assert_eq!(badges(PersonaScope::Public, Role::Member, 99), []);
        assert_eq!(badges(PersonaScope::Public, Role::Member, 100), [Badge::Supporter]);
        assert_eq!(badges(PersonaScope::Public, Role::Member, 999), [Badge::Supporter]);
        assert_eq!(badges(PersonaScope::Public, Role::Member, 1_000), [Badge::Supporter, Badge::Guide]);
    }

    #[test]
    fn staff_have_the_moderator_badge() {
        assert_eq!(badges(PersonaScope::Public, Role::Moderator, 0), [Badge::Moderator]);
        assert_eq!(badges(PersonaScope::Public, Role::Admin, 100), [Badge::Supporter, Badge::Moderator]);
    }

    #[test]
    fn circle_personas_show_no_badges_and_no_points() {
        let circle = PersonaScope::Circle(CircleId::new(Timestamp::from_millis(0), &SystemEntropy));
        assert_eq!(badges(circle, Role::Admin, 1_000), []);
        assert_eq!(public_points(circle, 1_000), None);
    }

    #[test]
    fn earned_badges_can_be_hidden_and_the_moderator_badge_cannot() {
        let all = [Badge::Supporter, Badge::Guide, Badge::Moderator];
        let visible = |shows_badges| {
            let privacy = Privacy { shows_points: true, shows_badges };
            all.map(|badge| is_badge_visible(badge, privacy))
        };
        assert_eq!((visible(true), visible(false)), ([true, true, true], [false, false, true]));
    }

    #[test]
    fn a_day_ends_at_midnight_utc_also_before_1970() {
        assert_eq!(day_number(Timestamp::from_millis(DAY_MILLIS - 1)), 0);
        assert_eq!(day_number(Timestamp::from_millis(DAY_MILLIS)), 1);
        assert_eq!(day_number(Timestamp::from_millis(-1)), -1);
    }

    #[test]
    fn public_points_are_rounded_down_to_multiples_of_10() {
        let rounded = [0, 9, 10, 119].map(|points| public_points(PersonaScope::Public, points));
        assert_eq!(rounded, [0, 0, 10, 110].map(Some));
    }

    #[test]
    fn hidden_accounts_are_invisible_and_every_account_sees_itself() {
        let now = Timestamp::from_millis(0);
        let (ann, bob) = (UserId::new(now, &SystemEntropy), UserId::new(now, &SystemEntropy));
        assert!(can_see(ann, ann, &BTreeSet::from([ann])));
        assert!(can_see(ann, bob, &BTreeSet::new()));
        assert!(!can_see(ann, bob, &BTreeSet::from([bob])));
    }
}
