//! How somebody said they were.

use std::{collections::BTreeSet, fmt};

use kith_kernel::{CheckInId, UserId};

use super::Moment;

/// How somebody said they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// Which.
    pub id: CheckInId,
    /// Whose. Nobody else is ever shown it.
    pub owner: UserId,
    /// When it was so.
    pub moment: Moment,
    /// How they felt.
    pub mood: Mood,
    /// What they withstood.
    pub cravings: Cravings,
    /// What was there before.
    pub triggers: Triggers,
    /// What they wrote, sealed.
    pub note: Option<Vec<u8>>,
}

/// From 1, the worst, to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mood(u8);

impl Mood {
    /// The mood of this number.
    ///
    /// # Errors
    /// [`InvalidCheckIn::Mood`] if there is none.
    pub fn new(number: u32) -> Result<Self, InvalidCheckIn> {
        match u8::try_from(number) {
            Ok(number @ 1..=10) => Ok(Self(number)),
            _ => Err(InvalidCheckIn::Mood),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// How many cravings there were, and how many of them were resisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cravings {
    met: u32,
    resisted: u32,
}

impl Cravings {
    /// The most that a check-in can tell of.
    pub const MOST: u32 = 1_000;

    /// So many of so many.
    ///
    /// # Errors
    /// [`InvalidCheckIn::Cravings`] above [`MOST`](Self::MOST), [`InvalidCheckIn::Resisted`] for more than there were.
    pub const fn new(met: u32, resisted: u32) -> Result<Self, InvalidCheckIn> {
        if met > Self::MOST {
            return Err(InvalidCheckIn::Cravings);
        }
        if resisted > met {
            return Err(InvalidCheckIn::Resisted);
        }
        Ok(Self { met, resisted })
    }

    /// How many there were.
    #[must_use]
    pub const fn met(self) -> u32 {
        self.met
    }

    /// How many of them were resisted.
    #[must_use]
    pub const fn resisted(self) -> u32 {
        self.resisted
    }
}

/// What was there before a craving or a relapse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words are all that there is to say; the API says them longer")]
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
    /// All of them, with the word for each in every database. A word that was ever stored keeps its meaning.
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

/// Some triggers, each once.
pub type Triggers = BTreeSet<Trigger>;

/// What somebody wrote for themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// How many characters it has at most.
    pub const LONGEST: usize = 1_000;

    /// What is left of a text without the space around it; `None` if nothing is.
    ///
    /// # Errors
    /// [`InvalidCheckIn::Note`] if it is too long.
    pub fn new(text: &str) -> Result<Option<Self>, InvalidCheckIn> {
        let text = text.trim();
        if text.chars().count() > Self::LONGEST {
            return Err(InvalidCheckIn::Note);
        }
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }

    /// The text, for its writer and for what seals it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}

/// What is said breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckIn {
    /// There is no such mood.
    #[error("moods run from 1 to 10")]
    Mood,
    /// Too many.
    #[error("a check-in tells of at most 1,000 cravings")]
    Cravings,
    /// More than there were.
    #[error("no more cravings can be resisted than there were")]
    Resisted,
    /// Too long.
    #[error("a note has at most 1,000 characters")]
    Note,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moods_run_from_one_to_ten() {
        let all: Vec<u32> = (0..300).filter(|number| Mood::new(*number).is_ok()).collect();
        assert_eq!(all, (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_resists_more_than_there_was() {
        assert!(Cravings::new(3, 3).is_ok());
        assert_eq!(Cravings::new(3, 4), Err(InvalidCheckIn::Resisted));
        assert_eq!(Cravings::new(1_001, 0), Err(InvalidCheckIn::Cravings));
    }

    #[test]
    fn an_empty_note_is_none_and_no_log_shows_one() {
        assert_eq!(Note::new(" \n "), Ok(None));
        let note = Note::new(&"å".repeat(1_000)).unwrap().unwrap();
        assert_eq!(format!("{note:?}"), "Note(..)");
        assert_eq!(Note::new(&"å".repeat(1_001)), Err(InvalidCheckIn::Note));
    }

    #[test]
    fn every_trigger_has_a_word_of_its_own() {
        let words: BTreeSet<_> = Trigger::ALL.iter().map(|(_, word)| word).collect();
        let triggers: BTreeSet<_> = Trigger::ALL.iter().map(|(trigger, _)| trigger).collect();
        assert_eq!((words.len(), triggers.len()), (Trigger::ALL.len(), Trigger::ALL.len()));
    }
}
