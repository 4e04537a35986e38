//! Every refusal of the rules.

use kith_kernel::{Failure, Fault, Problem, actor::NotAModerator};
use kith_screening_engine::{InvalidRules, List};
use kith_storage::StoreError;

/// Why a use case did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such version.
    #[error("there is no such version of the rules")]
    NoSuchVersion,
    /// Somebody put a rule meanwhile.
    #[error("the rules were changed meanwhile: read them again")]
    EtagMismatch,
    /// They are no staff.
    #[error(transparent)]
    NotStaff(#[from] NotAModerator),
    /// They are no admin.
    #[error("only an admin may put a rule")]
    NotAdmin,
    /// The rule cannot be.
    #[error("{0}")]
    Rule(#[source] InvalidRules),
    /// The rules that are kept, or those that there are at first, cannot be used.
    #[error("the rules that there are cannot be used")]
    Kept(#[source] InvalidRules),
    /// Another slice did not answer.
    #[error("another part of the system failed")]
    Port(#[from] Failure),
    /// The store did not do it.
    #[error("the store of rules failed")]
    Store(#[from] StoreError),
}

impl Problem for Error {
    fn kind(&self) -> Fault {
        match self {
            Self::NoSuchVersion => Fault::NotFound,
            Self::EtagMismatch => Fault::Stale,
            Self::NotStaff(_) | Self::NotAdmin => Fault::Denied,
            Self::Rule(_) => Fault::Invalid,
            Self::Kept(_) => Fault::Internal,
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchVersion => "RULES_NOT_FOUND",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::NotStaff(_) | Self::NotAdmin => "ROLE_NEEDED",
            Self::Rule(_) => "RULE_INVALID",
            Self::Kept(_) | Self::Port(_) | Self::Store(_) => "BACKEND_FAILED",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Rule(rule) => Some(field(rule)),
            Self::NoSuchVersion => Some("version"),
            Self::EtagMismatch
            | Self::NotStaff(_)
            | Self::NotAdmin
            | Self::Kept(_)
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}

fn field(rule: &InvalidRules) -> &'static str {
    match rule {
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

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
