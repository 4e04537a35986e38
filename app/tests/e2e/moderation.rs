//! Reports, decisions, appeals, held posts and crisis posts. A decision takes effect at once and lasts over a restart
//! until it is overturned.

use std::time::Duration;

use kith_kernel::{Clock as _, SystemClock};
use kith_proto::moderation::v1::DecideCaseRequest;
use kith_testkit::block_on;
use serde_json::{Value, json};

use crate::{
    client::{Client, text},
    server::{Installation, eventually, utf8},
    user::TestUser,
    websocket::Socket,
};

/// Post that publishes another user's name and address.
const DOXXING: &str = "you know Wren, her real name is Maria Keller, she is the baker next to the church";

/// Registers a user and grants the moderator role.
async fn moderator(installation: &Installation, client: &Client) -> TestUser {
    let user = TestUser::register(client).await;
    let granted = installation.run(&["grant", "--role", "moderator", &user.persona]);
    assert!(granted.status.success(), "{}", utf8(&granted.stderr));
    eventually("a moderator", async || user.call("ListCases", &json!({})).await.ok()).await;
    user
}

/// Waits for a case about the subject.
async fn case_about(staff: &TestUser, state: &str, subject: &str) -> Value {
    eventually("a case", async || {
        let queue = staff.call_ok("ListCases", &json!({ "state": state, "pageSize": 100 })).await;
        let case = queue["cases"].as_array()?.iter().find(|case| case["subjectId"] == subject);
        case.cloned()
    })
    .await
}

/// Assigns a case to the moderator and decides it.
async fn decide(staff: &TestUser, case: &Value, decision: Value) -> Value {
    let assigned = staff.call_ok("AssignCase", &json!({ "caseId": case["id"] })).await;
    let mut body = decision;
    body["caseId"] = case["id"].clone();
    body["etag"] = assigned["case"]["etag"].clone();
    staff.call_ok("DecideCase", &body).await
}

/// Timestamp of tomorrow in proto3 JSON.
fn tomorrow() -> Value {
    let until = Some(kith_proto::convert::timestamp(SystemClock.now().after(Duration::from_hours(24))));
    serde_json::to_value(DecideCaseRequest { expires_at: until, ..DecideCaseRequest::default() }).unwrap()["expiresAt"]
        .take()
}

async fn create_post(user: &TestUser, body: &str) -> Value {
    let post = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": body, "locale": "en-US" });
    user.call_ok("CreatePost", &post).await
}

