//! What a client sees: Connect over the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::{Actor, Moderator, PostId};
use kith_moderation::rpc::{self, Desk};
use kith_testkit::block_on;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::bed::{Bed, sqlite};

fn server(bed: &Bed) -> Router {
    let desk = Desk { service: Arc::new(bed.service()), personas: bed.people.clone() };
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(Arc::new(desk))).build()
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

fn report(post: PostId) -> Value {
    let kind = "SUBJECT_KIND_POST";
    json!({ "kind": kind, "subjectId": post.to_string(), "reason": "REASON_HARASSMENT", "words": "He does it daily." })
}

/// The one case that is open.
async fn only_case(server: &Router, staff: &Moderator) -> Value {
    let (status, list) = call(server, staff.actor(), "ListCases", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list["cases"][0].clone()
}

#[test]
fn a_case_goes_from_report_to_appeal_and_shows_personas_only() {
    block_on(async {
        let bed = sqlite().await;
        let (server, ann, bob) = (server(&bed), bed.person(), bed.person());
        let (mia, max) = (bed.moderator(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "you again");
        let mut said = String::new();
        let (status, reported) = call(&server, &ann, "ReportContent", report(post)).await;
        assert_eq!((status, &reported["report"]["state"]), (StatusCode::OK, &json!("REPORT_STATE_OPEN")));
        let case = only_case(&server, &mia).await;
        assert_eq!(case["persona"]["id"], bob.persona.to_string());
        let of_case = json!({ "caseId": case["id"] });
        let (_, dossier) = call(&server, mia.actor(), "GetCase", of_case.clone()).await;
        assert_eq!(dossier["evidence"][0]["text"], "you again");
        assert_eq!(dossier["reports"][0]["words"], "He does it daily.");
        let (_, taken) = call(&server, mia.actor(), "AssignCase", of_case.clone()).await;
        assert_eq!(taken["case"]["holder"], "HOLDER_CALLER");
        assert_eq!(only_case(&server, &max).await["holder"], "HOLDER_OTHER");
        let decide = |etag: &Value, action: &str| json!({ "caseId": case["id"], "etag": etag, "action": action, "rule": "be-kind", "statement": "Not here." });
        let (status, decided) =
            call(&server, mia.actor(), "DecideCase", decide(&taken["case"]["etag"], "ACTION_WARN")).await;
        assert_eq!((status, &decided["case"]["state"]), (StatusCode::OK, &json!("CASE_STATE_DECIDED")), "{decided}");
        let (_, standing) = call(&server, &bob, "GetMyStanding", json!({})).await;
        assert_eq!((&standing["strikes"], &standing["statements"][0]["statement"]), (&json!(1), &json!("Not here.")));
        let strange = json!({ "pageSize": 1, "pageToken": "made-up" });
        assert_eq!(call(&server, &bob, "GetMyStanding", strange).await.0, StatusCode::BAD_REQUEST);
        let appeal = json!({ "decisionId": decided["decision"]["id"], "words": "It was a quote." });
        let (status, told) = call(&server, &bob, "AppealDecision", appeal.clone()).await;
        assert_eq!((status, &told["statement"]["appeal"]), (StatusCode::OK, &json!("APPEAL_STATE_OPEN")));
        let (status, twice) = call(&server, &bob, "AppealDecision", appeal).await;
        assert_eq!((status, &twice["code"]), (StatusCode::BAD_REQUEST, &json!("failed_precondition")));
        let (status, own) = call(&server, mia.actor(), "AssignCase", of_case.clone()).await;
        assert_eq!((status, &own["code"]), (StatusCode::FORBIDDEN, &json!("permission_denied")));
        let (_, taken) = call(&server, max.actor(), "AssignCase", of_case.clone()).await;
        let (status, overturned) =
            call(&server, max.actor(), "DecideCase", decide(&taken["case"]["etag"], "ACTION_OVERTURN")).await;
        assert_eq!((status, &overturned["case"]["state"]), (StatusCode::OK, &json!("CASE_STATE_SETTLED")));
        let (_, history) = call(&server, max.actor(), "GetSubjectHistory", of_case).await;
        let (_, mine) = call(&server, &ann, "ListMyReports", json!({})).await;
        assert_eq!(mine["reports"][0]["state"], "REPORT_STATE_DISMISSED");
        for answer in [&reported, &case, &dossier, &decided, &standing, &told, &overturned, &history, &mine] {
            said.push_str(&answer.to_string());
        }
        for actor in [&ann, &bob, mia.actor(), max.actor()] {
            assert!(!said.contains(&actor.user.to_string()), "an account's id was told");
        }
    });
}

#[test]
fn what_is_refused_says_why() {
    block_on(async {
        let bed = sqlite().await;
        let (server, ann, staff) = (server(&bed), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bed.person(), None, "spam");
        let broken = json!({ "kind": "SUBJECT_KIND_POST", "subjectId": "7", "reason": "REASON_SPAM" });
        let (status, refusal) = call(&server, &ann, "ReportContent", broken).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        let nowhere = report(PostId::new(bed.now(), &kith_kernel::SystemEntropy));
        let (status, refusal) = call(&server, &ann, "ReportContent", nowhere).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
        call(&server, &ann, "ReportContent", report(post)).await;
        let (status, _) = call(&server, &ann, "ListCases", json!({})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "a member is no staff");
        let case = only_case(&server, &staff).await;
        let untaken = json!({ "caseId": case["id"], "etag": case["etag"], "action": "ACTION_DISMISS" });
        let (status, refusal) = call(&server, staff.actor(), "DecideCase", untaken).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("failed_precondition")), "{refusal}");
        let stale = json!({ "caseId": case["id"], "etag": "77", "action": "ACTION_DISMISS" });
        let (status, refusal) = call(&server, staff.actor(), "DecideCase", stale).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        let (status, figures) = call(&server, staff.actor(), "GetModerationStats", json!({})).await;
        assert_eq!((status, &figures["open"]), (StatusCode::OK, &json!(1)));
    });
}
