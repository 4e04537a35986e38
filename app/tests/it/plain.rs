//! What is asked for beside the methods.

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
use kith_kernel::{PortError, ErrorKind};
use kith_testkit::block_on;
use serde_json::json;
use tokio::sync::watch;

use crate::bed::{Bed, settings};

#[derive(Default)]
struct Disk(AtomicBool);

#[async_trait]
impl HealthCheck for Disk {
    fn name(&self) -> &'static str {
        "disk"
    }

    async fn check(&self) -> Result<(), PortError> {
        let there = self.0.load(Ordering::SeqCst);
        if there { Ok(()) } else { Err(PortError::new(ErrorKind::Unavailable, "no disk")) }
    }
}

fn ask(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn bed(ready: bool, disk: bool) -> Bed {
    let disk = Arc::new(Disk(AtomicBool::new(disk)));
    // Whoever would change it is gone.
    let ready = watch::channel(ready).1;
    let plain =
        health_routes::router(ready, HealthChecks { required: vec![disk], optional: vec![] }, &json!({ "keys": [{ "kid": "k-1" }] }));
    Bed::beside(Router::new(), plain.route("/panics", get(async || -> &'static str { panic!("a secret") }))).await
}

#[test]
fn a_process_is_ready_when_it_is_told_so_and_what_it_needs_is_there() {
    block_on(async {
        for (ready, disk, expected) in [(true, true, 200), (false, true, 503), (true, false, 503)] {
            let (status, headers, told) = bed(ready, disk).await.json(ask("/readyz")).await;
            assert_eq!((status.as_u16(), told["unavailable"] == json!(["disk"])), (expected, !disk));
            assert_eq!(headers["cache-control"], "no-store");
        }
        assert_eq!(bed(false, false).await.send(ask("/healthz")).await.status(), StatusCode::OK);
    });
}

#[test]
fn keys_are_told_to_anybody_with_the_headers_of_every_answer() {
    block_on(async {
        let (status, headers, keys) = bed(true, true).await.json(ask("/.well-known/jwks.json")).await;
        assert_eq!((status, &keys["keys"][0]["kid"]), (StatusCode::OK, &json!("k-1")));
        assert_eq!(headers["cache-control"], "public, max-age=300");
        assert!(headers.contains_key("x-request-id") && headers.contains_key("x-content-type-options"));
    });
}

#[test]
fn what_is_neither_a_path_nor_a_method_is_refused_as_a_method() {
    block_on(async {
        let bed = Bed::round(Router::new(), &settings()).await;
        let (status, _, refusal) = bed.json(ask("/nothing")).await;
        assert_eq!((status.as_u16(), &refusal["code"]), (404, &json!("unimplemented")));
    });
}

#[test]
fn a_page_that_panics_is_an_answer() {
    block_on(async {
        let (status, _, refusal) = bed(true, true).await.json(ask("/panics")).await;
        assert_eq!((status.as_u16(), &refusal["code"]), (500, &json!("internal")));
    });
}
