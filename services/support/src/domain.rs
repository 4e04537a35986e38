//! What a response is. Nothing here can be built in a state that breaks a rule.

use std::fmt;

use kith_kernel::{
    CircleId, PersonaId, PostId, ResponseId, Timestamp, UserId, ModerationState,
    event::{ResponseRef, ResponseClass},
};

/// A response as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Which.
    pub id: ResponseId,
    /// What it answers.
    pub post: PostId,
    /// Whose post that is.
    pub post_author: UserId,
    /// Who gave it. Others see the persona.
    pub author: UserId,
    /// How they appear where they gave it.
    pub persona: PersonaId,
    /// The circle that the post belongs to; `None` if it is public.
    pub circle: Option<CircleId>,
    /// What it says.
    pub content: Content,
    /// When it was given.
    pub created_at: Timestamp,
    /// When the author of the post said that it helped; `None` if never.
    pub helpful_at: Option<Timestamp>,
    /// When its author took it back; `None` while it is there.
    pub deleted_at: Option<Timestamp>,
    /// Why nobody but its author sees it; `None` if others may.
    pub veil: Option<ModerationState>,
}

impl Response {
    /// Whether its author has not taken it back.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Whether it is there for everybody who may see its post and its author.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_alive() && self.veil.is_none()
    }

    /// What it weighs, for points and counts. It never changes.
    #[must_use]
    pub fn weight(&self) -> ResponseClass {
        match &self.content {
            Content::Quick(_) => ResponseClass::Quick,
            Content::Text(text) if text.chars() > Text::SHORT_CHARS => ResponseClass::LongText,
            Content::Text(_) => ResponseClass::Text,
        }
    }

    /// What events tell of it.
    #[must_use]
    pub const fn about(&self) -> ResponseRef {
        ResponseRef { response: self.id, author: self.author, post: self.post, post_author: self.post_author }
    }
}

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In words.
    Text(Text),
    /// In one tap.
    Quick(QuickKind),
}

/// What can be said in one tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuickKind {
    /// You got this.
    YouGotThis,
    /// Stay strong.
    StayStrong,
    /// Here for you.
    HereForYou,
    /// Proud of you.
    ProudOfYou,
    /// A hug.
    Hug,
}

impl QuickKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::YouGotThis, Self::StayStrong, Self::HereForYou, Self::ProudOfYou, Self::Hug];
}

/// What a person answered in words. It has no `Display`, so that it does not end in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// The most characters (Unicode scalar values) of a text.
    pub const MAX_CHARS: usize = 2_000;
    /// The most characters of a text that weighs no more than a short one.
    pub const SHORT_CHARS: usize = 100;

    /// A text, without the space around it.
    ///
    /// # Errors
    /// [`InvalidText::Empty`] or [`InvalidText::TooLong`].
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(InvalidText::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// How many characters it has.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// The text, for those who may read it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(..)")
    }
}

/// Which rule a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but space.
    #[error("an answer says something")]
    Empty,
    /// Over [`Text::MAX_CHARS`].
    #[error("an answer has at most {} characters", Text::MAX_CHARS)]
    TooLong,
}

/// What somebody has given to others and got from them. What was taken back does not count, nor does what they wrote
/// under a post of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Answers in words to posts of others.
    pub texts_given: u64,
    /// Quick supports.
    pub quick_given: u64,
    /// Different posts of others that they answered.
    pub posts_answered: u64,
    /// Their answers that were marked helpful.
    pub helpful_given: u64,
    /// Answers of others to posts of theirs, as far as they may see who gave them.
    pub received: u64,
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    fn says(content: Content) -> Response {
        let now = Timestamp::from_millis(0);
        Response {
            id: ResponseId::new(now, &SystemEntropy),
            post: PostId::new(now, &SystemEntropy),
            post_author: UserId::new(now, &SystemEntropy),
            author: UserId::new(now, &SystemEntropy),
            persona: PersonaId::random(&SystemEntropy),
            circle: None,
            content,
            created_at: now,
            helpful_at: None,
            deleted_at: None,
            veil: None,
        }
    }

    #[test]
    fn a_text_has_one_to_two_thousand_characters_without_the_space_around_it() {
        assert_eq!(Text::new(" \n\t "), Err(InvalidText::Empty));
        assert_eq!(Text::new("  ü ").unwrap().reveal(), "ü");
        assert!(Text::new(&format!(" {} ", "ü".repeat(2_000))).is_ok());
        assert_eq!(Text::new(&"ü".repeat(2_001)), Err(InvalidText::TooLong));
    }

    #[test]
    fn a_text_is_long_above_a_hundred_characters() {
        let weight = |chars| says(Content::Text(Text::new(&"ü".repeat(chars)).unwrap())).weight();
        assert_eq!((weight(1), weight(100), weight(101)), (ResponseClass::Text, ResponseClass::Text, ResponseClass::LongText));
        for kind in QuickKind::ALL {
            assert_eq!(says(Content::Quick(kind)).weight(), ResponseClass::Quick);
        }
    }

    #[test]
    fn what_a_person_wrote_is_not_shown_by_debug() {
        let shown = format!("{:?}", says(Content::Text(Text::new("my secret").unwrap())));
        assert!(shown.contains("Text(..)") && !shown.contains("secret"), "{shown}");
    }
}
