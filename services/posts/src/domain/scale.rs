//! The sorts of post, and the numbers on them.

use super::Invalid;

/// The four sorts of post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Help, now.
    Sos,
    /// How today is going.
    CheckIn,
    /// Something that went well.
    Victory,
    /// Something to ask.
    Question,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sos, Self::CheckIn, Self::Victory, Self::Question];

    /// The word for it in every database. A word that was ever stored keeps its meaning.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sos => "sos",
            Self::CheckIn => "check_in",
            Self::Victory => "victory",
            Self::Question => "question",
        }
    }

    /// The kind that this word stands for.
    ///
    /// # Errors
    /// [`Invalid::Kind`] if there is none.
    pub fn of_word(word: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|known| known.word() == word).ok_or(Invalid::Kind)
    }
}

/// How soon somebody should answer: 1, whenever, to 5, this minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency(u8);

impl Urgency {
    /// Whenever.
    pub const LEAST: Self = Self(1);
    /// This minute.
    pub const MOST: Self = Self(5);
    /// The least that an SOS can have.
    pub const SOS: Self = Self(4);

    /// An urgency of this level.
    ///
    /// # Errors
    /// [`Invalid::Urgency`] outside 1 to 5.
    pub fn new(level: i64) -> Result<Self, Invalid> {
        match u8::try_from(level) {
            Ok(level @ 1..=5) => Ok(Self(level)),
            _ => Err(Invalid::Urgency),
        }
    }

    /// The level, 1 to 5.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }
}

/// A number of days, up to a hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(u32);

impl Days {
    /// The most.
    pub const MAX: u32 = 36_500;

    /// So many days.
    ///
    /// # Errors
    /// [`Invalid::Days`] above [`Days::MAX`].
    pub const fn new(days: u32) -> Result<Self, Invalid> {
        if days > Self::MAX { Err(Invalid::Days) } else { Ok(Self(days)) }
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_runs_from_one_to_five() {
        for level in [i64::MIN, -1, 0, 6, 257, i64::MAX] {
            assert_eq!(Urgency::new(level), Err(Invalid::Urgency), "{level}");
        }
        assert_eq!(Urgency::new(4), Ok(Urgency::SOS));
    }

    #[test]
    fn days_end_with_a_hundred_years() {
        assert!(Days::new(36_500).is_ok());
        assert_eq!(Days::new(36_501), Err(Invalid::Days));
    }

    #[test]
    fn a_kind_reads_back_from_its_word() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_word(kind.word()), Ok(kind));
        }
        assert_eq!(Kind::of_word("SOS"), Err(Invalid::Kind));
    }
}
