//! Domain types of responses. Constructors enforce the rules.

use std::fmt;

use kith_kernel::{
    CircleId, ModerationState, PersonaId, PostId, ResponseId, Timestamp, UserId,
    event::{ResponseClass, ResponseRef},
};

/// A response to a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub id: ResponseId,
    pub post: PostId,
    pub post_author: UserId,
    /// The account of the author. Other users see the persona only.
    pub author: UserId,
    /// The persona of the author where the post is.
    pub persona: PersonaId,
    /// The circle of the post; `None` for a public post.
    pub circle: Option<CircleId>,
    pub content: Content,
    pub created_at: Timestamp,
    /// Time at which the author of the post first marked it as helpful.
    pub helpful_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    /// Set while only the author sees the response.
    pub moderation: Option<ModerationState>,
}

impl Response {
    /// Returns true if the author has not deleted it.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Returns true if it is visible to every user who can see its post and its author.
    #[must_use]
    pub const fn is_visible(&self) -> bool {
        self.is_active() && self.moderation.is_none()
    }

    /// Returns the length class for points and counts. It never changes.
    #[must_use]
    pub fn class(&self) -> ResponseClass {
        match &self.content {
            Content::Quick(_) => ResponseClass::Quick,
            Content::Text(text) if text.chars() > Text::MAX_SHORT_CHARS => ResponseClass::LongText,
            Content::Text(_) => ResponseClass::Text,
        }
    }

    /// Returns the subject of the events about this response.
    #[must_use]
    pub const fn response_ref(&self) -> ResponseRef {
        ResponseRef { response: self.id, author: self.author, post: self.post, post_author: self.post_author }
    }
}

/// Content of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Text(Text),
    Quick(QuickKind),
}

/// Kind of a quick support, which is given with one tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuickKind {
    YouGotThis,
    StayStrong,
    HereForYou,
    ProudOfYou,
    Hug,
}

impl QuickKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::YouGotThis, Self::StayStrong, Self::HereForYou, Self::ProudOfYou, Self::Hug];
}

/// Text of a response. It has no `Display` and an opaque `Debug`, so that it cannot be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Maximum length, in Unicode scalar values.
    pub const MAX_CHARS: usize = 2_000;
    /// Maximum length of a text of the class [`ResponseClass::Text`].
    pub const MAX_SHORT_CHARS: usize = 100;

    /// Trims and validates a text.
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

    /// Length in Unicode scalar values.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// Returns the text, for permitted readers.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(..)")
    }
}

/// Rule that a text violates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    #[error("text must not be empty")]
    Empty,
    #[error("text must be at most {} characters", Text::MAX_CHARS)]
    TooLong,
}

/// Responses that an account has given and received. Deleted responses and responses to own posts do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Text responses to posts of other accounts.
    pub texts_given: u64,
    /// Quick supports given.
    pub quick_given: u64,
    /// Number of distinct posts of other accounts with a response.
    pub posts_answered: u64,
    /// Given responses that were marked as helpful.
    pub helpful_given: u64,
    /// Responses of other accounts to own posts, without those of hidden accounts.
    pub received: u64,
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    fn response_with(content: Content) -> Response {
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
            moderation: None,
        }
    }

    #[test]
    fn a_text_has_1_to_2000_characters_after_trimming() {
        assert_eq!(Text::new(" \n\t "), Err(InvalidText::Empty));
        assert_eq!(Text::new("  ü ").unwrap().expose(), "ü");
        assert!(Text::new(&format!(" {} ", "ü".repeat(2_000))).is_ok());
        assert_eq!(Text::new(&"ü".repeat(2_001)), Err(InvalidText::TooLong));
    }

    #[test]
    fn a_text_is_long_above_100_characters() {
        let class = |chars| response_with(Content::Text(Text::new(&"ü".repeat(chars)).unwrap())).class();
        assert_eq!(
            (class(1), class(100), class(101)),
            (ResponseClass::Text, ResponseClass::Text, ResponseClass::LongText)
        );
        for kind in QuickKind::ALL {
            assert_eq!(response_with(Content::Quick(kind)).class(), ResponseClass::Quick);
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_text() {
        let shown = format!("{:?}", response_with(Content::Text(Text::new("my secret").unwrap())));
        assert!(shown.contains("Text(..)") && !shown.contains("secret"), "{shown}");
    }
}
