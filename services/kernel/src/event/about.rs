//! What a fact is about.

use crate::{Category, CircleId, PostId, ResponseId, UserId};

/// A closed set of words, each with the number that stands for it on the wire. A number that was ever released is never
/// used again.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $word,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$word),+];

            /// What stands for it on the wire.
            pub(super) const fn number(self) -> u32 {
                match self {
                    $(Self::$word => $number,)+
                }
            }

            pub(super) const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$word),)+
                    _ => None,
                }
            }
        }
    };
}

/// Which post, and on whose shelves it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutPost {
    /// The post.
    pub post: PostId,
    /// Every category that it is in, or was in until this happened.
    pub categories: Vec<Category>,
    /// The circle that it is in, and outside of which nobody knows of it.
    pub circle: Option<CircleId>,
}

/// Which circle, and what happened in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AboutCircle {
    /// Which.
    pub circle: CircleId,
    /// What.
    pub change: CircleChange,
    /// Who is concerned, if somebody is.
    pub member: Option<UserId>,
}

words! {
    /// What happens in a circle.
    CircleChange {
        /// It is there.
        Created = 1,
        /// It says something else of itself.
        Updated = 2,
        /// Nothing more can be written in it.
        Archived = 3,
        /// Somebody is a member.
        Joined = 4,
        /// Somebody is no member any more: they left, or were removed, or banned.
        Left = 5,
        /// A member may do more, or less.
        RoleGiven = 6,
        /// Somebody asks to be let in.
        Asked = 7,
        /// Staff have closed it: it is there for nobody.
        Closed = 8,
        /// What staff had closed is there again.
        Opened = 9,
    }
}

words! {
    /// What staff or the screen do to what people wrote.
    Moderation {
        /// It waits for a look, and nobody but its author sees it.
        Held = 1,
        /// It was looked at, and is there for all.
        Released = 2,
        /// It was taken away.
        Removed = 3,
        /// It was given back.
        Reinstated = 4,
    }
}

words! {
    /// What happens to a case.
    CaseChange {
        /// There is one.
        Opened = 1,
        /// More is known, or somebody else is at it.
        Updated = 2,
        /// It is decided.
        Decided = 3,
        /// Who is concerned asks for another look.
        Appealed = 4,
        /// The other look came to another end.
        Overturned = 5,
    }
}

/// Which answer, by whom, to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AboutResponse {
    /// The answer.
    pub response: ResponseId,
    /// Who gave it.
    pub author: UserId,
    /// What it answers.
    pub post: PostId,
    /// Whose post that is.
    pub post_author: UserId,
}

/// What an answer weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// One tap.
    Quick,
    /// Up to 100 characters.
    Text,
    /// Over 100 characters.
    LongText,
}
