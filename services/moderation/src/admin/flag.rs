//! What a flag is, and for whom it is on.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{Context, SHA256};
use kith_kernel::{Actor, Role, Timestamp, UserId};
use uuid::Uuid;

/// Something that can be switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Its id, which orders lists.
    pub id: Uuid,
    /// What it is called.
    pub name: Name,
    /// For so many of a hundred accounts.
    pub percent: Percent,
    /// And for everybody who has one of these roles.
    pub roles: BTreeSet<Role>,
    /// How often it was set.
    pub version: i64,
    /// When it was last set.
    pub changed_at: Timestamp,
}

/// What a flag is called: 1 to 64 lower-case letters, digits, `_`, `-` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// 0 to 100 of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u8);

/// What was said is no flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFlag {
    /// The name.
    #[error("a flag has 1 to 64 lower-case letters, digits, _, - and .")]
    Name,
    /// The percentage.
    #[error("a flag is on for 0 to 100 of a hundred")]
    Percent,
}

impl Name {
    /// The name that a text is.
    ///
    /// # Errors
    /// [`InvalidFlag::Name`] if it is none.
    pub fn new(text: &str) -> Result<Self, InvalidFlag> {
        let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        let is_sound = (1..=64).contains(&text.len()) && text.bytes().all(sound);
        if is_sound { Ok(Self(text.to_owned())) } else { Err(InvalidFlag::Name) }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Percent {
    /// So many of a hundred.
    ///
    /// # Errors
    /// [`InvalidFlag::Percent`] above 100.
    pub fn new(number: u32) -> Result<Self, InvalidFlag> {
        match u8::try_from(number) {
            Ok(number) if number <= 100 => Ok(Self(number)),
            _ => Err(InvalidFlag::Percent),
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl Flag {
    /// Whether it is on for this caller.
    #[must_use]
    pub fn on(&self, actor: &Actor) -> bool {
        self.roles.contains(&actor.role) || place(&self.name, actor.user) < u64::from(self.percent.0)
    }
}

/// Where an account stands among a hundred, for one flag: each flag puts everybody somewhere else, and always there.
fn place(name: &Name, user: UserId) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(name.0.as_bytes());
    context.update(&[0]);
    context.update(user.uuid().as_bytes());
    let digest = context.finish();
    let first = digest.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(first) % 100
}

#[cfg(test)]
mod tests {
    use kith_testkit::member;

    use super::*;

    fn flag(name: &str, percent: u32, roles: &[Role]) -> Flag {
        Flag {
            id: Uuid::nil(),
            name: Name::new(name).unwrap(),
            percent: Percent::new(percent).unwrap(),
            roles: roles.iter().copied().collect(),
            version: 1,
            changed_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_percentage_holds_for_about_as_many_and_for_the_same_ones() {
        let people: Vec<Actor> = (0..2_000).map(|_| member()).collect();
        let on = |flag: &Flag| people.iter().map(|actor| flag.on(actor)).collect::<Vec<_>>();
        let count = |on: &[bool]| on.iter().filter(|on| **on).count();
        let (some, more) = (on(&flag("a", 30, &[])), on(&flag("a", 60, &[])));
        // Five standard deviations.
        assert!((500..=700).contains(&count(&some)), "{}", count(&some));
        assert!(some.iter().zip(&more).all(|(some, more)| *more || !*some), "more include those that fewer did");
        assert_eq!(some, on(&flag("a", 30, &[])));
        assert_ne!(some, on(&flag("b", 30, &[])), "another flag is on for others");
        assert_eq!((count(&on(&flag("a", 0, &[]))), count(&on(&flag("a", 100, &[])))), (0, 2_000));
    }

    #[test]
    fn a_role_has_it_whatever_the_percentage() {
        let moderator = Actor { role: Role::Moderator, ..member() };
        assert!(flag("a", 0, &[Role::Moderator]).on(&moderator));
        assert!(!flag("a", 0, &[Role::Admin]).on(&moderator));
        assert!(!flag("a", 0, &[]).on(&moderator));
    }

    #[test]
    fn what_is_no_name_and_no_percentage_is_none() {
        assert!(Name::new("feed.new-order_2").is_ok() && Name::new(&"a".repeat(64)).is_ok());
        for text in ["", "A", "a b", "a:b", "a=b", "\u{e9}", "a".repeat(65).as_str()] {
            assert_eq!(Name::new(text), Err(InvalidFlag::Name), "{text}");
        }
        assert_eq!((Percent::new(101), Percent::new(357)), (Err(InvalidFlag::Percent), Err(InvalidFlag::Percent)));
    }
}
