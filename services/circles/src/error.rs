//! Every refusal of this slice.

use kith_kernel::{PortError, ErrorKind, DomainError, category::UnknownCategory, page::InvalidPagination, ports::FeatureDisabled};
use kith_storage::StoreError;

use crate::{
    domain::{InvalidCap, InvalidTerm, InvalidText},
    policy::Refused,
};

/// Why a use case did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text cannot be said so.
    #[error("{broken}")]
    Text {
        /// Which.
        field: &'static str,
        /// Why.
        broken: InvalidText,
    },
    /// There is no such category.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// No circle has so many members.
    #[error(transparent)]
    Cap(#[from] InvalidCap),
    /// No invite is for so many, or for so long.
    #[error(transparent)]
    Term(#[from] InvalidTerm),
    /// What was asked names none of the choices.
    #[error("this names none of the choices")]
    Choice(&'static str),
    /// The page that was asked for cannot be.
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    /// A rule of circles.
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    FeatureDisabled(#[from] FeatureDisabled),
    /// Another slice did not answer.
    #[error("another part of the system failed")]
    Port(#[from] PortError),
    /// The store did not do it.
    #[error("the store of circles failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Text { .. } | Self::Category(_) | Self::Cap(_) | Self::Term(_) | Self::Choice(_) | Self::Page(_) => {
                ErrorKind::InvalidArgument
            }
            Self::Refused(refused) => kind(*refused),
            Self::FeatureDisabled(_) => ErrorKind::FailedPrecondition,
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Text { broken: InvalidText::Length, .. } => "TEXT_LENGTH",
            Self::Text { broken: InvalidText::Characters, .. } => "TEXT_CHARACTERS",
            Self::Category(_) => "CATEGORY_UNKNOWN",
            Self::Cap(_) => "MAX_MEMBERS_OUT_OF_RANGE",
            Self::Term(_) => "INVITE_OUT_OF_RANGE",
            Self::Choice(_) => "CHOICE_UNKNOWN",
            Self::Page(page) => page.reason(),
            Self::Refused(refused) => reason(*refused),
            Self::FeatureDisabled(_) => FeatureDisabled::REASON,
            Self::Port(_) | Self::Store(_) => "BACKEND_FAILED",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Text { field, .. } | Self::Choice(field) => Some(field),
            Self::Category(_) => Some("category"),
            Self::Cap(_) => Some("max_members"),
            Self::Term(_) => Some("uses"),
            Self::Page(page) => Some(page.field()),
            Self::Refused(_) | Self::FeatureDisabled(_) | Self::Port(_) | Self::Store(_) => None,
        }
    }
}

const fn kind(refused: Refused) -> ErrorKind {
    match refused {
        Refused::NoCircle | Refused::NoInvite | Refused::NoPerson => ErrorKind::NotFound,
        Refused::NotAMember | Refused::Role => ErrorKind::PermissionDenied,
        Refused::LastOwner
        | Refused::Declined
        | Refused::Full
        | Refused::Archived
        | Refused::Closed
        | Refused::StaysPrivate
        | Refused::TooManyInvites => ErrorKind::FailedPrecondition,
        Refused::EtagMismatch => ErrorKind::Aborted,
    }
}

const fn reason(refused: Refused) -> &'static str {
    match refused {
        Refused::NoCircle => "CIRCLE_NOT_FOUND",
        Refused::NoInvite => "INVITE_NOT_FOUND",
        Refused::NoPerson => "MEMBER_NOT_FOUND",
        Refused::NotAMember => "NOT_A_MEMBER",
        Refused::Role => "CIRCLE_ROLE_TOO_LOW",
        Refused::LastOwner => "LAST_OWNER",
        Refused::Declined => "JOIN_REQUEST_DECLINED",
        Refused::Full => "CIRCLE_FULL",
        Refused::Archived => "CIRCLE_ARCHIVED",
        Refused::Closed => "CIRCLE_CLOSED",
        Refused::StaysPrivate => "CIRCLE_STAYS_PRIVATE",
        Refused::EtagMismatch => "ETAG_MISMATCH",
        Refused::TooManyInvites => "TOO_MANY_INVITES",
    }
}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
