//! Browser access: CORS, security headers and cache headers, on responses and on errors.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
    routing::get,
};
use kith_testkit::block_on;

use crate::harness::{FEED, Harness, ORIGIN, POST, settings};

fn preflight(origin: &str) -> Request<Body> {
    let request = Request::builder().method(Method::OPTIONS).uri(FEED).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    request.header("access-control-request-headers", "content-type,authorization").body(Body::empty()).unwrap()
}

#[test]
fn only_allowed_origins_can_call() {
    block_on(async {
        let harness = Harness::echo().await;
        let allowed = harness.send(preflight(ORIGIN)).await;
        assert_eq!(
            (allowed.status(), &allowed.headers()["access-control-allow-origin"]),
            (StatusCode::OK, &ORIGIN.parse().unwrap())
        );
        assert!(!allowed.headers().contains_key("access-control-allow-credentials"));
        let foreign = harness.send(preflight("https://evil.example")).await;
        assert!(!foreign.headers().contains_key("access-control-allow-origin"));
    });
}

#[test]
fn an_error_is_readable_by_an_allowed_origin_and_is_not_cached() {
    block_on(async {
        let harness = Harness::echo().await;
        let anonymous = Request::post(FEED).header("content-type", "application/json").header("origin", ORIGIN);
        let error = harness.send(anonymous.body(Body::from("{}")).unwrap()).await;
        assert_eq!(error.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(error.headers()["access-control-allow-origin"], ORIGIN);
        assert!(error.headers()["access-control-expose-headers"].to_str().unwrap().contains("x-request-id"));
        let security = ["cache-control", "content-security-policy", "referrer-policy", "strict-transport-security"];
        for name in security.into_iter().chain(["x-content-type-options", "x-frame-options"]) {
            assert!(error.headers().contains_key(name), "{name}");
        }
    });
}

#[test]
fn a_response_to_a_foreign_origin_has_no_cors_header() {
    block_on(async {
        let harness = Harness::echo().await;
        let response =
            harness.send(harness.call(FEED).header("origin", "https://evil.example").body(Body::from("{}")).unwrap());
        let response = response.await;
        assert_eq!((response.status(), &response.headers()["vary"]), (StatusCode::OK, &"origin".parse().unwrap()));
        assert!(!response.headers().contains_key("access-control-allow-origin"));
        let without = harness.send(harness.call(FEED).body(Body::from("{}")).unwrap()).await;
        assert!(!without.headers().contains_key("vary"));
    });
}

#[test]
fn only_authenticated_get_responses_can_be_cached_and_only_privately() {
    block_on(async {
        // GET responds like a method without side effects, POST like one that was called with the wrong verb.
        let methods = Router::new().route(POST, get(async || "{}").post(async || "{}"));
        let harness = Harness::new(methods, &settings()).await;
        let get_request = |query: &str| {
            let request = Request::get(format!("{POST}?connect=v1&encoding=json&message={query}"));
            request.header("authorization", format!("Bearer {}", harness.token)).body(Body::empty()).unwrap()
        };
        assert_eq!(harness.send(get_request("%7B%7D")).await.headers()["cache-control"], "private, no-cache");
        let posted = harness.send(harness.call(POST).body(Body::from("{}")).unwrap()).await;
        assert_eq!(
            (posted.status(), &posted.headers()["cache-control"]),
            (StatusCode::OK, &"no-store".parse().unwrap())
        );
        let anonymous = Request::get(format!("{POST}?connect=v1&encoding=json&message=%7B%7D")).body(Body::empty());
        let rejected = harness.send(anonymous.unwrap()).await;
        assert_eq!(
            (rejected.status(), &rejected.headers()["cache-control"]),
            (StatusCode::UNAUTHORIZED, &"no-store".parse().unwrap())
        );
    });
}
