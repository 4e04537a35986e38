//! What a client sees: Connect over the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::{Actor, PageTokenCodec};
use kith_progress::{access::METHOD_POLICIES, rpc};
use kith_proto::ClaimedId;
use kith_testkit::{block_on, member, user};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, sqlite};

fn server(harness: &Harness) -> Router {
    let router = rpc::router(harness.service.clone(), Arc::new(PageTokenCodec::new(&[7; 32])));
    connectrpc_axum::MakeServiceBuilder::new().add_router(router).build()
}

async fn send(
    server: &Router,
    actor: Option<&Actor>,
    claimed: Option<ClaimedId>,
    method: &str,
    body: Value,
) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.users.v1.ProgressService/{method}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    if let Some(actor) = actor {
        request.extensions_mut().insert(actor.clone());
    }
    if let Some(claimed) = claimed {
        request.extensions_mut().insert(claimed);
    }
    let answer = server.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap())
}

/// What a call that goes well gives.
async fn ok(server: &Router, actor: &Actor, method: &str, body: Value) -> Value {
    let (status, answer) = send(server, Some(actor), None, method, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[test]
fn a_streak_is_set_counted_and_broken() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), member());
        let first = ok(&server, &ann, "GetStreak", json!({})).await;
        assert_eq!(first, json!({ "streak": { "timeZone": "UTC", "etag": "0" } }));
        let change = json!({ "etag": "0", "startDate": "2024-06-01", "timeZone": "europe/oslo", "goalKind": "GOAL_KIND_ABSTAIN" });
        let set = ok(&server, &ann, "UpdateStreak", change.clone()).await["streak"].clone();
        assert_eq!((&set["timeZone"], &set["startDate"]), (&json!("Europe/Oslo"), &json!("2024-06-01")));
        assert_eq!(set["current"], json!({ "beganAt": "2024-06-01T10:00:00Z", "days": 9 }));
        assert_eq!(set["reached"][1], json!({ "days": 7, "at": "2024-06-07T22:00:00Z" }));
        assert_eq!(set["next"], json!({ "days": 14, "at": "2024-06-14T22:00:00Z" }));
        let (status, refusal) = send(&server, Some(&ann), None, "UpdateStreak", change).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("aborted")));

        let fell = json!({ "occurredAt": "2024-06-05T20:00:00Z", "triggers": ["TRIGGER_ANGER", "TRIGGER_ANGER"] });
        let fell = ok(&server, &ann, "RecordRelapse", fell).await;
        assert_eq!(fell["relapse"]["triggers"], json!(["TRIGGER_ANGER"]));
        assert_eq!((&fell["streak"]["current"]["days"], &fell["streak"]["longest"]["days"]), (&json!(5), &json!(5)));
        assert_eq!(fell["streak"]["longest"]["endedAt"], Value::Null, "it goes on: {fell}");
        let taken = ok(&server, &ann, "WithdrawRelapse", json!({ "relapseId": fell["relapse"]["id"] })).await;
        assert_eq!(taken["streak"]["current"]["days"], 9);
    });
}

#[test]
fn a_check_in_is_shown_to_its_writer_page_by_page() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) = (server(&harness), member(), member());
        for mood in 1..=3 {
            let then = format!("2024-06-0{mood}T10:00:00Z");
            let body = json!({ "mood": mood, "cravingsMet": 2, "cravingsResisted": 1, "note": " held on ", "occurredAt": then });
            let answer = ok(&server, &ann, "RecordCheckIn", body).await;
            assert_eq!((&answer["checkIn"]["note"], &answer["checkIn"]["mood"]), (&json!("held on"), &json!(mood)));
        }
        let period = json!({ "fromDate": "2024-06-01", "toDate": "2024-06-30", "pageSize": 2 });
        let first = ok(&server, &ann, "GetProgress", period.clone()).await;
        assert_eq!((&first["checkIns"][0]["mood"], &first["checkIns"][1]["mood"]), (&json!(3), &json!(2)));
        assert_eq!(
            first["stats"],
            json!({ "checkIns": 3, "meanMoodTenths": 20, "cravingsMet": 6, "cravingsResisted": 3 })
        );
        assert_eq!(first["heatMap"].as_array().unwrap().len(), 364);
        let mut second = period.clone();
        second["pageToken"] = first["nextPageToken"].clone();
        let last = ok(&server, &ann, "GetProgress", second.clone()).await;
        assert_eq!((last["checkIns"].as_array().unwrap().len(), &last["nextPageToken"]), (1, &Value::Null));
        // A token that got into other hands opens nothing.
        let (status, refusal) = send(&server, Some(&bob), None, "GetProgress", second).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        let other = ok(&server, &bob, "GetProgress", period).await;
        assert_eq!((&other["checkIns"], &other["stats"]), (&Value::Null, &Value::Null));
    });
}

#[test]
fn a_repeated_call_is_one_check_in() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, claimed) = (server(&harness), member(), user().uuid());
        let mut ids = Vec::new();
        for _ in 0..2 {
            let body = json!({ "mood": 5 });
            let (_, answer) = send(&server, Some(&ann), Some(ClaimedId(Some(claimed))), "RecordCheckIn", body).await;
            ids.push(answer["checkIn"]["id"].clone());
        }
        assert_eq!(ids, [json!(claimed.to_string()), json!(claimed.to_string())]);
    });
}

#[test]
fn a_refusal_has_a_code_and_a_field() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), member());
        for (method, body, message) in [
            ("RecordCheckIn", json!({ "mood": 11 }), ""),
            ("RecordCheckIn", json!({ "mood": 5, "cravingsMet": 1, "cravingsResisted": 2 }), "no more cravings"),
            ("RecordCheckIn", json!({ "mood": 5, "triggers": ["TRIGGER_UNSPECIFIED"] }), "no such trigger"),
            ("RecordCheckIn", json!({ "mood": 5, "occurredAt": "2025-01-01T00:00:00Z" }), "in the future"),
            ("UpdateStreak", json!({ "etag": "0", "timeZone": "Middle/Earth" }), "no such time zone"),
            ("UpdateStreak", json!({ "etag": "0", "startDate": "01.02.2024" }), "YYYY-MM-DD"),
            ("GetProgress", json!({ "fromDate": "2020-01-01" }), "at most 366 days"),
            ("GetProgress", json!({ "toDate": "x" }), "YYYY-MM-DD"),
            ("GetProgress", json!({ "pageToken": "x" }), ""),
        ] {
            let (status, refusal) = send(&server, Some(&ann), None, method, body).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")), "{refusal}");
            assert!(refusal["message"].as_str().unwrap().contains(message), "{refusal}");
            let fields = refusal["details"].as_array().unwrap().iter();
            assert!(fields.clone().any(|detail| detail["type"] == "google.rpc.BadRequest"), "{refusal}");
        }
        let nothing = json!({ "relapseId": user().to_string() });
        let (status, _) = send(&server, Some(&ann), None, "WithdrawRelapse", nothing).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_stranger_is_refused_by_every_method_of_the_table() {
    block_on(async {
        let harness = sqlite().await;
        let server = server(&harness);
        assert_eq!(METHOD_POLICIES.len(), 6);
        for procedure in METHOD_POLICIES {
            let method = procedure.path.strip_prefix("/kith.users.v1.ProgressService/").unwrap();
            let request = json!({ "etag": "0", "mood": 5, "relapseId": user().to_string() });
            let (status, refusal) = send(&server, None, None, method, request).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}
