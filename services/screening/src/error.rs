//! Errors of the use cases.

use kith_kernel::{
    DomainError, ErrorKind, PortError,
    actor::{NotAModerator, NotAnAdmin},
};
use kith_screening_engine::{InvalidRules, List};
use kith_storage::StoreError;

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("rule set version not found")]
    VersionNotFound,
    #[error("etag does not match the current version")]
    EtagMismatch,
    #[error(transparent)]
    NotModerator(#[from] NotAModerator),
    #[error(transparent)]
    NotAdmin(#[from] NotAnAdmin),
    /// The submitted rule is invalid.
    #[error("{0}")]
    Rule(#[source] InvalidRules),
    /// The stored or the built-in rule set is invalid.
    #[error("stored rule set is invalid")]
    StoredRules(#[source] InvalidRules),
    #[error("port failed")]
    Port(#[from] PortError),
    #[error("rule store failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::VersionNotFound => ErrorKind::NotFound,
            Self::EtagMismatch => ErrorKind::Aborted,
            Self::NotModerator(_) | Self::NotAdmin(_) => ErrorKind::PermissionDenied,
            Self::Rule(_) => ErrorKind::InvalidArgument,
            Self::StoredRules(_) => ErrorKind::Internal,
            Self::Port(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::VersionNotFound => "RULE_SET_VERSION_NOT_FOUND",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::NotModerator(_) | Self::NotAdmin(_) => "INSUFFICIENT_ROLE",
            Self::Rule(_) => "RULE_INVALID",
            Self::StoredRules(_) | Self::Port(_) | Self::Store(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Rule(error) => Some(field_of(error)),
            Self::VersionNotFound => Some("version"),
            Self::EtagMismatch
            | Self::NotModerator(_)
            | Self::NotAdmin(_)
            | Self::StoredRules(_)
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}

/// Request field that a violated rule is about.
fn field_of(error: &InvalidRules) -> &'static str {
    match error {
        InvalidRules::Name => "rule.name",
        InvalidRules::Threshold(_) => "rule.threshold",
        InvalidRules::NoKinds(_) => "rule.kinds",
        InvalidRules::Unread { list, .. } | InvalidRules::TooLong { list, .. } | InvalidRules::Entry { list, .. } => {
            match list {
                List::Words => "rule.words",
                List::Domains => "rule.domains",
                List::Allow => "rule.allow",
            }
        }
        InvalidRules::Unreadable(_)
        | InvalidRules::Twice(_)
        | InvalidRules::TooMany
        | InvalidRules::Version
        | InvalidRules::Expression(_) => "rule",
    }
}
