//! Error responses of the layers: Connect errors in the form that the caller expects. [`super::grpc`] translates them
//! to gRPC.

use axum::{
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use connectrpc_axum::prelude::ConnectError;
use kith_proto::ErrorResponse;

/// Form of a Connect response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseForm {
    /// A message, or a JSON error; the HTTP status distinguishes them.
    Unary,
    /// Enveloped messages. The HTTP status is always 200, and an error is in the last envelope.
    Stream { binary: bool },
}

impl ResponseForm {
    /// Form of the response to a request with these headers.
    #[must_use]
    pub fn for_request(headers: &HeaderMap) -> Self {
        let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        match content_type.strip_prefix(b"application/connect+") {
            Some(codec) => Self::Stream { binary: codec.starts_with(b"proto") },
            None => Self::Unary,
        }
    }

    /// Builds an error response.
    #[must_use]
    pub fn error_response(self, error: impl Into<ConnectError>) -> Response {
        let error: ConnectError = error.into();
        match self {
            Self::Unary => error.into_response(),
            Self::Stream { binary } => error.into_streaming_response(binary),
        }
    }

    /// Builds an error response whose HTTP status tells proxies more than the status of its code. Streams keep status
    /// 200.
    #[must_use]
    pub fn error_response_with_status(self, status: StatusCode, error: ErrorResponse) -> Response {
        let mut response = self.error_response(error);
        if self == Self::Unary {
            *response.status_mut() = status;
        }
        response
    }
}
