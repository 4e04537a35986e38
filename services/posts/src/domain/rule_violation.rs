//! Validation rules of posts and search queries.

use super::{Body, Categories, ContentWarning, DaysSinceRelapse, Tag, Tags, Urgency};

/// Rule that a submitted value violates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostRuleViolation {
    #[error("body must not be empty")]
    BodyEmpty,
    #[error("body must be at most {} characters", Body::MAX_CHARS)]
    BodyTooLong,
    #[error("urgency must be between 1 and 5")]
    UrgencyOutOfRange,
    #[error("urgency of an SOS must be at least {}", Urgency::MIN_SOS.level())]
    SosUrgencyTooLow,
    #[error("unknown post kind")]
    UnknownKind,
    #[error("unknown category")]
    UnknownCategory,
    #[error("at most {} categories are allowed", Categories::MAX)]
    TooManyCategories,
    #[error("tag must be 1 to {} characters without line breaks", Tag::MAX_CHARS)]
    InvalidTag,
    #[error("at most {} tags are allowed", Tags::MAX)]
    TooManyTags,
    #[error("content warning must be 1 to {} characters", ContentWarning::MAX_CHARS)]
    InvalidContentWarning,
    #[error("days_since_relapse must be at most {}", DaysSinceRelapse::MAX)]
    DaysOutOfRange,
    #[error("expires_at must be at least a minute and at most a year from now")]
    ExpiryOutOfRange,
    #[error("expires_at is not allowed for an SOS")]
    SosCannotExpire,
    #[error("query must contain at least one word")]
    EmptyQuery,
}

impl PostRuleViolation {
    /// Stable machine-readable reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BodyEmpty => "BODY_EMPTY",
            Self::BodyTooLong => "BODY_TOO_LONG",
            Self::UrgencyOutOfRange => "URGENCY_OUT_OF_RANGE",
            Self::SosUrgencyTooLow => "SOS_URGENCY_TOO_LOW",
            Self::UnknownKind => "KIND_UNKNOWN",
            Self::UnknownCategory => "CATEGORY_UNKNOWN",
            Self::TooManyCategories => "TOO_MANY_CATEGORIES",
            Self::InvalidTag => "TAG_INVALID",
            Self::TooManyTags => "TOO_MANY_TAGS",
            Self::InvalidContentWarning => "CONTENT_WARNING_INVALID",
            Self::DaysOutOfRange => "DAYS_OUT_OF_RANGE",
            Self::ExpiryOutOfRange => "EXPIRY_OUT_OF_RANGE",
            Self::SosCannotExpire => "SOS_CANNOT_EXPIRE",
            Self::EmptyQuery => "QUERY_EMPTY",
        }
    }

    /// Proto field of the value in `CreatePost` and `SearchPosts`.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::BodyEmpty | Self::BodyTooLong => "body",
            Self::UrgencyOutOfRange | Self::SosUrgencyTooLow => "urgency",
            Self::UnknownKind => "kind",
            Self::UnknownCategory | Self::TooManyCategories => "categories",
            Self::InvalidTag | Self::TooManyTags => "tags",
            Self::InvalidContentWarning => "content_warning",
            Self::DaysOutOfRange => "days_since_relapse",
            Self::ExpiryOutOfRange | Self::SosCannotExpire => "expires_at",
            Self::EmptyQuery => "query",
        }
    }
}
