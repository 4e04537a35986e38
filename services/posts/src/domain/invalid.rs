//! Every rule that what was written can break.

use super::{Body, Categories, Days, Tag, Tags, Urgency, Warning};

/// Which rule it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Nothing but space.
    #[error("a post says something")]
    BodyEmpty,
    /// Over [`Body::MAX_CHARS`].
    #[error("a post has at most {} characters", Body::MAX_CHARS)]
    BodyTooLong,
    /// Outside 1 to 5.
    #[error("urgency runs from 1 to 5")]
    Urgency,
    /// An SOS that can wait.
    #[error("an SOS has an urgency of at least {}", Urgency::SOS.level())]
    CalmSos,
    /// No kind, or none that there is.
    #[error("there is no such kind of post")]
    Kind,
    /// None of the list.
    #[error("there is no such category")]
    Category,
    /// Over [`Categories::MAX`].
    #[error("a post has at most {} categories", Categories::MAX)]
    TooManyCategories,
    /// Empty, over [`Tag::MAX_CHARS`], or with control characters.
    #[error("a tag has 1 to {} characters on one line", Tag::MAX_CHARS)]
    Tag,
    /// Over [`Tags::MAX`].
    #[error("a post has at most {} tags", Tags::MAX)]
    TooManyTags,
    /// Empty, or over [`Warning::MAX_CHARS`].
    #[error("a content warning has 1 to {} characters", Warning::MAX_CHARS)]
    Warning,
    /// Over [`Days::MAX`].
    #[error("days since a relapse are at most {}", Days::MAX)]
    Days,
    /// Too near, or too far.
    #[error("a post expires at least a minute and at most a year from now")]
    Expiry,
    /// An SOS with an end of its own.
    #[error("an SOS does not expire by itself")]
    SosExpires,
    /// Nothing to search for.
    #[error("a search has at least one word")]
    NoWords,
}

impl Invalid {
    /// What a client switches on.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BodyEmpty => "BODY_EMPTY",
            Self::BodyTooLong => "BODY_TOO_LONG",
            Self::Urgency => "URGENCY_OUT_OF_RANGE",
            Self::CalmSos => "SOS_NOT_URGENT",
            Self::Kind => "KIND_UNKNOWN",
            Self::Category => "CATEGORY_UNKNOWN",
            Self::TooManyCategories => "TOO_MANY_CATEGORIES",
            Self::Tag => "TAG_INVALID",
            Self::TooManyTags => "TOO_MANY_TAGS",
            Self::Warning => "CONTENT_WARNING_INVALID",
            Self::Days => "DAYS_OUT_OF_RANGE",
            Self::Expiry => "EXPIRY_OUT_OF_RANGE",
            Self::SosExpires => "SOS_EXPIRES",
            Self::NoWords => "QUERY_EMPTY",
        }
    }

    /// The field that is to blame, where a post is published.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::BodyEmpty | Self::BodyTooLong => "body",
            Self::Urgency | Self::CalmSos => "urgency",
            Self::Kind => "kind",
            Self::Category | Self::TooManyCategories => "categories",
            Self::Tag | Self::TooManyTags => "tags",
            Self::Warning => "content_warning",
            Self::Days => "days_since_relapse",
            Self::Expiry | Self::SosExpires => "expires_at",
            Self::NoWords => "query",
        }
    }
}
