//! Connect calls through the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::{Actor, Moderator, PostId};
use kith_moderation::rpc::{self, Handlers, Presenter};
use kith_testkit::block_on;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, sqlite};

fn server(harness: &Harness) -> Router {
    let presenter = Presenter { personas: harness.slices.clone(), clock: harness.clock.clone() };
    let handlers = Handlers { service: Arc::new(harness.service()), presenter };
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(Arc::new(handlers))).build()
}

async fn call(server: &Router, actor: &Actor, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.moderation.v1.ModerationService/{method}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(actor.clone());
    let response = server.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
}

fn report(post: PostId) -> Value {
    let kind = "SUBJECT_KIND_POST";
    let subject_id = post.to_string();
    json!({ "kind": kind, "subjectId": subject_id, "reason": "REASON_HARASSMENT", "comment": "He does it daily." })
}

/// Returns the only open case.
async fn only_case(server: &Router, staff: &Moderator) -> Value {
    let (status, list) = call(server, staff.actor(), "ListCases", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list["cases"][0].clone()
}

#[test]
fn a_case_from_report_to_appeal_discloses_only_personas() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) = (server(&harness), harness.member(), harness.member());
        let (mia, max) = (harness.moderator(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "you again");
        let mut responses = String::new();
        let (status, reported) = call(&server, &ann, "ReportContent", report(post)).await;
        assert_eq!((status, &reported["report"]["state"]), (StatusCode::OK, &json!("REPORT_STATE_OPEN")));
        let case = only_case(&server, &mia).await;
        assert_eq!(case["persona"]["id"], bob.persona.to_string());
        let case_id = json!({ "caseId": case["id"] });
        let (_, case_details) = call(&server, mia.actor(), "GetCase", case_id.clone()).await;
        assert_eq!(case_details["evidence"][0]["text"], "you again");
        assert_eq!(case_details["reports"][0]["comment"], "He does it daily.");
        let (_, assigned) = call(&server, mia.actor(), "AssignCase", case_id.clone()).await;
        assert_eq!(assigned["case"]["assignment"], "ASSIGNMENT_CALLER");
        assert_eq!(only_case(&server, &max).await["assignment"], "ASSIGNMENT_OTHER");
        let decide = |etag: &Value, action: &str| {
            let (case, statement) = (&case["id"], "Not here.");
            json!({ "caseId": case, "etag": etag, "action": action, "rule": "be-kind", "statement": statement })
        };
        let (status, decided) =
            call(&server, mia.actor(), "DecideCase", decide(&assigned["case"]["etag"], "ACTION_WARN")).await;
        assert_eq!((status, &decided["case"]["state"]), (StatusCode::OK, &json!("CASE_STATE_DECIDED")), "{decided}");
        let (_, standing) = call(&server, &bob, "GetMyStanding", json!({})).await;
        assert_eq!((&standing["strikes"], &standing["statements"][0]["statement"]), (&json!(1), &json!("Not here.")));
        let invalid_token = json!({ "pageSize": 1, "pageToken": "made-up" });
        assert_eq!(call(&server, &bob, "GetMyStanding", invalid_token).await.0, StatusCode::BAD_REQUEST);
        let appeal = json!({ "decisionId": decided["decision"]["id"], "reason": "It was a quote." });
        let (status, appealed) = call(&server, &bob, "AppealDecision", appeal.clone()).await;
        assert_eq!((status, &appealed["statement"]["appeal"]), (StatusCode::OK, &json!("APPEAL_STATE_OPEN")));
        let (status, twice) = call(&server, &bob, "AppealDecision", appeal).await;
        assert_eq!((status, &twice["code"]), (StatusCode::BAD_REQUEST, &json!("failed_precondition")));
        let (status, own) = call(&server, mia.actor(), "AssignCase", case_id.clone()).await;
        assert_eq!((status, &own["code"]), (StatusCode::FORBIDDEN, &json!("permission_denied")));
        let (_, assigned) = call(&server, max.actor(), "AssignCase", case_id.clone()).await;
        let (status, overturned) =
            call(&server, max.actor(), "DecideCase", decide(&assigned["case"]["etag"], "ACTION_OVERTURN")).await;
        assert_eq!((status, &overturned["case"]["state"]), (StatusCode::OK, &json!("CASE_STATE_APPEAL_DECIDED")));
        let (_, history) = call(&server, max.actor(), "GetSubjectHistory", case_id).await;
        let (_, mine) = call(&server, &ann, "ListMyReports", json!({})).await;
        assert_eq!(mine["reports"][0]["state"], "REPORT_STATE_DISMISSED");
        for response in [&reported, &case, &case_details, &decided, &standing, &appealed, &overturned, &history, &mine]
        {
            responses.push_str(&response.to_string());
        }
        for actor in [&ann, &bob, mia.actor(), max.actor()] {
            assert!(!responses.contains(&actor.user.to_string()), "an account id was disclosed");
        }
    });
}

#[test]
fn rejected_calls_have_the_right_code() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, staff) = (server(&harness), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&harness.member(), None, "spam");
        let malformed = json!({ "kind": "SUBJECT_KIND_POST", "subjectId": "7", "reason": "REASON_SPAM" });
        let (status, error) = call(&server, &ann, "ReportContent", malformed).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        let missing = report(PostId::new(harness.now(), &kith_kernel::SystemEntropy));
        let (status, error) = call(&server, &ann, "ReportContent", missing).await;
        assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
        call(&server, &ann, "ReportContent", report(post)).await;
        let (status, _) = call(&server, &ann, "ListCases", json!({})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "a member is not staff");
        let case = only_case(&server, &staff).await;
        let unassigned = json!({ "caseId": case["id"], "etag": case["etag"], "action": "ACTION_DISMISS" });
        let (status, error) = call(&server, staff.actor(), "DecideCase", unassigned).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("failed_precondition")), "{error}");
        let stale = json!({ "caseId": case["id"], "etag": "77", "action": "ACTION_DISMISS" });
        let (status, error) = call(&server, staff.actor(), "DecideCase", stale).await;
        assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        let (status, stats) = call(&server, staff.actor(), "GetModerationStats", json!({})).await;
        assert_eq!((status, &stats["open"]), (StatusCode::OK, &json!(1)));
    });
}
