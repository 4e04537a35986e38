//! Errors of this slice.

use kith_kernel::{DomainError, ErrorKind, PortError, actor::NotAModerator, page::InvalidPagination};
use kith_storage::StoreError;

use crate::policy::{AppealError, CaseError};

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The subject does not exist, or the caller cannot see it.
    #[error("subject not found")]
    SubjectNotFound,
    /// The caller tried to report their own account or content.
    #[error("cannot report yourself")]
    CannotReportSelf,
    /// The case does not exist, or the caller has a conflict of interest.
    #[error("case not found")]
    CaseNotFound,
    /// The case has changed since the caller read it.
    #[error("etag does not match the current version")]
    EtagMismatch,
    /// The caller is not staff.
    #[error(transparent)]
    NotStaff(#[from] NotAModerator),
    /// The action on the case is rejected.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The appeal is rejected.
    #[error(transparent)]
    Appeal(#[from] AppealError),
    /// The page size or token is invalid.
    #[error(transparent)]
    Pagination(#[from] InvalidPagination),
    /// Another slice returned an error.
    #[error("port failed")]
    Port(#[from] PortError),
    /// The store returned an error.
    #[error("case store failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::CannotReportSelf
            | Self::Pagination(_)
            | Self::Case(CaseError::StatementRequired | CaseError::InvalidEnd) => ErrorKind::InvalidArgument,
            Self::SubjectNotFound | Self::CaseNotFound | Self::Appeal(AppealError::NotYours) => ErrorKind::NotFound,
            Self::EtagMismatch | Self::Case(CaseError::AssignedToOther) => ErrorKind::Aborted,
            Self::NotStaff(_) | Self::Case(CaseError::Escalated | CaseError::OwnDecision) => {
                ErrorKind::PermissionDenied
            }
            Self::Case(CaseError::NotOpen | CaseError::NotAssigned | CaseError::ActionNotAllowed)
            | Self::Appeal(AppealError::NotAppealable | AppealError::AlreadyAppealed | AppealError::WindowClosed) => {
                ErrorKind::FailedPrecondition
            }
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::SubjectNotFound => "SUBJECT_NOT_FOUND",
            Self::CannotReportSelf => "CANNOT_REPORT_SELF",
            Self::CaseNotFound => "CASE_NOT_FOUND",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::NotStaff(_) => "INSUFFICIENT_ROLE",
            Self::Case(CaseError::NotOpen) => "CASE_NOT_OPEN",
            Self::Case(CaseError::Escalated) => "CASE_ESCALATED",
            Self::Case(CaseError::OwnDecision) => "CANNOT_DECIDE_OWN_APPEAL",
            Self::Case(CaseError::AssignedToOther) => "CASE_ASSIGNED_TO_OTHER",
            Self::Case(CaseError::NotAssigned) => "CASE_NOT_ASSIGNED",
            Self::Case(CaseError::ActionNotAllowed) => "ACTION_NOT_ALLOWED",
            Self::Case(CaseError::StatementRequired) => "STATEMENT_REQUIRED",
            Self::Case(CaseError::InvalidEnd) => "END_TIME_OUT_OF_RANGE",
            Self::Appeal(AppealError::NotYours) => "DECISION_NOT_FOUND",
            Self::Appeal(AppealError::NotAppealable) => "NOT_APPEALABLE",
            Self::Appeal(AppealError::AlreadyAppealed) => "ALREADY_APPEALED",
            Self::Appeal(AppealError::WindowClosed) => "APPEAL_WINDOW_CLOSED",
            Self::Pagination(page) => page.reason(),
            Self::Port(_) | Self::Store(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::CannotReportSelf => Some("subject_id"),
            Self::Case(CaseError::StatementRequired) => Some("statement"),
            Self::Case(CaseError::InvalidEnd) => Some("expires_at"),
            Self::Pagination(page) => Some(page.field()),
            Self::SubjectNotFound
            | Self::CaseNotFound
            | Self::EtagMismatch
            | Self::NotStaff(_)
            | Self::Case(_)
            | Self::Appeal(_)
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
