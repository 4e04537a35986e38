//! Error kinds. One table maps them to transport codes.

use std::{error::Error, time::Duration};

/// Kind of an error; one per Connect code that is used. Matched without a wildcard, so that a new kind fails to compile in
/// the table that maps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request breaks a rule that the caller could have checked.
    InvalidArgument,
    /// The caller is not authenticated.
    Unauthenticated,
    /// The caller is authenticated and lacks the permission.
    PermissionDenied,
    /// The object does not exist, or the caller must not learn that it does.
    NotFound,
    /// A unique value is taken.
    AlreadyExists,
    /// The object is not in a state that allows the call.
    FailedPrecondition,
    /// A concurrent change won. Read the object again and retry.
    Aborted,
    /// A limit or quota is exceeded.
    ResourceExhausted,
    /// The deadline of the caller or of the server expired.
    DeadlineExceeded,
    /// The method does not exist.
    Unimplemented,
    /// A dependency is unavailable. Retry later.
    Unavailable,
    /// An error of the server. Details are logged and never returned.
    Internal,
}

impl ErrorKind {
    /// Returns true if the same call can succeed later without a change.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::ResourceExhausted | Self::DeadlineExceeded)
    }
}

/// Error of a slice, as the transport maps it.
pub trait DomainError: Error + 'static {
    fn kind(&self) -> ErrorKind;

    /// Stable code for clients, in `UPPER_SNAKE_CASE`. A released reason keeps its meaning.
    fn reason(&self) -> &'static str;

    /// Proto path of the invalid request field.
    fn field(&self) -> Option<&'static str> {
        None
    }

    /// Time to wait before a retry, where it is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// Opaque error of a port: a kind for the caller and a cause for the log.
///
/// `Display` renders the whole chain of causes, since log fields show `Display` only. It must never be returned to a
/// client.
#[derive(Debug, thiserror::Error)]
#[error("port failed{}", causes(&**cause))]
pub struct PortError {
    kind: ErrorKind,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

/// Renders an error and its sources, outermost first.
fn causes(outermost: &(dyn Error + 'static)) -> String {
    let all = std::iter::successors(Some(outermost), |cause| (**cause).source());
    all.fold(String::new(), |text, cause| text + ": " + &cause.to_string())
}

impl PortError {
    pub fn new(kind: ErrorKind, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, cause: cause.into() }
    }

    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("database unavailable")]
    struct Unavailable(#[source] std::io::Error);

    #[test]
    fn a_port_error_displays_its_whole_chain_of_causes() {
        let error = PortError::new(ErrorKind::Unavailable, Unavailable(std::io::Error::other("disk failed")));
        assert_eq!(error.to_string(), "port failed: database unavailable: disk failed");
    }
}
