//! What a client sees: Connect over the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::Actor;
use kith_moderation::rules::rpc::{self, Desk};
use kith_testkit::{block_on, member, moderator};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::bed::{Bed, admin, sqlite};

fn server(bed: &Bed) -> Router {
    let desk = Desk { rules: Arc::new(bed.rulebook()), personas: bed.wrote.clone() };
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(desk)).build()
}

async fn call(server: &Router, actor: &Actor, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.moderation.v1.ModerationService/{method}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(actor.clone());
    let answer = server.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap())
}

fn rule() -> Value {
    json!({
        "name": "relief", "detector": "RULE_DETECTOR_SCAM", "threshold": 70, "kinds": ["RULE_KIND_POST"],
        "action": "RULE_ACTION_HOLD", "words": ["relief gold"], "domains": ["relief.example"], "allow": ["ok.example"],
    })
}

#[test]
fn a_rule_is_tried_put_and_listed_and_no_account_is_told() {
    block_on(async {
        let bed = sqlite().await;
        let (server, mia) = (server(&bed), moderator());
        let post = bed.post("é, get relief gold now");
        let (status, tried) = call(&server, mia.actor(), "TryRule", json!({ "rule": rule() })).await;
        assert_eq!((status, &tried["tried"], &tried["held"]), (StatusCode::OK, &json!(1), &json!(1)), "{tried}");
        let trial = &tried["trials"][0];
        assert_eq!(format!("post:{}", trial["contentId"].as_str().unwrap()), post.to_string());
        assert_eq!((&trial["kind"], &trial["author"]["handle"]), (&json!("RULE_KIND_POST"), &json!("somebody")));
        assert_eq!(trial["matches"], json!([{ "text": "relief gold", "confidence": 80 }]));
        let (_, listed) = call(&server, mia.actor(), "ListRules", json!({})).await;
        assert_eq!((&listed["version"], &listed["etag"]), (&json!(1), &json!("1")), "nothing of it was kept");
        let put = json!({ "rule": rule(), "etag": "1" });
        let (status, done) = call(&server, &admin(), "PutRule", put.clone()).await;
        assert_eq!((status, &done["rule"], &done["etag"]), (StatusCode::OK, &rule(), &json!("2")), "{done}");
        let (_, listed) = call(&server, mia.actor(), "ListRules", json!({})).await;
        assert_eq!((listed["rules"].as_array().unwrap().last(), &listed["version"]), (Some(&rule()), &json!(2)));
        let (_, first) = call(&server, mia.actor(), "ListRules", json!({ "version": 1 })).await;
        assert_eq!((first["rules"].as_array().unwrap().len(), &first["etag"]), (6, &Value::Null));
        let (status, stale) = call(&server, &admin(), "PutRule", put).await;
        assert_eq!((status, &stale["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        for user in bed.wrote.authors() {
            assert!(!tried.to_string().contains(&user.to_string()), "an account's id was told");
        }
    });
}

#[test]
fn what_is_refused_says_why() {
    block_on(async {
        let bed = sqlite().await;
        let server = server(&bed);
        for method in ["ListRules", "PutRule", "TryRule"] {
            let body = if method == "ListRules" { json!({}) } else { json!({ "rule": rule() }) };
            let body = if method == "PutRule" { json!({ "rule": rule(), "etag": "1" }) } else { body };
            let (status, _) = call(&server, &member(), method, body).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method}");
        }
        let put = json!({ "rule": rule(), "etag": "1" });
        assert_eq!(call(&server, moderator().actor(), "PutRule", put).await.0, StatusCode::FORBIDDEN);
        let mut wrong = rule();
        wrong["words"] = json!(["(a+)+"]);
        let (status, refused) = call(&server, &admin(), "PutRule", json!({ "rule": wrong, "etag": "1" })).await;
        assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        assert_eq!(refused["message"], "words[0] of `relief` is not what that list holds");
        let (status, refused) = call(&server, &admin(), "PutRule", json!({ "etag": "1" })).await;
        assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
    });
}
