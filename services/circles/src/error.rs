//! Errors of this slice.

use kith_kernel::{
    DomainError, ErrorKind, PortError, category::UnknownCategory, page::InvalidPagination, ports::FeatureDisabled,
};
use kith_storage::StoreError;

use crate::{
    domain::{InvalidInviteLimits, InvalidMaxMembers, InvalidText},
    policy::CircleError,
};

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text of the settings is invalid.
    #[error("{field} {violation}")]
    Text { field: &'static str, violation: InvalidText },
    #[error(transparent)]
    UnknownCategory(#[from] UnknownCategory),
    #[error(transparent)]
    MaxMembers(#[from] InvalidMaxMembers),
    #[error(transparent)]
    InviteLimits(#[from] InvalidInviteLimits),
    /// A field has an unspecified or unknown enum value.
    #[error("unknown enum value")]
    UnknownEnumValue(&'static str),
    /// The page size or token is invalid.
    #[error(transparent)]
    Pagination(#[from] InvalidPagination),
    /// A rule rejects the call.
    #[error(transparent)]
    Rejected(#[from] CircleError),
    #[error(transparent)]
    FeatureDisabled(#[from] FeatureDisabled),
    /// Another slice returned an error.
    #[error("port failed")]
    Port(#[from] PortError),
    /// The store returned an error.
    #[error("circle store failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Text { .. }
            | Self::UnknownCategory(_)
            | Self::MaxMembers(_)
            | Self::InviteLimits(_)
            | Self::UnknownEnumValue(_)
            | Self::Pagination(_) => ErrorKind::InvalidArgument,
            Self::Rejected(error) => kind(*error),
            Self::FeatureDisabled(_) => ErrorKind::FailedPrecondition,
            Self::Port(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Text { violation: InvalidText::Length { .. }, .. } => "TEXT_LENGTH_OUT_OF_RANGE",
            Self::Text { violation: InvalidText::Characters, .. } => "TEXT_INVALID_CHARACTERS",
            Self::UnknownCategory(_) => "CATEGORY_UNKNOWN",
            Self::MaxMembers(_) => "MAX_MEMBERS_OUT_OF_RANGE",
            Self::InviteLimits(_) => "INVITE_LIMITS_OUT_OF_RANGE",
            Self::UnknownEnumValue(_) => "UNKNOWN_ENUM_VALUE",
            Self::Pagination(error) => error.reason(),
            Self::Rejected(error) => reason(*error),
            Self::FeatureDisabled(_) => FeatureDisabled::REASON,
            Self::Port(_) | Self::Store(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Text { field, .. } | Self::UnknownEnumValue(field) => Some(field),
            Self::UnknownCategory(_) => Some("category"),
            Self::MaxMembers(_) => Some("max_members"),
            Self::InviteLimits(_) => Some("uses"),
            Self::Pagination(error) => Some(error.field()),
            Self::Rejected(_) | Self::FeatureDisabled(_) | Self::Port(_) | Self::Store(_) => None,
        }
    }
}

const fn kind(error: CircleError) -> ErrorKind {
    match error {
        CircleError::CircleNotFound | CircleError::InviteNotFound | CircleError::MemberNotFound => ErrorKind::NotFound,
        CircleError::NotAMember | CircleError::RoleTooLow => ErrorKind::PermissionDenied,
        CircleError::LastOwner
        | CircleError::RequestDeclined
        | CircleError::Full
        | CircleError::Archived
        | CircleError::Closed
        | CircleError::PrivateIsPermanent
        | CircleError::TooManyInvites => ErrorKind::FailedPrecondition,
        CircleError::EtagMismatch => ErrorKind::Aborted,
    }
}

const fn reason(error: CircleError) -> &'static str {
    match error {
        CircleError::CircleNotFound => "CIRCLE_NOT_FOUND",
        CircleError::InviteNotFound => "INVITE_NOT_FOUND",
        CircleError::MemberNotFound => "MEMBER_NOT_FOUND",
        CircleError::NotAMember => "NOT_A_MEMBER",
        CircleError::RoleTooLow => "INSUFFICIENT_CIRCLE_ROLE",
        CircleError::LastOwner => "LAST_OWNER",
        CircleError::RequestDeclined => "JOIN_REQUEST_DECLINED",
        CircleError::Full => "CIRCLE_FULL",
        CircleError::Archived => "CIRCLE_ARCHIVED",
        CircleError::Closed => "CIRCLE_CLOSED",
        CircleError::PrivateIsPermanent => "PRIVATE_CIRCLE_IS_PERMANENT",
        CircleError::EtagMismatch => "ETAG_MISMATCH",
        CircleError::TooManyInvites => "TOO_MANY_INVITES",
    }
}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
