//! Errors of the use cases.

use kith_kernel::{DomainError, ErrorKind, PortError, page::InvalidPagination};
use kith_storage::StoreError;

use crate::{
    domain::{InvalidCheckIn, UnknownTimeZone},
    policy::DateError,
};

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    CheckIn(#[from] InvalidCheckIn),
    #[error(transparent)]
    TimeZone(#[from] UnknownTimeZone),
    #[error("unknown trigger")]
    UnknownTrigger,
    #[error("unknown goal")]
    UnknownGoal,
    /// A date or time in the request is invalid.
    #[error("{error}")]
    Date {
        /// Proto path of the field.
        field: &'static str,
        #[source]
        error: DateError,
    },
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    /// The relapse does not exist or belongs to another account.
    #[error("relapse not found")]
    RelapseNotFound,
    #[error("maximum number of relapses reached")]
    TooManyRelapses,
    #[error("etag does not match the current version")]
    EtagMismatch,
    /// Every attempt of an optimistic write met a concurrent one.
    #[error("too many concurrent writes; retry")]
    WriteConflict,
    #[error("port failed")]
    Port(#[from] PortError),
    #[error("progress store failed")]
    Store(#[from] StoreError),
}

impl Error {
    /// Converts the error of a date in this field of the request.
    pub(crate) const fn date(field: &'static str) -> impl FnOnce(DateError) -> Self {
        move |error| Self::Date { field, error }
    }
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::CheckIn(_)
            | Self::TimeZone(_)
            | Self::UnknownTrigger
            | Self::UnknownGoal
            | Self::Date { .. }
            | Self::Page(_) => ErrorKind::InvalidArgument,
            Self::RelapseNotFound => ErrorKind::NotFound,
            Self::TooManyRelapses => ErrorKind::FailedPrecondition,
            Self::EtagMismatch => ErrorKind::Aborted,
            Self::WriteConflict => ErrorKind::Unavailable,
            Self::Port(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::CheckIn(InvalidCheckIn::MoodOutOfRange) => "MOOD_OUT_OF_RANGE",
            Self::CheckIn(InvalidCheckIn::TooManyCravings) => "TOO_MANY_CRAVINGS",
            Self::CheckIn(InvalidCheckIn::ResistedExceedMet) => "CRAVINGS_RESISTED_EXCEED_MET",
            Self::CheckIn(InvalidCheckIn::NoteTooLong) => "NOTE_TOO_LONG",
            Self::TimeZone(_) => "TIME_ZONE_UNKNOWN",
            Self::UnknownTrigger => "TRIGGER_UNKNOWN",
            Self::UnknownGoal => "GOAL_KIND_UNKNOWN",
            Self::Date { error: DateError::InFuture, .. } => "DATE_IN_FUTURE",
            Self::Date { error: DateError::TooOld, .. } => "DATE_TOO_OLD",
            Self::Date { error: DateError::EndBeforeStart, .. } => "PERIOD_END_BEFORE_START",
            Self::Date { error: DateError::PeriodTooLong, .. } => "PERIOD_TOO_LONG",
            Self::Date { error: DateError::Invalid(_), .. } => "DATE_INVALID",
            Self::Page(page) => page.reason(),
            Self::RelapseNotFound => "RELAPSE_NOT_FOUND",
            Self::TooManyRelapses => "TOO_MANY_RELAPSES",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::WriteConflict | Self::Port(_) | Self::Store(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::CheckIn(InvalidCheckIn::MoodOutOfRange) => Some("mood"),
            Self::CheckIn(InvalidCheckIn::TooManyCravings) => Some("cravings_met"),
            Self::CheckIn(InvalidCheckIn::ResistedExceedMet) => Some("cravings_resisted"),
            Self::CheckIn(InvalidCheckIn::NoteTooLong) => Some("note"),
            Self::TimeZone(_) => Some("time_zone"),
            Self::UnknownTrigger => Some("triggers"),
            Self::UnknownGoal => Some("goal_kind"),
            Self::Date { field, .. } => Some(field),
            Self::Page(page) => Some(page.field()),
            Self::RelapseNotFound
            | Self::TooManyRelapses
            | Self::EtagMismatch
            | Self::WriteConflict
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}
