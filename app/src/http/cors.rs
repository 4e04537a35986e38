//! CORS as the Fetch standard requires, and security headers. Outermost, because browsers need the headers on error
//! responses too.
//!
//! CORS headers are set only if the request has an `Origin`. Written by hand: tower-http's layers took a third of the
//! cost of the stack.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};

use super::stack::{InnerHandler, Layer, Next, RequestContext};

/// Default headers of a resource that is not a web page: no sniffing, framing, caching or referrer. A header that the
/// response already has is kept: [`super::rpc`] sets caching for methods without side effects, and the demo page sets a
/// policy of its own.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// Request headers that clients of all three protocols send.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-encoding, content-type, connect-accept-encoding, connect-content-encoding, \
     connect-protocol-version, connect-timeout-ms, grpc-timeout, idempotency-key, x-grpc-web, x-request-id, \
     x-user-agent",
);
/// Response headers that clients of all three protocols read.
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "retry-after, grpc-message, grpc-status, grpc-status-details-bin, ratelimit-limit, ratelimit-remaining, \
     ratelimit-reset, x-request-id",
);

/// Initial capacity of a response's header map, so that it grows once.
const HEADER_CAPACITY: usize = 16;

/// Allows cross-origin calls from the given origins, without cookies.
pub struct CorsLayer {
    /// Origins as browsers send them: `https://app.kith.example`.
    pub allowed_origins: Vec<HeaderValue>,
}

impl Layer for CorsLayer {
    async fn handle(&self, context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let headers = context.request.headers();
        let origin = headers.get(header::ORIGIN).cloned();
        let is_preflight = context.request.method() == Method::OPTIONS
            && origin.is_some()
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let mut response = if is_preflight { preflight() } else { next.run(context).await };
        let headers = response.headers_mut();
        if let Some(origin) = origin {
            self.allow_origin(headers, origin);
        }
        for (name, value) in SECURITY_HEADERS {
            headers.entry(name).or_insert(value);
        }
        response
    }
}

impl CorsLayer {
    /// Adds the CORS headers if the origin is allowed. `Vary` is set in any case, because the response depends on the
    /// origin.
    fn allow_origin(&self, headers: &mut HeaderMap, origin: HeaderValue) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if self.allowed_origins.contains(&origin) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }
}

/// Response to a preflight request. Without an allow-origin header the browser treats it as a refusal.
fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.reserve(HEADER_CAPACITY);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    response
}
