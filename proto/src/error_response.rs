//! Error responses on the wire. One table maps [`ErrorKind`] to Connect codes.

use std::{error::Error, time::Duration};

use connectrpc_axum::prelude::{Code, ConnectError};
use kith_kernel::{DomainError, ErrorKind};
use prost::Message;

use crate::details::{BadRequest, ErrorInfo, FieldViolation, RequestInfo, RetryInfo};

tokio::task_local! {
    /// Id of the request that this task serves.
    pub static REQUEST_ID: String;
}

/// Delay that clients are asked to wait before they retry a call that failed as unavailable. It bounds how late a client
/// notices that the dependency is back.
const UNAVAILABLE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// An error response under construction.
#[derive(Debug)]
pub struct ErrorResponse(ConnectError);

impl ErrorResponse {
    /// Creates a response with a `google.rpc.ErrorInfo` detail.
    ///
    /// Clients branch on `reason`; `message` is for people. [`ErrorKind::Unavailable`] adds a retry delay,
    /// [`ErrorKind::Internal`] adds the request id, and [`ErrorKind::Unimplemented`] has no details.
    #[must_use]
    pub fn new(kind: ErrorKind, reason: &str, message: impl Into<String>) -> Self {
        let info = ErrorInfo { reason: reason.to_owned(), domain: "kith".to_owned() };
        let response = Self(ConnectError::new(code(kind), message));
        // The code is sufficient, and the conformance suite expects no details.
        if kind == ErrorKind::Unimplemented {
            return response;
        }
        let response = response.with_detail("google.rpc.ErrorInfo", &info);
        if kind == ErrorKind::Unavailable {
            return response.retry_after(UNAVAILABLE_RETRY_AFTER);
        }
        if kind != ErrorKind::Internal {
            return response;
        }
        let request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        response.with_detail("google.rpc.RequestInfo", &RequestInfo { request_id })
    }

    /// Builds the response for an error of a slice.
    ///
    /// Internal and unavailable errors are logged in full; the caller gets a fixed message instead of the error's text.
    pub fn from_domain_error<E: DomainError>(error: &E) -> Self {
        let (kind, reason) = (error.kind(), error.reason());
        let source: &(dyn Error + 'static) = error;
        match kind {
            ErrorKind::Internal => {
                tracing::error!(error = source, "internal error");
                Self::new(kind, reason, "internal error")
            }
            ErrorKind::Unavailable => {
                tracing::warn!(error = source, "dependency unavailable");
                Self::new(kind, reason, "temporarily unavailable, retry")
            }
            ErrorKind::InvalidArgument
            | ErrorKind::Unauthenticated
            | ErrorKind::PermissionDenied
            | ErrorKind::NotFound
            | ErrorKind::AlreadyExists
            | ErrorKind::FailedPrecondition
            | ErrorKind::Aborted
            | ErrorKind::ResourceExhausted
            | ErrorKind::DeadlineExceeded
            | ErrorKind::Unimplemented => Self::new(kind, reason, error.to_string()).with_context(error),
        }
    }

    /// Adds the invalid field and the retry delay that the error names.
    fn with_context(self, error: &impl DomainError) -> Self {
        let response = match error.field() {
            Some(field) => self.with_field(field, error),
            None => self,
        };
        match error.retry_after() {
            Some(delay) => response.retry_after(delay),
            None => response,
        }
    }

    /// Adds a `google.rpc.BadRequest` that names the invalid field.
    fn with_field(self, field: &str, error: &impl DomainError) -> Self {
        let violation = FieldViolation {
            field: field.to_owned(),
            description: error.to_string(),
            reason: error.reason().to_owned(),
        };
        self.with_detail("google.rpc.BadRequest", &BadRequest { field_violations: vec![violation] })
    }

    /// Adds a machine-readable detail. `type_name` is the full name of its protobuf message.
    #[must_use]
    pub fn with_detail(self, type_name: &str, detail: &impl Message) -> Self {
        Self(self.0.add_detail(type_name, detail.encode_to_vec()))
    }

    /// Adds the delay after which the client can retry, as `google.rpc.RetryInfo`.
    #[must_use]
    pub fn retry_after(self, delay: Duration) -> Self {
        self.with_detail("google.rpc.RetryInfo", &RetryInfo { retry_delay: Some(delay.into()) })
    }
}

impl From<ErrorResponse> for ConnectError {
    fn from(response: ErrorResponse) -> Self {
        response.0
    }
}

/// Converts an error of a slice for its handlers. See [`ErrorResponse::from_domain_error`].
pub fn to_connect_error<E: DomainError>(error: &E) -> ConnectError {
    ErrorResponse::from_domain_error(error).into()
}

const fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::PermissionDenied => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::FailedPrecondition => Code::FailedPrecondition,
        ErrorKind::Aborted => Code::Aborted,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorKind::Unimplemented => Code::Unimplemented,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    }
}
