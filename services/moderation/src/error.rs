//! Every refusal of this slice.

use kith_kernel::{Failure, Fault, Problem, actor::NotAModerator, page::InvalidPage};
use kith_storage::StoreError;

use crate::policy::{NoAppeal, Refusal};

/// Why a use case did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing to report, or none that this caller can see.
    #[error("there is nothing like this to report")]
    NoSuchSubject,
    /// Somebody tried to report themselves.
    #[error("nobody can report themselves")]
    Oneself,
    /// There is no such case, or none that this caller may know of.
    #[error("there is no such case")]
    NoSuchCase,
    /// It was changed meanwhile.
    #[error("this case was changed meanwhile: read it again")]
    EtagMismatch,
    /// They are no staff.
    #[error(transparent)]
    NotStaff(#[from] NotAModerator),
    /// It cannot be done with this case, or not by them.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It cannot be appealed.
    #[error(transparent)]
    NoAppeal(#[from] NoAppeal),
    /// The page that was asked for cannot be.
    #[error(transparent)]
    Page(#[from] InvalidPage),
    /// Another slice did not answer.
    #[error("another part of the system failed")]
    Port(#[from] Failure),
    /// The store did not do it.
    #[error("the store of cases failed")]
    Store(#[from] StoreError),
}

impl Problem for Error {
    fn kind(&self) -> Fault {
        match self {
            Self::Oneself | Self::Page(_) | Self::Refused(Refusal::Unexplained | Refusal::WrongEnd) => Fault::Invalid,
            Self::NoSuchSubject | Self::NoSuchCase | Self::NoAppeal(NoAppeal::NotTheirs) => Fault::NotFound,
            Self::EtagMismatch | Self::Refused(Refusal::Held) => Fault::Stale,
            Self::NotStaff(_) | Self::Refused(Refusal::Escalated | Refusal::OwnDecision) => Fault::Denied,
            Self::Refused(Refusal::NotOpen | Refusal::NotTaken | Refusal::WrongAction)
            | Self::NoAppeal(NoAppeal::Nothing | NoAppeal::Again | NoAppeal::Late) => Fault::Precondition,
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchSubject => "SUBJECT_NOT_FOUND",
            Self::Oneself => "CANNOT_REPORT_SELF",
            Self::NoSuchCase => "CASE_NOT_FOUND",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::NotStaff(_) => "ROLE_NEEDED",
            Self::Refused(Refusal::NotOpen) => "CASE_NOT_OPEN",
            Self::Refused(Refusal::Escalated) => "CASE_ESCALATED",
            Self::Refused(Refusal::OwnDecision) => "OWN_DECISION",
            Self::Refused(Refusal::Held) => "CASE_HELD",
            Self::Refused(Refusal::NotTaken) => "CASE_NOT_TAKEN",
            Self::Refused(Refusal::WrongAction) => "ACTION_NOT_POSSIBLE",
            Self::Refused(Refusal::Unexplained) => "STATEMENT_REQUIRED",
            Self::Refused(Refusal::WrongEnd) => "UNTIL_OUT_OF_RANGE",
            Self::NoAppeal(NoAppeal::NotTheirs) => "DECISION_NOT_FOUND",
            Self::NoAppeal(NoAppeal::Nothing) => "NOT_APPEALABLE",
            Self::NoAppeal(NoAppeal::Again) => "APPEALED_ALREADY",
            Self::NoAppeal(NoAppeal::Late) => "APPEAL_TOO_LATE",
            Self::Page(page) => page.reason(),
            Self::Port(_) | Self::Store(_) => "BACKEND_FAILED",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Oneself => Some("subject_id"),
            Self::Refused(Refusal::Unexplained) => Some("statement"),
            Self::Refused(Refusal::WrongEnd) => Some("until"),
            Self::Page(page) => Some(page.field()),
            Self::NoSuchSubject
            | Self::NoSuchCase
            | Self::EtagMismatch
            | Self::NotStaff(_)
            | Self::Refused(_)
            | Self::NoAppeal(_)
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
