//! Plain HTTP routes next to the RPC methods: health, readiness and the signing keys.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use kith_app::http::health_routes::{self, HealthCheck, HealthChecks};
use kith_kernel::{ErrorKind, PortError};
use kith_testkit::block_on;
use serde_json::json;
use tokio::sync::watch;

use crate::harness::{Harness, settings};

#[derive(Default)]
struct Disk(AtomicBool);

#[async_trait]
impl HealthCheck for Disk {
    fn name(&self) -> &'static str {
        "disk"
    }

    async fn check(&self) -> Result<(), PortError> {
        let available = self.0.load(Ordering::SeqCst);
        if available { Ok(()) } else { Err(PortError::new(ErrorKind::Unavailable, "no disk")) }
    }
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn harness(ready: bool, is_disk_available: bool) -> Harness {
    let disk = Arc::new(Disk(AtomicBool::new(is_disk_available)));
    // The sender is dropped, so the value never changes.
    let ready = watch::channel(ready).1;
    let plain = health_routes::router(
        ready,
        HealthChecks { required: vec![disk], optional: vec![] },
        &json!({ "keys": [{ "kid": "k-1" }] }),
    );
    Harness::with_plain_routes(
        Router::new(),
        plain.route("/panics", get(async || -> &'static str { panic!("a secret") })),
    )
    .await
}

#[test]
fn a_process_is_ready_if_it_accepts_calls_and_its_dependencies_are_available() {
    block_on(async {
        for (ready, disk, expected) in [(true, true, 200), (false, true, 503), (true, false, 503)] {
            let (status, headers, report) = harness(ready, disk).await.json(get_request("/readyz")).await;
            assert_eq!((status.as_u16(), report["unavailable"] == json!(["disk"])), (expected, !disk));
            assert_eq!(headers["cache-control"], "no-store");
        }
        assert_eq!(harness(false, false).await.send(get_request("/healthz")).await.status(), StatusCode::OK);
    });
}

#[test]
fn signing_keys_are_public_and_carry_the_headers_of_every_response() {
    block_on(async {
        let (status, headers, keys) = harness(true, true).await.json(get_request("/.well-known/jwks.json")).await;
        assert_eq!((status, &keys["keys"][0]["kid"]), (StatusCode::OK, &json!("k-1")));
        assert_eq!(headers["cache-control"], "public, max-age=300");
        assert!(headers.contains_key("x-request-id") && headers.contains_key("x-content-type-options"));
    });
}

#[test]
fn an_unknown_path_is_an_unimplemented_method() {
    block_on(async {
        let harness = Harness::new(Router::new(), &settings()).await;
        let (status, _, error) = harness.json(get_request("/nothing")).await;
        assert_eq!((status.as_u16(), &error["code"]), (404, &json!("unimplemented")));
    });
}

#[test]
fn a_panic_in_a_plain_route_is_an_internal_error() {
    block_on(async {
        let (status, _, error) = harness(true, true).await.json(get_request("/panics")).await;
        assert_eq!((status.as_u16(), &error["code"]), (500, &json!("internal")));
    });
}
