//! The demo page: one document, one stylesheet and a few modules, embedded in the binary. It is served only outside of
//! production and uses the public API.

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::IntoResponse as _,
    routing::get,
};

/// Content security policy: only same-origin resources, nothing inline.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Path, content type and content of each file.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../page/index.html")),
    ("/page.css", CSS, include_str!("../page/page.css")),
    ("/page.js", JAVASCRIPT, include_str!("../page/page.js")),
    ("/api.js", JAVASCRIPT, include_str!("../page/api.js")),
    ("/feed.js", JAVASCRIPT, include_str!("../page/feed.js")),
    ("/realtime.js", JAVASCRIPT, include_str!("../page/realtime.js")),
    ("/ui.js", JAVASCRIPT, include_str!("../page/ui.js")),
    ("/icon.svg", SVG, include_str!("../page/icon.svg")),
];

/// Routes of the page at `/` and of its files.
pub fn router() -> Router {
    let mut router = Router::new();
    for (path, content_type, content) in FILES {
        let headers: [(HeaderName, HeaderValue); 2] = [
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        ];
        router = router.route(path, get(async move || (headers, *content).into_response()));
    }
    router
}
