//! What staff decide, from outside: it holds at once, over a restart, and until somebody else undoes it.

use std::time::Duration;

use kith_kernel::{Clock as _, SystemClock};
use kith_proto::moderation::v1::DecideCaseRequest;
use kith_testkit::block_on;
use serde_json::{Value, json};

use crate::{
    client::{Client, text},
    people::Person,
    server::{Home, said, soon},
    socket::Socket,
};

/// Who somebody is, and where they are found.
const DOXXING: &str = "you know Wren, her real name is Maria Keller, she is the baker next to the church";

/// Somebody who works the queue from now on.
async fn moderator(home: &Home, client: &Client) -> Person {
    let person = Person::register(client).await;
    let granted = home.ask(&["grant", "--role", "moderator", &person.persona]);
    assert!(granted.status.success(), "{}", said(&granted.stderr));
    soon("a moderator", async || person.says("ListCases", &json!({})).await.ok()).await;
    person
}

/// The case about this, when it is there.
async fn case_about(staff: &Person, state: &str, subject: &str) -> Value {
    soon("a case", async || {
        let queue = staff.does("ListCases", &json!({ "state": state, "pageSize": 100 })).await;
        let case = queue["cases"].as_array()?.iter().find(|case| case["subjectId"] == subject);
        case.cloned()
    })
    .await
}

/// Takes a case, and decides it.
async fn decides(staff: &Person, case: &Value, verdict: Value) -> Value {
    let taken = staff.does("AssignCase", &json!({ "caseId": case["id"] })).await;
    let mut body = verdict;
    body["caseId"] = case["id"].clone();
    body["etag"] = taken["case"]["etag"].clone();
    staff.does("DecideCase", &body).await
}

/// A day from now, as it is sent.
fn tomorrow() -> Value {
    let until = Some(kith_proto::convert::timestamp(SystemClock.now().after(Duration::from_hours(24))));
    serde_json::to_value(DecideCaseRequest { expires_at: until, ..DecideCaseRequest::default() }).unwrap()["expiresAt"].take()
}

async fn writes(person: &Person, words: &str) -> Value {
    let body = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": words, "locale": "en-US" });
    person.does("CreatePost", &body).await
}

#[test]
fn what_is_decided_holds_at_once_and_over_a_restart_until_somebody_else_undoes_it() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, eve, bob) =
            (Person::register(&client).await, Person::register(&client).await, Person::register(&client).await);
        let (mia, max) = (moderator(&home, &client).await, moderator(&home, &client).await);
        let post = text(&writes(&eve, DOXXING).await["post"]["id"]);
        let (mut listens, mut works, mut hers) =
            (Socket::of(&bob).await, Socket::of(&mia).await, Socket::of(&eve).await);
        listens.subscribe("feed").await;
        works.subscribe("staff:queue").await;
        hers.subscribe("user").await;

        let report = json!({ "kind": "SUBJECT_KIND_POST", "subjectId": post, "reason": "REASON_DOXXING" });
        ann.does("ReportContent", &report).await;
        works.fact("staff:queue", "caseChanged").await;
        let gone = listens.fact("feed", "postRemoved").await;
        assert_eq!(gone["postId"], post, "it is hidden until somebody has looked");
        assert_eq!(bob.sees(&post).await.unwrap_err().code, "not_found");
        let case = case_about(&mia, "CASE_STATE_OPEN", &post).await;
        let dossier = mia.does("GetCase", &json!({ "caseId": case["id"] })).await;
        assert_eq!(dossier["evidence"][0]["text"], DOXXING);
        let decided = decides(
            &mia,
            &case,
            json!({ "action": "ACTION_SUSPEND", "expiresAt": tomorrow(), "rule": "no names",
            "statement": "It tells who somebody is." }),
        )
        .await;
        assert_eq!(decided["case"]["state"], "CASE_STATE_DECIDED");
        let refused = soon("her way out", async || eve.says("GetFeed", &json!({})).await.err()).await;
        assert_eq!(refused.reason, "ACCOUNT_SUSPENDED");
        assert_eq!(hers.closed().await, Some(4504), "whoever may do nothing listens nothing");

        server.stop().await;
        let server = home.serve().await;
        let [ann, eve, bob, mia, max] = [ann, eve, bob, mia, max].map(|person| person.moved(&server.url()));
        assert_eq!(bob.sees(&post).await.unwrap_err().code, "not_found");
        assert_eq!(eve.says("GetFeed", &json!({})).await.unwrap_err().reason, "ACCOUNT_SUSPENDED");
        let reports = ann.does("ListMyReports", &json!({})).await;
        assert_eq!(reports["reports"][0]["state"], "REPORT_STATE_ACTION_TAKEN");
        let standing = eve.does("GetMyStanding", &json!({})).await;
        assert_eq!(standing["statements"][0]["statement"], "It tells who somebody is.");
        let appeal = json!({ "decisionId": standing["statements"][0]["decisionId"], "reason": "It is from a novel." });
        eve.does("AppealDecision", &appeal).await;
        let case = case_about(&max, "CASE_STATE_APPEALED", &post).await;
        let own = mia.says("AssignCase", &json!({ "caseId": case["id"] })).await.unwrap_err();
        assert_eq!(own.reason, "CANNOT_DECIDE_OWN_APPEAL");
        decides(&max, &case, json!({ "action": "ACTION_OVERTURN", "statement": "Nobody is named." })).await;
        assert_eq!(bob.sees(&post).await.unwrap()["body"], DOXXING);
        soon("her way back", async || eve.says("GetFeed", &json!({})).await.ok()).await;
        assert_eq!(eve.does("GetMyStanding", &json!({})).await["strikes"].as_u64().unwrap_or(0), 0);
        let verified = home.ask(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", said(&verified.stdout));
        server.stop().await;
    });
}

#[test]
fn what_could_be_a_trap_waits_for_a_look_and_who_may_not_live_on_waits_for_nobody() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (eve, bob) = (Person::register(&client).await, Person::register(&client).await);
        let mia = moderator(&home, &client).await;

        let held = writes(&eve, "call me at 555-867-5309, any time").await;
        assert_eq!(held["post"]["moderation"]["state"], "MODERATION_STATE_HELD", "its author is told: {held}");
        let post = text(&held["post"]["id"]);
        assert_eq!(bob.sees(&post).await.unwrap_err().code, "not_found");
        let case = case_about(&mia, "CASE_STATE_OPEN", &post).await;
        assert_eq!(case["origin"], "CASE_ORIGIN_SCREEN");
        decides(&mia, &case, json!({ "action": "ACTION_RESTORE" })).await;
        assert!(bob.sees(&post).await.is_ok(), "somebody has looked");

        let crisis = writes(&eve, "I'm going to end my life tonight, call me at 555-867-5309").await;
        let post = text(&crisis["post"]["id"]);
        assert!(crisis["post"]["moderation"].is_null(), "nothing holds it up: {crisis}");
        let names = crisis["crisisResources"].as_array().unwrap().iter().map(|line| text(&line["name"]));
        assert_eq!(names.collect::<Vec<_>>()[0], "988 Suicide & Crisis Lifeline");
        assert!(bob.sees(&post).await.is_ok());
        let case = case_about(&mia, "CASE_STATE_OPEN", &post).await;
        assert_eq!(case["origin"], "CASE_ORIGIN_CRISIS");
        let queue = mia.does("ListCases", &json!({})).await;
        assert_eq!(queue["cases"][0]["id"], case["id"], "it stands before all else");
        server.stop().await;
    });
}
