//! Errors of the use cases.

use kith_kernel::{DomainError, ErrorKind, PortError, actor::NotAnAdmin, page::InvalidPagination};
use kith_storage::StoreError;

use crate::InvalidFlag;

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    NotAdmin(#[from] NotAnAdmin),
    /// No account has this persona as its public one.
    #[error("persona not found")]
    PersonaNotFound,
    #[error("cannot change your own role")]
    CannotChangeOwnRole,
    #[error("the last admin cannot lose the role")]
    LastAdmin,
    #[error("etag does not match the current version")]
    EtagMismatch,
    #[error(transparent)]
    Flag(#[from] InvalidFlag),
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    #[error("port failed")]
    Port(#[from] PortError),
    #[error("flag store failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAdmin(_) | Self::CannotChangeOwnRole => ErrorKind::PermissionDenied,
            Self::PersonaNotFound => ErrorKind::NotFound,
            Self::LastAdmin => ErrorKind::FailedPrecondition,
            Self::EtagMismatch => ErrorKind::Aborted,
            Self::Flag(_) | Self::Page(_) => ErrorKind::InvalidArgument,
            Self::Port(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotAdmin(_) => "INSUFFICIENT_ROLE",
            Self::PersonaNotFound => "PERSONA_NOT_FOUND",
            Self::CannotChangeOwnRole => "CANNOT_CHANGE_OWN_ROLE",
            Self::LastAdmin => "LAST_ADMIN",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::Flag(InvalidFlag::Name) => "FLAG_NAME_INVALID",
            Self::Flag(InvalidFlag::Percent) => "FLAG_PERCENT_OUT_OF_RANGE",
            Self::Page(error) => error.reason(),
            Self::Port(_) | Self::Store(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Flag(InvalidFlag::Name) => Some("name"),
            Self::Flag(InvalidFlag::Percent) => Some("percent"),
            Self::Page(error) => Some(error.field()),
            Self::NotAdmin(_)
            | Self::PersonaNotFound
            | Self::CannotChangeOwnRole
            | Self::LastAdmin
            | Self::EtagMismatch
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}
