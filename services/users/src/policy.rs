//! Who is found by whom, what helping is worth, and what it earns. Pure: all that a rule needs is passed in.

use std::collections::BTreeSet;

use kith_kernel::{
    PersonaScope, Timestamp, UserId,
    actor::Role,
    event::{ResponseRef, ResponseClass},
    ports::Badge,
};

use crate::domain::Privacy;

/// The most that one day can earn, whatever was done in it.
pub const DAILY_POINTS: u32 = 100;
/// What the author of a post gives by saying that an answer helped.
pub const HELPFUL: u32 = 10;

const SUPPORTER: u32 = 100;
const GUIDE: u32 = 1_000;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// Somebody hidden from the viewer is, for them, nobody.
#[must_use]
pub fn may_see(viewer: UserId, other: UserId, hidden: &BTreeSet<UserId>) -> bool {
    viewer == other || !hidden.contains(&other)
}

/// What an answer of this weight is worth.
#[must_use]
pub const fn worth(weight: ResponseClass) -> u32 {
    match weight {
        ResponseClass::Quick => 1,
        ResponseClass::Text => 3,
        ResponseClass::LongText => 5,
    }
}

/// Whether an answer can earn anything: nobody earns by answering themselves.
#[must_use]
pub fn earns(about: &ResponseRef) -> bool {
    about.author != about.post_author
}

/// The day of a moment, in UTC: days since 1970.
#[must_use]
pub const fn day(at: Timestamp) -> i64 {
    at.millis().div_euclid(DAY_MILLIS)
}

/// What is shown of somebody, in the order in which it is shown. In a circle it is nothing: what an account has earned
/// would join its personas.
#[must_use]
pub fn badges(space: PersonaScope, role: Role, points: u32) -> Vec<Badge> {
    match space {
        PersonaScope::Public => {}
        PersonaScope::Circle(_) => return Vec::new(),
    }
    let works_the_queue = match role {
        Role::Member => false,
        Role::Moderator | Role::Admin => true,
    };
    let all =
        [(Badge::Supporter, points >= SUPPORTER), (Badge::Guide, points >= GUIDE), (Badge::Moderator, works_the_queue)];
    all.into_iter().filter_map(|(badge, given)| given.then_some(badge)).collect()
}

/// Whether others see a badge. Who works the queue is known by it: nobody hides what they can do to others.
#[must_use]
pub const fn is_shown(badge: Badge, privacy: Privacy) -> bool {
    match badge {
        Badge::Supporter | Badge::Guide => privacy.shows_badges,
        Badge::Moderator => true,
    }
}

/// What others are told of somebody's points: full tens, so that nobody is followed by them; and in a circle nothing.
#[must_use]
pub const fn told(space: PersonaScope, points: u32) -> Option<u32> {
    match space {
        PersonaScope::Public => Some(points - points % 10),
        PersonaScope::Circle(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{CircleId, SystemEntropy};

    use super::*;

    #[test]
    fn badges_come_with_their_points_and_not_before() {
        assert_eq!(badges(PersonaScope::Public, Role::Member, 99), []);
        assert_eq!(badges(PersonaScope::Public, Role::Member, 100), [Badge::Supporter]);
        assert_eq!(badges(PersonaScope::Public, Role::Member, 999), [Badge::Supporter]);
        assert_eq!(badges(PersonaScope::Public, Role::Member, 1_000), [Badge::Supporter, Badge::Guide]);
    }

    #[test]
    fn who_works_the_queue_is_known_by_a_badge() {
        assert_eq!(badges(PersonaScope::Public, Role::Moderator, 0), [Badge::Moderator]);
        assert_eq!(badges(PersonaScope::Public, Role::Admin, 100), [Badge::Supporter, Badge::Moderator]);
    }

    #[test]
    fn in_a_circle_nothing_is_told_of_what_an_account_has_earned() {
        let circle = PersonaScope::Circle(CircleId::new(Timestamp::from_millis(0), &SystemEntropy));
        assert_eq!(badges(circle, Role::Admin, 1_000), []);
        assert_eq!(told(circle, 1_000), None);
    }

    #[test]
    fn what_points_have_earned_may_be_hidden_and_what_somebody_may_do_may_not() {
        let all = [Badge::Supporter, Badge::Guide, Badge::Moderator];
        let shown = |shows_badges| {
            let privacy = Privacy { shows_points: true, shows_badges };
            all.map(|badge| is_shown(badge, privacy))
        };
        assert_eq!((shown(true), shown(false)), ([true, true, true], [false, false, true]));
    }

    #[test]
    fn a_day_ends_at_midnight_in_utc_before_1970_too() {
        assert_eq!(day(Timestamp::from_millis(DAY_MILLIS - 1)), 0);
        assert_eq!(day(Timestamp::from_millis(DAY_MILLIS)), 1);
        assert_eq!(day(Timestamp::from_millis(-1)), -1);
    }

    #[test]
    fn others_are_told_full_tens() {
        assert_eq!([0, 9, 10, 119].map(|points| told(PersonaScope::Public, points)), [0, 0, 10, 110].map(Some));
    }

    #[test]
    fn nobody_is_hidden_from_themselves() {
        let now = Timestamp::from_millis(0);
        let (ann, bob) = (UserId::new(now, &SystemEntropy), UserId::new(now, &SystemEntropy));
        assert!(may_see(ann, ann, &BTreeSet::from([ann])));
        assert!(may_see(ann, bob, &BTreeSet::new()));
        assert!(!may_see(ann, bob, &BTreeSet::from([bob])));
    }
}
