//! Every refusal of this slice.

use kith_kernel::{PortError, ErrorKind, DomainError, page::InvalidPagination};
use kith_storage::StoreError;

use crate::{
    domain::{InvalidCheckIn, UnknownZone},
    policy::Untimely,
};

/// Why a use case did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is said breaks a rule.
    #[error(transparent)]
    CheckIn(#[from] InvalidCheckIn),
    /// There is no such time zone.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// A trigger that there is not.
    #[error("there is no such trigger")]
    UnknownTrigger,
    /// A goal that there is not.
    #[error("there is no such goal")]
    UnknownGoal,
    /// It cannot have been then.
    #[error("{why}")]
    Untimely {
        /// Where the moment was named.
        field: &'static str,
        /// Why not.
        #[source]
        why: Untimely,
    },
    /// The page that was asked for cannot be.
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    /// There is none, or it is somebody else's.
    #[error("there is no such relapse")]
    NoSuchRelapse,
    /// One person can note so many.
    #[error("no more relapses can be noted")]
    TooManyRelapses,
    /// What is counted was changed since the caller read it.
    #[error("this was changed meanwhile: read it again")]
    EtagMismatch,
    /// Too many write at once.
    #[error("too much is written at once: try again")]
    Busy,
    /// Something else did not answer.
    #[error("another part of the system failed")]
    Port(#[from] PortError),
    /// The store did not do it.
    #[error("the store of progress failed")]
    Store(#[from] StoreError),
}

impl Error {
    /// That it cannot have been then, said of the field that names it.
    pub(crate) const fn untimely(field: &'static str) -> impl FnOnce(Untimely) -> Self {
        move |why| Self::Untimely { field, why }
    }
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::CheckIn(_)
            | Self::Zone(_)
            | Self::UnknownTrigger
            | Self::UnknownGoal
            | Self::Untimely { .. }
            | Self::Page(_) => ErrorKind::InvalidArgument,
            Self::NoSuchRelapse => ErrorKind::NotFound,
            Self::TooManyRelapses => ErrorKind::FailedPrecondition,
            Self::EtagMismatch => ErrorKind::Aborted,
            Self::Busy => ErrorKind::Unavailable,
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::CheckIn(InvalidCheckIn::Mood) => "MOOD_OUT_OF_RANGE",
            Self::CheckIn(InvalidCheckIn::Cravings) => "TOO_MANY_CRAVINGS",
            Self::CheckIn(InvalidCheckIn::Resisted) => "MORE_RESISTED_THAN_MET",
            Self::CheckIn(InvalidCheckIn::Note) => "NOTE_TOO_LONG",
            Self::Zone(_) => "TIME_ZONE_UNKNOWN",
            Self::UnknownTrigger => "TRIGGER_UNKNOWN",
            Self::UnknownGoal => "GOAL_KIND_UNKNOWN",
            Self::Untimely { why: Untimely::Future, .. } => "IN_THE_FUTURE",
            Self::Untimely { why: Untimely::LongAgo, .. } => "TOO_LONG_AGO",
            Self::Untimely { why: Untimely::Backwards, .. } => "PERIOD_BACKWARDS",
            Self::Untimely { why: Untimely::TooLong, .. } => "PERIOD_TOO_LONG",
            Self::Untimely { why: Untimely::Day(_), .. } => "DATE_UNKNOWN",
            Self::Page(page) => page.reason(),
            Self::NoSuchRelapse => "RELAPSE_NOT_FOUND",
            Self::TooManyRelapses => "TOO_MANY_RELAPSES",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::Busy | Self::Port(_) | Self::Store(_) => "BACKEND_FAILED",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::CheckIn(InvalidCheckIn::Mood) => Some("mood"),
            Self::CheckIn(InvalidCheckIn::Cravings) => Some("cravings_met"),
            Self::CheckIn(InvalidCheckIn::Resisted) => Some("cravings_resisted"),
            Self::CheckIn(InvalidCheckIn::Note) => Some("note"),
            Self::Zone(_) => Some("time_zone"),
            Self::UnknownTrigger => Some("triggers"),
            Self::UnknownGoal => Some("goal_kind"),
            Self::Untimely { field, .. } => Some(field),
            Self::Page(page) => Some(page.field()),
            Self::NoSuchRelapse
            | Self::TooManyRelapses
            | Self::EtagMismatch
            | Self::Busy
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}
