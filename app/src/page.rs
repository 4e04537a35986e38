//! The page to see Kith with: one document, one stylesheet and a few modules, built in. It is served outside of
//! production only, and calls what every app calls.

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::IntoResponse as _,
    routing::get,
};

/// Everything from here, nothing from anywhere else, nothing inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

const DOCUMENT: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// Where each part is served, as what, and what it is.
const PARTS: &[(&str, &str, &str)] = &[
    ("/", DOCUMENT, include_str!("../page/index.html")),
    ("/page.css", STYLE, include_str!("../page/page.css")),
    ("/page.js", MODULE, include_str!("../page/page.js")),
    ("/calls.js", MODULE, include_str!("../page/calls.js")),
    ("/feed.js", MODULE, include_str!("../page/feed.js")),
    ("/line.js", MODULE, include_str!("../page/line.js")),
    ("/words.js", MODULE, include_str!("../page/words.js")),
    ("/icon.svg", IMAGE, include_str!("../page/icon.svg")),
];

/// The page at `/`, and what it is made of.
pub fn router() -> Router {
    let mut router = Router::new();
    for (path, kind, content) in PARTS {
        let headers: [(HeaderName, HeaderValue); 2] =
            [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_SECURITY_POLICY, POLICY)];
        router = router.route(path, get(async move || (headers, *content).into_response()));
    }
    router
}
