//! Every refusal of this slice.

use kith_kernel::{PortError, ErrorKind, DomainError, page::InvalidPagination};
use kith_storage::StoreError;

use crate::domain::InvalidText;

/// Why a use case did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was written breaks a rule.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// Nothing was said at all.
    #[error("an answer has a text or a quick support")]
    ContentMissing,
    /// No quick support that there is.
    #[error("there is no such quick support")]
    UnknownKind {
        /// Where it was named.
        field: &'static str,
    },
    /// The page that was asked for cannot be.
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    /// There is none, or none that this caller may know of.
    #[error("there is no such post")]
    NoSuchPost,
    /// There is none, or none that this caller may know of.
    #[error("there is no such response")]
    NoSuchResponse,
    /// The response is somebody else's.
    #[error("only its author may do this")]
    NotTheAuthor,
    /// The post is somebody else's.
    #[error("only the author of the post may do this")]
    NotThePostsAuthor,
    /// A quick support of one's own post.
    #[error("quick support is for posts of others")]
    OwnPost,
    /// The post is in a circle that is archived.
    #[error("the circle is archived: nothing more is written there")]
    Archived,
    /// One's own response, marked helpful.
    #[error("only answers of others can be marked helpful")]
    OwnResponse,
    /// Another slice did not answer.
    #[error("another part of the system failed")]
    Port(#[from] PortError),
    /// The store did not do it.
    #[error("the store of responses failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Text(_) | Self::ContentMissing | Self::UnknownKind { .. } | Self::Page(_) => ErrorKind::InvalidArgument,
            Self::NoSuchPost | Self::NoSuchResponse => ErrorKind::NotFound,
            Self::NotTheAuthor | Self::NotThePostsAuthor => ErrorKind::PermissionDenied,
            Self::OwnPost | Self::Archived | Self::OwnResponse => ErrorKind::FailedPrecondition,
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Text(InvalidText::Empty) => "TEXT_EMPTY",
            Self::Text(InvalidText::TooLong) => "TEXT_TOO_LONG",
            Self::ContentMissing => "CONTENT_MISSING",
            Self::UnknownKind { .. } => "QUICK_KIND_UNKNOWN",
            Self::Page(page) => page.reason(),
            Self::NoSuchPost => "POST_NOT_FOUND",
            Self::NoSuchResponse => "RESPONSE_NOT_FOUND",
            Self::NotTheAuthor => "NOT_THE_AUTHOR",
            Self::NotThePostsAuthor => "NOT_THE_POSTS_AUTHOR",
            Self::OwnPost => "OWN_POST",
            Self::Archived => "CIRCLE_ARCHIVED",
            Self::OwnResponse => "OWN_RESPONSE",
            Self::Port(_) | Self::Store(_) => "BACKEND_FAILED",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Text(_) => Some("text"),
            Self::ContentMissing => Some("content"),
            Self::UnknownKind { field } => Some(field),
            Self::Page(page) => Some(page.field()),
            Self::NoSuchPost
            | Self::NoSuchResponse
            | Self::NotTheAuthor
            | Self::NotThePostsAuthor
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
