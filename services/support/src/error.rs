//! Errors of the use cases.

use kith_kernel::{DomainError, ErrorKind, PortError, page::InvalidPagination};
use kith_storage::StoreError;

use crate::domain::InvalidText;

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Text(#[from] InvalidText),
    #[error("exactly one of text and quick is required")]
    ContentMissing,
    #[error("unknown quick support kind")]
    UnknownKind {
        /// Request field that names the kind.
        field: &'static str,
    },
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    /// The post does not exist or is not visible to the caller.
    #[error("post not found")]
    PostNotFound,
    /// The response does not exist or is not visible to the caller.
    #[error("response not found")]
    ResponseNotFound,
    #[error("only the author of the response can do this")]
    NotAuthor,
    #[error("only the author of the post can do this")]
    NotPostAuthor,
    #[error("cannot give quick support to your own post")]
    OwnPost,
    #[error("circle is archived")]
    Archived,
    #[error("cannot mark your own response as helpful")]
    OwnResponse,
    #[error("port failed")]
    Port(#[from] PortError),
    #[error("response store failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Text(_) | Self::ContentMissing | Self::UnknownKind { .. } | Self::Page(_) => {
                ErrorKind::InvalidArgument
            }
            Self::PostNotFound | Self::ResponseNotFound => ErrorKind::NotFound,
            Self::NotAuthor | Self::NotPostAuthor => ErrorKind::PermissionDenied,
            Self::OwnPost | Self::Archived | Self::OwnResponse => ErrorKind::FailedPrecondition,
            Self::Port(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Text(InvalidText::Empty) => "TEXT_EMPTY",
            Self::Text(InvalidText::TooLong) => "TEXT_TOO_LONG",
            Self::ContentMissing => "RESPONSE_CONTENT_REQUIRED",
            Self::UnknownKind { .. } => "QUICK_KIND_UNKNOWN",
            Self::Page(page) => page.reason(),
            Self::PostNotFound => "POST_NOT_FOUND",
            Self::ResponseNotFound => "RESPONSE_NOT_FOUND",
            Self::NotAuthor => "NOT_AUTHOR",
            Self::NotPostAuthor => "NOT_POST_AUTHOR",
            Self::OwnPost => "CANNOT_SUPPORT_OWN_POST",
            Self::Archived => "CIRCLE_ARCHIVED",
            Self::OwnResponse => "CANNOT_MARK_OWN_RESPONSE",
            Self::Port(_) | Self::Store(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Text(_) => Some("text"),
            Self::ContentMissing => Some("content"),
            Self::UnknownKind { field } => Some(field),
            Self::Page(page) => Some(page.field()),
            Self::PostNotFound
            | Self::ResponseNotFound
            | Self::NotAuthor
            | Self::NotPostAuthor
            | Self::OwnPost
            | Self::Archived
            | Self::OwnResponse
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
