//! What a circle is, who is in it, and what opens it.

mod invite;
mod text;

use kith_kernel::{Category, CircleId, Entropy, PersonaId, Timestamp, UserId, ports::CircleRole};

pub use self::{
    invite::{Code, Digest, InvalidTerm, Invite, Term, invite_id, timeless},
    text::{About, InvalidText, Name, Rules, Text},
};

const HOUR_MILLIS: i64 = 60 * 60 * 1_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;

/// A circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// Which.
    pub id: CircleId,
    /// What it says of itself.
    pub terms: Terms,
    /// How many members it has.
    pub members: u32,
    /// What hides at which number of them the rounded one changes.
    pub blur: Blur,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Since when nothing can be written in it.
    pub archived_at: Option<Timestamp>,
    /// Since when staff have closed it: nobody finds it, and its members find nothing in it.
    pub closed_at: Option<Timestamp>,
    /// Counts the changes of its terms.
    pub version: i64,
}

impl Circle {
    /// About how many members it has, for everybody alike.
    #[must_use]
    pub const fn about_members(&self) -> u32 {
        let blurred = self.members.saturating_add(self.blur.0);
        blurred - blurred % Blur::STEP
    }

    /// The version of its terms, for an update. Clients read nothing in it.
    #[must_use]
    pub fn etag(&self) -> String {
        self.version.to_string()
    }
}

/// What a circle says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it is called.
    pub name: Name,
    /// What it is for.
    pub about: About,
    /// The rules of the house.
    pub rules: Rules,
    /// On which shelf it stands.
    pub category: Category,
    /// Who finds it, and how they get in.
    pub access: Access,
    /// How many members it may have.
    pub cap: Cap,
}

/// A change of what a circle says of itself. What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// What it is called.
    pub name: Option<Name>,
    /// What it is for.
    pub about: Option<About>,
    /// The rules of the house.
    pub rules: Option<Rules>,
    /// On which shelf it stands.
    pub category: Option<Category>,
    /// Who finds it, and how they get in.
    pub access: Option<Access>,
    /// How many members it may have.
    pub cap: Option<Cap>,
}

impl Change {
    /// What is said after it.
    #[must_use]
    pub fn of(self, terms: &Terms) -> Terms {
        Terms {
            name: self.name.unwrap_or_else(|| terms.name.clone()),
            about: self.about.unwrap_or_else(|| terms.about.clone()),
            rules: self.rules.unwrap_or_else(|| terms.rules.clone()),
            category: self.category.unwrap_or(terms.category),
            access: self.access.unwrap_or(terms.access),
            cap: self.cap.unwrap_or(terms.cap),
        }
    }
}

/// Who finds a circle, and how they get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody finds it, and joins at once.
    Open,
    /// Everybody finds it; a keeper lets them in.
    ByRequest,
    /// Only its members know of it, and who holds a live invite.
    Private,
}

/// The word for it in every database. A word that was ever stored keeps its meaning.
pub(crate) const ACCESSES: [(Access, &str); 3] =
    [(Access::Open, "open"), (Access::ByRequest, "by_request"), (Access::Private, "private")];

/// How many members a circle may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap(u32);

impl Cap {
    /// This many.
    ///
    /// # Errors
    /// [`InvalidCap`] below 2 or above 1,000.
    pub fn new(members: u32) -> Result<Self, InvalidCap> {
        if (2..=1_000).contains(&members) { Ok(Self(members)) } else { Err(InvalidCap) }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// A circle cannot have so few or so many members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a circle has 2 to 1,000 members")]
pub struct InvalidCap;

/// What is added to the number of members before it is rounded: drawn for each circle and told to nobody. Without it, a
/// member whose list is one short of a rounded number would know that somebody hides from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blur(u32);

impl Blur {
    const STEP: u32 = 10;

    /// Any of them.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut byte = [0];
        entropy.fill(&mut byte);
        let [byte] = byte;
        Self(u32::from(byte) % Self::STEP)
    }

    /// One that a store gave back.
    #[must_use]
    pub const fn kept(number: u32) -> Self {
        Self(number % Self::STEP)
    }

    /// The number, for stores.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Somebody who ever came to a circle, and how they stand in it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Whose account it is. Nobody is told.
    pub user: UserId,
    /// As whom they appear in this circle.
    pub persona: PersonaId,
    /// How they stand.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
}

impl Person {
    /// The day since which they stand so, as the moment at which it began in UTC: nobody else is told the hour, for who
    /// came to two circles within a minute would be known by it.
    #[must_use]
    pub const fn since_day(&self) -> Timestamp {
        let millis = self.since.millis();
        Timestamp::from_millis(millis - millis.rem_euclid(DAY_MILLIS))
    }
}

/// The hour of a moment, as the moment at which it began: nobody is told a finer one.
#[must_use]
pub const fn hour(at: Timestamp) -> Timestamp {
    let millis = at.millis();
    Timestamp::from_millis(millis - millis.rem_euclid(HOUR_MILLIS))
}

/// How somebody stands in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They asked to be let in.
    Asked,
    /// They are in it.
    Member(CircleRole),
    /// They were in it or wanted to be.
    Left,
    /// They asked, and were not let in.
    Declined,
    /// They are kept out.
    Banned,
}

impl State {
    /// What they may do, if they are in it.
    #[must_use]
    pub const fn role(self) -> Option<CircleRole> {
        match self {
            Self::Member(role) => Some(role),
            Self::Asked | Self::Left | Self::Declined | Self::Banned => None,
        }
    }
}

/// The word for a state in every database, whatever the role. A word that was ever stored keeps its meaning.
pub(crate) const fn word(state: State) -> &'static str {
    match state {
        State::Asked => "requested",
        State::Member(_) => "member",
        State::Left => "left",
        State::Declined => "declined",
        State::Banned => "banned",
    }
}

/// The number of a role in every database: each may do all that those before it may. No role is 0.
pub(crate) const ROLES: [(CircleRole, i64); 3] =
    [(CircleRole::Member, 1), (CircleRole::Keeper, 2), (CircleRole::Owner, 3)];

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn circles_have_two_to_a_thousand_members() {
        assert_eq!([1, 2, 1_000, 1_001].map(|cap| Cap::new(cap).is_ok()), [false, true, true, false]);
    }

    #[test]
    fn others_are_told_the_day_and_not_the_hour() {
        let since = |millis| Person {
            user: UserId::new(Timestamp::from_millis(0), &SystemEntropy),
            persona: PersonaId::random(&SystemEntropy),
            state: State::Left,
            since: Timestamp::from_millis(millis),
        };
        assert_eq!(since(DAY_MILLIS + 5).since_day(), Timestamp::from_millis(DAY_MILLIS));
        assert_eq!(since(-1).since_day(), Timestamp::from_millis(-DAY_MILLIS));
    }

    #[test]
    fn an_hour_is_told_by_its_beginning() {
        assert_eq!(hour(Timestamp::from_millis(HOUR_MILLIS)), Timestamp::from_millis(HOUR_MILLIS));
        assert_eq!(hour(Timestamp::from_millis(2 * HOUR_MILLIS - 1)), Timestamp::from_millis(HOUR_MILLIS));
        assert_eq!(hour(Timestamp::from_millis(-1)), Timestamp::from_millis(-HOUR_MILLIS));
    }

    #[test]
    fn a_blur_is_less_than_what_is_rounded_to() {
        assert!((0..200).all(|_| Blur::draw(&SystemEntropy).number() < Blur::STEP));
    }
}
