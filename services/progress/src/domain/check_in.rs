//! Check-ins.

use std::{collections::BTreeSet, fmt};

use kith_kernel::{CheckInId, UserId};

use super::ZonedInstant;

/// Mood, cravings and triggers of an account at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    pub id: CheckInId,
    /// The only account that can read the check-in.
    pub owner: UserId,
    pub occurred_at: ZonedInstant,
    pub mood: Mood,
    pub cravings: Cravings,
    pub triggers: Triggers,
    /// Encrypted note.
    pub note: Option<Vec<u8>>,
}

/// Mood from 1 (worst) to 10 (best).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mood(u8);

impl Mood {
    /// # Errors
    /// [`InvalidCheckIn::MoodOutOfRange`].
    pub fn new(value: u32) -> Result<Self, InvalidCheckIn> {
        match u8::try_from(value) {
            Ok(value @ 1..=10) => Ok(Self(value)),
            _ => Err(InvalidCheckIn::MoodOutOfRange),
        }
    }

    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// Number of cravings, and number of those that were resisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cravings {
    met: u32,
    resisted: u32,
}

impl Cravings {
    /// Maximum number of cravings in a check-in.
    pub const MAX: u32 = 1_000;

    /// # Errors
    /// [`InvalidCheckIn::TooManyCravings`] above [`MAX`](Self::MAX), [`InvalidCheckIn::ResistedExceedMet`].
    pub const fn new(met: u32, resisted: u32) -> Result<Self, InvalidCheckIn> {
        if met > Self::MAX {
            return Err(InvalidCheckIn::TooManyCravings);
        }
        if resisted > met {
            return Err(InvalidCheckIn::ResistedExceedMet);
        }
        Ok(Self { met, resisted })
    }

    /// Number of all cravings, resisted or not.
    #[must_use]
    pub const fn met(self) -> u32 {
        self.met
    }

    #[must_use]
    pub const fn resisted(self) -> u32 {
        self.resisted
    }
}

/// Trigger of a craving or relapse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    Stress,
    Loneliness,
    Boredom,
    Anger,
    Sadness,
    Anxiety,
    Conflict,
    Pain,
    Tiredness,
    Hunger,
    Celebration,
    Company,
    Reminder,
    Money,
}

impl Trigger {
    /// All triggers with their stored names. A name that was ever stored keeps its meaning.
    pub const ALL: [(Self, &str); 14] = [
        (Self::Stress, "stress"),
        (Self::Loneliness, "loneliness"),
        (Self::Boredom, "boredom"),
        (Self::Anger, "anger"),
        (Self::Sadness, "sadness"),
        (Self::Anxiety, "anxiety"),
        (Self::Conflict, "conflict"),
        (Self::Pain, "pain"),
        (Self::Tiredness, "tiredness"),
        (Self::Hunger, "hunger"),
        (Self::Celebration, "celebration"),
        (Self::Company, "company"),
        (Self::Reminder, "reminder"),
        (Self::Money, "money"),
    ];
}

/// Triggers without duplicates.
pub type Triggers = BTreeSet<Trigger>;

/// Private note of a check-in.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// Maximum number of characters.
    pub const MAX_LENGTH: usize = 1_000;

    /// Trims a text. Returns `None` if nothing is left.
    ///
    /// # Errors
    /// [`InvalidCheckIn::NoteTooLong`].
    pub fn new(text: &str) -> Result<Option<Self>, InvalidCheckIn> {
        let text = text.trim();
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(InvalidCheckIn::NoteTooLong);
        }
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }

    /// The text, for encryption.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}

/// A value of a check-in breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckIn {
    #[error("mood must be between 1 and 10")]
    MoodOutOfRange,
    #[error("cravings_met must be at most 1,000")]
    TooManyCravings,
    #[error("cravings_resisted must be at most cravings_met")]
    ResistedExceedMet,
    #[error("note must be at most 1,000 characters")]
    NoteTooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mood_is_between_1_and_10() {
        let all: Vec<u32> = (0..300).filter(|value| Mood::new(*value).is_ok()).collect();
        assert_eq!(all, (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn resisted_cravings_are_at_most_all_cravings() {
        assert!(Cravings::new(3, 3).is_ok());
        assert_eq!(Cravings::new(3, 4), Err(InvalidCheckIn::ResistedExceedMet));
        assert_eq!(Cravings::new(1_001, 0), Err(InvalidCheckIn::TooManyCravings));
    }

    #[test]
    fn a_blank_note_is_none_and_debug_output_hides_the_text() {
        assert_eq!(Note::new(" \n "), Ok(None));
        let note = Note::new(&"å".repeat(1_000)).unwrap().unwrap();
        assert_eq!(format!("{note:?}"), "Note(..)");
        assert_eq!(Note::new(&"å".repeat(1_001)), Err(InvalidCheckIn::NoteTooLong));
    }

    #[test]
    fn every_trigger_has_its_own_stored_name() {
        let names: BTreeSet<_> = Trigger::ALL.iter().map(|(_, name)| name).collect();
        let triggers: BTreeSet<_> = Trigger::ALL.iter().map(|(trigger, _)| trigger).collect();
        assert_eq!((names.len(), triggers.len()), (Trigger::ALL.len(), Trigger::ALL.len()));
    }
}
