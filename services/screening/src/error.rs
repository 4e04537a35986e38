//! Errors of the use cases.

use kith_kernel::{
    DomainError, ErrorKind, PortError,
    actor::{NotAModerator, NotAnAdmin},
};
use kith_screening_engine::{InvalidRuleSet, RuleList};
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
    Rule(#[source] InvalidRuleSet),
    /// The stored or the built-in rule set is invalid.
    #[error("stored rule set is invalid")]
    StoredRules(#[source] InvalidRuleSet),
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
fn field_of(error: &InvalidRuleSet) -> &'static str {
    match error {
        InvalidRuleSet::InvalidName => "rule.name",
        InvalidRuleSet::ThresholdOutOfRange(_) => "rule.threshold",
        InvalidRuleSet::NoKinds(_) => "rule.kinds",
        InvalidRuleSet::UnsupportedList { list, .. }
        | InvalidRuleSet::ListTooLong { list, .. }
        | InvalidRuleSet::InvalidEntry { list, .. } => match list {
            RuleList::Words => "rule.words",
            RuleList::Domains => "rule.domains",
            RuleList::Allow => "rule.allow",
        },
        InvalidRuleSet::Malformed(_)
        | InvalidRuleSet::DuplicateName(_)
        | InvalidRuleSet::TooManyRules
        | InvalidRuleSet::InvalidVersion
        | InvalidRuleSet::ExpressionTooLarge(_) => "rule",
    }
}
