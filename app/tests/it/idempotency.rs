//! Idempotency keys: repeated calls with the same key return the stored response.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    http::{Request, StatusCode},
    routing::post,
};
use futures_util::future::join_all;
use kith_proto::ClaimedId;
use kith_testkit::block_on;
use serde_json::json;

use kith_app::http::client_ip::ClientAddr;

use crate::harness::{CREATE, DELETE, Harness, REGISTER, settings};

/// Harness whose methods count their calls. The first call fails if `fails_first` is true.
async fn counting(fails_first: bool) -> (Harness, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    let create = post(async move || {
        let nth = counter.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let status = if fails_first && nth == 0 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        (status, Json(json!({ "nth": nth })))
    });
    let router = Router::new().route(CREATE, create.clone()).route(DELETE, create.clone()).route(REGISTER, create);
    (Harness::new(router, &settings()).await, count)
}

fn keyed(harness: &Harness, path: &str, body: &'static str) -> Request<Body> {
    harness.call(path).header("idempotency-key", "k-1").body(Body::from(body)).unwrap()
}

#[test]
fn concurrent_and_later_calls_with_one_key_run_once_and_return_one_response() {
    block_on(async {
        let (harness, count) = counting(false).await;
        let concurrent = join_all((0..9).map(|_| harness.json(keyed(&harness, CREATE, "{}")))).await;
        let later = harness.json(keyed(&harness, CREATE, "{}")).await;
        for (status, _, response) in concurrent.into_iter().chain([later]) {
            assert_eq!((status, &response["nth"]), (StatusCode::OK, &json!(0)));
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_key_belongs_to_one_request_of_one_method() {
    block_on(async {
        let (harness, count) = counting(false).await;
        harness.send(keyed(&harness, CREATE, "{}")).await;
        let (status, _, error) = harness.json(keyed(&harness, CREATE, "{ }")).await;
        assert_eq!((status.as_u16(), &error["code"]), (400, &json!("invalid_argument")));
        assert_eq!(harness.send(keyed(&harness, DELETE, "{}")).await.status(), StatusCode::OK);
        assert_eq!(count.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_failed_call_can_be_repeated_with_its_key() {
    block_on(async {
        let (harness, count) = counting(true).await;
        assert_eq!(harness.send(keyed(&harness, CREATE, "{}")).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(harness.send(keyed(&harness, CREATE, "{}")).await.status(), StatusCode::OK);
        assert_eq!(count.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn an_empty_or_too_long_key_is_rejected() {
    block_on(async {
        let (harness, count) = counting(false).await;
        for key in ["", &"k".repeat(65)] {
            let request = harness.call(CREATE).header("idempotency-key", key).body(Body::from("{}")).unwrap();
            assert_eq!(harness.send(request).await.status(), StatusCode::BAD_REQUEST);
        }
        assert_eq!(count.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_call_completes_after_the_client_disconnects_and_its_response_is_stored() {
    block_on(async {
        let (harness, count) = counting(false).await;
        let disconnected =
            tokio::time::timeout(Duration::from_millis(10), harness.send(keyed(&harness, CREATE, "{}"))).await;
        assert!(disconnected.is_err());
        let (status, _, response) = harness.json(keyed(&harness, CREATE, "{}")).await;
        assert_eq!((status, &response["nth"]), (StatusCode::OK, &json!(0)));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn keys_of_anonymous_callers_are_scoped_to_the_client_address() {
    block_on(async {
        let (harness, count) = counting(false).await;
        for (peer, calls) in
            [("192.0.2.1", 1), ("192.0.2.1", 1), ("192.0.2.2", 2), ("2001:db8::1", 3), ("2001:db8::2", 3)]
        {
            let call = Request::post(REGISTER).header("content-type", "application/json");
            let call = call
                .header("idempotency-key", "a-key-that-is-not-guessable")
                .extension(ClientAddr(peer.parse().unwrap()));
            assert_eq!(harness.send(call.body(Body::from("{}")).unwrap()).await.status(), StatusCode::OK);
            assert_eq!(count.load(Ordering::SeqCst), calls, "{peer}");
        }
    });
}

#[test]
fn a_short_key_of_an_anonymous_caller_is_rejected() {
    block_on(async {
        let (harness, count) = counting(false).await;
        let call = Request::post(REGISTER).header("content-type", "application/json");
        let call = call.header("idempotency-key", "k".repeat(15)).body(Body::from("{}")).unwrap();
        assert_eq!(harness.send(call).await.status(), StatusCode::BAD_REQUEST);
        assert_eq!(count.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_method_receives_the_id_of_the_key_of_the_call() {
    block_on(async {
        let create = post(async |ClaimedId(id): ClaimedId| Json(json!({ "id": id.map(|id| id.to_string()) })));
        let harness = Harness::new(Router::new().route(CREATE, create), &settings()).await;
        let without = harness.json(harness.call(CREATE).body(Body::from("{}")).unwrap()).await.2;
        assert_eq!(without["id"], json!(null));
        let other = harness.call(CREATE).header("idempotency-key", "k-2").body(Body::from("{}")).unwrap();
        let (one, other) = (harness.json(keyed(&harness, CREATE, "{}")).await.2, harness.json(other).await.2);
        assert!(one["id"].is_string() && other["id"].is_string());
        assert_ne!(one["id"], other["id"]);
    });
}
