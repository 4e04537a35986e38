//! Says whose fault it is where a body is not packed as it says: the crate takes it for one of ours.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{body::Body, extract::Request};
use connectrpc_axum::prelude::ConnectError;
use http_body_util::BodyExt as _;
use kith_kernel::Fault;
use kith_proto::Refusal;
use tower_http::decompression::DecompressionBody;

/// Whether the body of a request could not be unpacked. The request carries a clone of it.
#[derive(Debug, Clone, Default)]
pub struct Broken(Arc<AtomicBool>);

impl Broken {
    /// The refusal, if it could not.
    #[must_use]
    pub fn refusal(&self) -> Option<ConnectError> {
        let words = "the body is not packed as its content-encoding says";
        self.0.load(Ordering::Relaxed).then(|| Refusal::new(Fault::Invalid, "BODY_UNREADABLE", words).into())
    }
}

/// The same request; what it carries is told when its body turns out to be broken.
pub fn watched(request: axum::http::Request<DecompressionBody<Body>>) -> Request {
    let (parts, body) = request.into_parts();
    let body = match parts.extensions.get::<Broken>().cloned() {
        Some(broken) => Body::new(body.map_err(move |error| {
            broken.0.store(true, Ordering::Relaxed);
            error
        })),
        None => Body::new(body),
    };
    Request::from_parts(parts, body)
}
