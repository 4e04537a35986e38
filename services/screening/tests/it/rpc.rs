//! Connect requests over the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::Actor;
use kith_screening::rpc::{self, Handlers, Presenter};
use kith_testkit::{block_on, member, moderator};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, admin, sqlite};

fn server(bed: &Harness) -> Router {
    let presenter = Presenter { personas: bed.contents.clone() };
    let handlers = Handlers { service: Arc::new(bed.service()), presenter };
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(handlers)).build()
}

async fn call(server: &Router, actor: &Actor, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.screening.v1.ScreeningService/{method}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(actor.clone());
    let response = server.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
}

fn rule() -> Value {
    json!({
        "name": "relief", "detector": "RULE_DETECTOR_SCAM", "threshold": 70, "kinds": ["RULE_KIND_POST"],
        "action": "RULE_ACTION_HOLD", "words": ["relief gold"], "domains": ["relief.example"], "allow": ["ok.example"],
    })
}

#[test]
fn a_rule_is_tested_put_and_listed_without_account_ids() {
    block_on(async {
        let bed = sqlite().await;
        let (server, mia) = (server(&bed), moderator());
        let post = bed.post("é, get relief gold now");
        let (status, report) = call(&server, mia.actor(), "TryRule", json!({ "rule": rule() })).await;
        assert_eq!((status, &report["evaluated"], &report["held"]), (StatusCode::OK, &json!(1), &json!(1)), "{report}");
        let found = &report["matches"][0];
        assert_eq!(format!("post:{}", found["contentId"].as_str().unwrap()), post.to_string());
        assert_eq!((&found["kind"], &found["author"]["handle"]), (&json!("RULE_KIND_POST"), &json!("author")));
        assert_eq!(found["spans"], json!([{ "text": "relief gold", "confidence": 80 }]));
        let (_, listed) = call(&server, mia.actor(), "ListRules", json!({})).await;
        assert_eq!((&listed["version"], &listed["etag"]), (&json!(1), &json!("1")), "a rule test saves nothing");
        let put = json!({ "rule": rule(), "etag": "1" });
        let (status, done) = call(&server, &admin(), "PutRule", put.clone()).await;
        assert_eq!((status, &done["rule"], &done["etag"]), (StatusCode::OK, &rule(), &json!("2")), "{done}");
        let (_, listed) = call(&server, mia.actor(), "ListRules", json!({})).await;
        assert_eq!((listed["rules"].as_array().unwrap().last(), &listed["version"]), (Some(&rule()), &json!(2)));
        let (_, first) = call(&server, mia.actor(), "ListRules", json!({ "version": 1 })).await;
        assert_eq!((first["rules"].as_array().unwrap().len(), &first["etag"]), (6, &Value::Null));
        let (status, stale) = call(&server, &admin(), "PutRule", put).await;
        assert_eq!((status, &stale["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        for user in bed.contents.authors() {
            assert!(!report.to_string().contains(&user.to_string()), "the response contains an account id");
        }
    });
}

#[test]
fn errors_have_the_expected_code_and_message() {
    block_on(async {
        let bed = sqlite().await;
        let server = server(&bed);
        for (method, body) in [
            ("ListRules", json!({})),
            ("PutRule", json!({ "rule": rule(), "etag": "1" })),
            ("TryRule", json!({ "rule": rule() })),
        ] {
            let (status, _) = call(&server, &member(), method, body).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method}");
        }
        let put = json!({ "rule": rule(), "etag": "1" });
        assert_eq!(call(&server, moderator().actor(), "PutRule", put).await.0, StatusCode::FORBIDDEN);
        let mut invalid = rule();
        invalid["words"] = json!(["(a+)+"]);
        let (status, error) = call(&server, &admin(), "PutRule", json!({ "rule": invalid, "etag": "1" })).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        assert_eq!(error["message"], "words[0] of `relief` is invalid");
        let (status, error) = call(&server, &admin(), "PutRule", json!({ "etag": "1" })).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
    });
}
