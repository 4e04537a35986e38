//! Connect calls to the router, without a socket.

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
    let router = rpc::router(rpc::Handlers {
        service: harness.service.clone(),
        page_tokens: Arc::new(PageTokenCodec::new(&[7; 32])),
    });
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
    let response = server.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
}

/// Returns the response of a successful call.
async fn ok(server: &Router, actor: &Actor, method: &str, body: Value) -> Value {
    let (status, response) = send(server, Some(actor), None, method, body).await;
    assert_eq!(status, StatusCode::OK, "{response}");
    response
}

#[test]
fn a_streak_is_set_and_ended_by_a_relapse() {
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
        let (status, error) = send(&server, Some(&ann), None, "UpdateStreak", change).await;
        assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("aborted")));

        let relapse = json!({ "occurredAt": "2024-06-05T20:00:00Z", "triggers": ["TRIGGER_ANGER", "TRIGGER_ANGER"] });
        let recorded = ok(&server, &ann, "RecordRelapse", relapse).await;
        assert_eq!(recorded["relapse"]["triggers"], json!(["TRIGGER_ANGER"]));
        assert_eq!(
            (&recorded["streak"]["current"]["days"], &recorded["streak"]["longest"]["days"]),
            (&json!(5), &json!(5))
        );
        assert_eq!(
            recorded["streak"]["longest"]["endedAt"],
            Value::Null,
            "the longest streak is the current one: {recorded}"
        );
        let withdrawn = ok(&server, &ann, "WithdrawRelapse", json!({ "relapseId": recorded["relapse"]["id"] })).await;
        assert_eq!(withdrawn["streak"]["current"]["days"], 9);
    });
}

#[test]
fn check_ins_are_returned_to_their_owner_in_pages() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) = (server(&harness), member(), member());
        for mood in 1..=3 {
            let occurred_at = format!("2024-06-0{mood}T10:00:00Z");
            let body = json!({ "mood": mood, "cravingsMet": 2, "cravingsResisted": 1, "note": " held on ", "occurredAt": occurred_at });
            let check_in = ok(&server, &ann, "RecordCheckIn", body).await["checkIn"].take();
            assert_eq!((&check_in["note"], &check_in["mood"]), (&json!("held on"), &json!(mood)));
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
        // A page token of another account is rejected.
        let (status, error) = send(&server, Some(&bob), None, "GetProgress", second).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        let other = ok(&server, &bob, "GetProgress", period).await;
        assert_eq!((&other["checkIns"], &other["stats"]), (&Value::Null, &Value::Null));
    });
}

#[test]
fn a_repeated_call_records_one_check_in() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, claimed) = (server(&harness), member(), user().uuid());
        let mut ids = Vec::new();
        for _ in 0..2 {
            let body = json!({ "mood": 5 });
            let (_, response) = send(&server, Some(&ann), Some(ClaimedId(Some(claimed))), "RecordCheckIn", body).await;
            ids.push(response["checkIn"]["id"].clone());
        }
        assert_eq!(ids, [json!(claimed.to_string()), json!(claimed.to_string())]);
    });
}

#[test]
fn an_error_has_a_code_and_a_field() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), member());
        for (method, body, message) in [
            ("RecordCheckIn", json!({ "mood": 11 }), ""),
            (
                "RecordCheckIn",
                json!({ "mood": 5, "cravingsMet": 1, "cravingsResisted": 2 }),
                "cravings_resisted must be at most cravings_met",
            ),
            ("RecordCheckIn", json!({ "mood": 5, "triggers": ["TRIGGER_UNSPECIFIED"] }), "unknown trigger"),
            ("RecordCheckIn", json!({ "mood": 5, "occurredAt": "2025-01-01T00:00:00Z" }), "in the future"),
            ("UpdateStreak", json!({ "etag": "0", "timeZone": "Middle/Earth" }), "unknown time zone"),
            ("UpdateStreak", json!({ "etag": "0", "startDate": "01.02.2024" }), "YYYY-MM-DD"),
            ("GetProgress", json!({ "fromDate": "2020-01-01" }), "at most 366 days"),
            ("GetProgress", json!({ "toDate": "x" }), "YYYY-MM-DD"),
            ("GetProgress", json!({ "pageToken": "x" }), ""),
        ] {
            let (status, error) = send(&server, Some(&ann), None, method, body).await;
            assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")), "{error}");
            assert!(error["message"].as_str().unwrap().contains(message), "{error}");
            let fields = error["details"].as_array().unwrap().iter();
            assert!(fields.clone().any(|detail| detail["type"] == "google.rpc.BadRequest"), "{error}");
        }
        let missing = json!({ "relapseId": user().to_string() });
        let (status, _) = send(&server, Some(&ann), None, "WithdrawRelapse", missing).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn every_method_requires_an_authenticated_caller() {
    block_on(async {
        let harness = sqlite().await;
        let server = server(&harness);
        assert_eq!(METHOD_POLICIES.len(), 6);
        for policy in METHOD_POLICIES {
            let method = policy.path.strip_prefix("/kith.users.v1.ProgressService/").unwrap();
            let request = json!({ "etag": "0", "mood": 5, "relapseId": user().to_string() });
            let (status, error) = send(&server, None, None, method, request).await;
            assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}