#[test]
fn a_decision_takes_effect_at_once_and_survives_a_restart_until_it_is_overturned() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, eve, bob) =
            (TestUser::register(&client).await, TestUser::register(&client).await, TestUser::register(&client).await);
        let (mia, max) = (moderator(&installation, &client).await, moderator(&installation, &client).await);
        let post = text(&create_post(&eve, DOXXING).await["post"]["id"]);
        let (mut bobs_socket, mut mias_socket, mut eves_socket) =
            (Socket::connect(&bob).await, Socket::connect(&mia).await, Socket::connect(&eve).await);
        bobs_socket.subscribe("feed").await;
        mias_socket.subscribe("staff:queue").await;
        eves_socket.subscribe("user").await;

        let report = json!({ "kind": "SUBJECT_KIND_POST", "subjectId": post, "reason": "REASON_DOXXING" });
        ann.call_ok("ReportContent", &report).await;
        mias_socket.payload("staff:queue", "caseChanged").await;
        let removed = bobs_socket.payload("feed", "postRemoved").await;
        assert_eq!(removed["postId"], post, "a reported post must be hidden until it is reviewed");
        assert_eq!(bob.get_post(&post).await.unwrap_err().code, "not_found");
        let case = case_about(&mia, "CASE_STATE_OPEN", &post).await;
        let details = mia.call_ok("GetCase", &json!({ "caseId": case["id"] })).await;
        assert_eq!(details["evidence"][0]["text"], DOXXING);
        let decided = decide(
            &mia,
            &case,
            json!({ "action": "ACTION_SUSPEND", "expiresAt": tomorrow(), "rule": "no names",
            "statement": "It identifies a user." }),
        )
        .await;
        assert_eq!(decided["case"]["state"], "CASE_STATE_DECIDED");
        let error = eventually("the suspension", async || eve.call("GetFeed", &json!({})).await.err()).await;
        assert_eq!(error.reason, "ACCOUNT_SUSPENDED");
        assert_eq!(eves_socket.close_code().await, Some(4504), "the sockets of a suspended account must be closed");

        server.stop().await;
        let server = installation.start().await;
        let [ann, eve, bob, mia, max] = [ann, eve, bob, mia, max].map(|user| user.with_url(&server.url()));
        assert_eq!(bob.get_post(&post).await.unwrap_err().code, "not_found");
        assert_eq!(eve.call("GetFeed", &json!({})).await.unwrap_err().reason, "ACCOUNT_SUSPENDED");
        let reports = ann.call_ok("ListMyReports", &json!({})).await;
        assert_eq!(reports["reports"][0]["state"], "REPORT_STATE_ACTION_TAKEN");
        let standing = eve.call_ok("GetMyStanding", &json!({})).await;
        assert_eq!(standing["statements"][0]["statement"], "It identifies a user.");
        let appeal = json!({ "decisionId": standing["statements"][0]["decisionId"], "reason": "It is from a novel." });
        eve.call_ok("AppealDecision", &appeal).await;
        let case = case_about(&max, "CASE_STATE_APPEALED", &post).await;
        let error = mia.call("AssignCase", &json!({ "caseId": case["id"] })).await.unwrap_err();
        assert_eq!(error.reason, "CANNOT_DECIDE_OWN_APPEAL");
        decide(&max, &case, json!({ "action": "ACTION_OVERTURN", "statement": "It names no real user." })).await;
        assert_eq!(bob.get_post(&post).await.unwrap()["body"], DOXXING);
        eventually("the end of the suspension", async || eve.call("GetFeed", &json!({})).await.ok()).await;
        assert_eq!(eve.call_ok("GetMyStanding", &json!({})).await["strikes"].as_u64().unwrap_or(0), 0);
        let verified = installation.run(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", utf8(&verified.stdout));
        server.stop().await;
    });
}

#[test]
fn contact_details_are_held_for_review_and_a_crisis_post_is_published_at_once() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (eve, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        let mia = moderator(&installation, &client).await;

        let held = create_post(&eve, "call me at 555-867-5309, any time").await;
        assert_eq!(
            held["post"]["moderation"]["state"], "MODERATION_STATE_HELD",
            "the author must see that the post is held: {held}"
        );
        let post = text(&held["post"]["id"]);
        assert_eq!(bob.get_post(&post).await.unwrap_err().code, "not_found");
        let case = case_about(&mia, "CASE_STATE_OPEN", &post).await;
        assert_eq!(case["origin"], "CASE_ORIGIN_SCREEN");
        decide(&mia, &case, json!({ "action": "ACTION_RESTORE" })).await;
        assert!(bob.get_post(&post).await.is_ok(), "the post is hidden after its release");

        let crisis = create_post(&eve, "I'm going to end my life tonight, call me at 555-867-5309").await;
        let post = text(&crisis["post"]["id"]);
        assert!(crisis["post"]["moderation"].is_null(), "a crisis post was held: {crisis}");
        let names = crisis["crisisResources"].as_array().unwrap().iter().map(|line| text(&line["name"]));
        assert_eq!(names.collect::<Vec<_>>()[0], "988 Suicide & Crisis Lifeline");
        assert!(bob.get_post(&post).await.is_ok());
        let case = case_about(&mia, "CASE_STATE_OPEN", &post).await;
        assert_eq!(case["origin"], "CASE_ORIGIN_CRISIS");
        let queue = mia.call_ok("ListCases", &json!({})).await;
        assert_eq!(queue["cases"][0]["id"], case["id"], "a crisis case must be first in the queue");
        server.stop().await;
    });
}
