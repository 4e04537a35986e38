//! Reports a request body that cannot be decompressed as the caller's error. The RPC crate reports `internal`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{body::Body, extract::Request};
use connectrpc_axum::prelude::ConnectError;
use http_body_util::BodyExt as _;
use kith_kernel::ErrorKind;
use kith_proto::ErrorResponse;
use tower_http::decompression::DecompressionBody;

/// Request extension that records whether decompression of the body failed.
#[derive(Debug, Clone, Default)]
pub struct InvalidCompression(Arc<AtomicBool>);

impl InvalidCompression {
    /// The error response, if decompression failed.
    #[must_use]
    pub fn error(&self) -> Option<ConnectError> {
        let message = "body does not match its content-encoding";
        self.0
            .load(Ordering::Relaxed)
            .then(|| ErrorResponse::new(ErrorKind::InvalidArgument, "MALFORMED_BODY", message).into())
    }
}

/// Records decompression errors of the body in the [`InvalidCompression`] extension of the request.
pub fn record_errors(request: axum::http::Request<DecompressionBody<Body>>) -> Request {
    let (parts, body) = request.into_parts();
    let body = match parts.extensions.get::<InvalidCompression>().cloned() {
        Some(failed) => Body::new(body.map_err(move |error| {
            failed.0.store(true, Ordering::Relaxed);
            error
        })),
        None => Body::new(body),
    };
    Request::from_parts(parts, body)
}
