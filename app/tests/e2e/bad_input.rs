//! What is refused: with which code, for which reason, which field is to blame; and that nothing has changed then.

use kith_testkit::block_on;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::{
    client::{Client, Refused, answer, number, path, text},
    people::{Person, sos},
    recount::{feed, pages},
    server::{Home, soon},
};

/// What there is to ask about.
struct Scene {
    post: String,
    /// Of the first page of the latest feed.
    page: String,
}

type Call = fn(&Person, &Scene) -> RequestBuilder;
/// What is wrong, the status, the code, the reason, the fields, and the call.
type Case = (&'static str, u16, &'static str, &'static str, &'static [&'static str], Call);

/// A call of this person.
fn call(person: &Person, method: &str) -> RequestBuilder {
    person.client.call(method).bearer_auth(&person.access)
}

/// An SOS that is right but for one thing.
fn but(person: &Person, field: &str, value: Value) -> RequestBuilder {
    let mut post = sos("is anybody there?");
    post[field] = value;
    call(person, "CreatePost").json(&post)
}

/// Bytes of this type.
fn bytes(person: &Person, kind: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    person.client.post(path("CreatePost")).bearer_auth(&person.access).header("content-type", kind).body(body)
}

const INVALID: &str = "invalid_argument";

/// What cannot be read at all.
const UNREADABLE: &[Case] = &[
    ("malformed JSON", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| call(it, "CreatePost").body("{\"body\":")),
    ("a text for a number", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| but(it, "urgency", json!("very"))),
    ("a list for a text", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| but(it, "body", json!(["one", "two"]))),
    ("no moment", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| but(it, "expiresAt", json!("tomorrow"))),
    ("the name of no kind", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| but(it, "kind", json!("POST_KIND_PARTY"))),
    ("protobuf that is cut off", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| {
        bytes(it, "application/proto", &b"\x08\x01\x1a\x40cut"[..])
    }),
    ("a GET whose message is no base64", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| {
        let get = it.client.get(&format!("{}?connect=v1&encoding=proto&base64=1&message=%25%25", path("GetPost")));
        get.bearer_auth(&it.access)
    }),
    ("gzip that is none", 400, INVALID, "MALFORMED_BODY", &[], |it, _| {
        call(it, "CreatePost").header("content-encoding", "gzip").body("not packed")
    }),
    ("a compression that nobody knows", 501, "unimplemented", "", &[], |it, _| {
        call(it, "CreatePost").header("content-encoding", "snappy").body("{}")
    }),
    ("a content type that is none of ours", 415, "", "", &[], |it, _| bytes(it, "text/plain", "{}")),
    ("a method that there is not", 404, "unimplemented", "", &[], |it, _| {
        it.client.post("/kith.posts.v1.PostService/BurnPost").bearer_auth(&it.access).json(&json!({}))
    }),
    ("too many bytes", 413, "resource_exhausted", "BODY_TOO_LARGE", &[], |it, _| {
        but(it, "body", json!("a".repeat(300 * 1_024)))
    }),
];

/// What can be read and breaks a rule.
const WRONG: &[Case] = &[
    ("nothing of what is required", 400, INVALID, "VALIDATION_FAILED", &["kind", "urgency", "body"], |it, _| {
        call(it, "CreatePost").body("{}")
    }),
    ("too long a text", 400, INVALID, "VALIDATION_FAILED", &["body"], |it, _| but(it, "body", json!("愛".repeat(5_001)))),
    ("an empty text", 400, INVALID, "VALIDATION_FAILED", &["body"], |it, _| but(it, "body", json!(""))),
    ("a text of nothing but space", 400, INVALID, "BODY_EMPTY", &["body"], |it, _| but(it, "body", json!(" \n\t "))),
    ("the number of no kind", 400, INVALID, "VALIDATION_FAILED", &["kind"], |it, _| but(it, "kind", json!(99))),
    ("a number out of range", 400, INVALID, "VALIDATION_FAILED", &["urgency"], |it, _| but(it, "urgency", json!(6))),
    ("an SOS that can wait", 400, INVALID, "SOS_URGENCY_TOO_LOW", &["urgency"], |it, _| but(it, "urgency", json!(1))),
    ("a category that there is not", 400, INVALID, "CATEGORY_UNKNOWN", &["categories"], |it, _| {
        but(it, "categories", json!(["alcohol", "weather"]))
    }),
    ("too many in a list", 400, INVALID, "VALIDATION_FAILED", &["tags"], |it, _| {
        but(it, "tags", (0..11).map(|it| it.to_string()).collect())
    }),
    ("no UUID", 400, INVALID, "VALIDATION_FAILED", &["post_id"], |it, _| {
        call(it, "GetPost").json(&json!({ "postId": "the last one" }))
    }),
    ("a number out of range, further in", 400, INVALID, "VALIDATION_FAILED", &["filter.minimum_urgency"], |it, _| {
        call(it, "GetFeed").json(&json!({ "filter": { "minimumUrgency": 9 } }))
    }),
    ("no content", 400, INVALID, "CONTENT_MISSING", &["content"], |it, scene| {
        call(it, "CreateResponse").json(&json!({ "postId": scene.post }))
    }),
    ("a page token that nobody gave", 400, INVALID, "PAGE_TOKEN_INVALID", &["page_token"], |it, _| {
        call(it, "GetFeed").json(&json!({ "pageToken": "bm9ib2R5" }))
    }),
    ("a page token of another order", 400, INVALID, "PAGE_TOKEN_INVALID", &["page_token"], |it, scene| {
        call(it, "GetFeed").json(&json!({ "order": "FEED_ORDER_URGENT", "pageToken": scene.page }))
    }),
    ("a page token of another list", 400, INVALID, "PAGE_TOKEN_INVALID", &["page_token"], |it, scene| {
        call(it, "ListSessions").json(&json!({ "pageToken": scene.page }))
    }),
    ("a handle of other letters", 400, INVALID, "HANDLE_CHARACTERS", &["handle"], |it, _| {
        call(it, "UpdateProfile").json(&json!({ "etag": "1", "handle": "no spaces" }))
    }),
];

/// What is right, and may not be now, or not by this caller.
const REFUSED: &[Case] = &[
    ("a bad token", 401, "unauthenticated", "INVALID_ACCESS_TOKEN", &[], |it, _| {
        it.client.call("CreatePost").bearer_auth("nobody").json(&sos("x"))
    }),
    ("a refresh token where an access token has to be", 401, "unauthenticated", "INVALID_ACCESS_TOKEN", &[], |it, _| {
        it.client.call("CreatePost").bearer_auth(&it.refresh).json(&sos("x"))
    }),
    ("no token", 401, "unauthenticated", "INVALID_ACCESS_TOKEN", &[], |it, _| it.client.call("CreatePost").json(&sos("x"))),
    ("no time left", 504, "deadline_exceeded", "", &[], |it, _| {
        call(it, "CreatePost").header("connect-timeout-ms", "0").json(&sos("x"))
    }),
    ("a key that was used for something else", 400, INVALID, "IDEMPOTENCY_KEY_REUSED", &[], |it, _| {
        call(it, "CreatePost").header("idempotency-key", "k-1").json(&sos("another"))
    }),
    ("a key that is none", 400, INVALID, "IDEMPOTENCY_KEY_INVALID", &[], |it, _| {
        call(it, "CreatePost").header("idempotency-key", "k".repeat(65)).json(&sos("x"))
    }),
    ("an old version", 409, "aborted", "ETAG_MISMATCH", &[], |it, _| {
        call(it, "UpdateProfile").json(&json!({ "etag": "an old one", "avatar": 7 }))
    }),
    ("a post of another author", 403, "permission_denied", "NOT_AUTHOR", &[], |it, scene| {
        call(it, "DeletePost").json(&json!({ "postId": scene.post }))
    }),
    ("a post that there is not", 404, "not_found", "POST_NOT_FOUND", &[], |it, _| {
        call(it, "QuickSupport")
            .json(&json!({ "postId": "00000000-0000-7000-8000-000000000000", "kind": "QUICK_KIND_HUG" }))
    }),
];

#[test]
fn bad_input_is_refused_exactly_and_changes_nothing() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let author = Person::register(&client).await;
        let (post, _) = (author.sos("the first").await, author.sos("the second").await);
        author.answers(&post, "I go on").await;
        // What was answered is counted a moment later, and that is no change that bad input made.
        soon("the count of an answer", async || {
            let said = author.does("GetPost", &json!({ "postId": post })).await;
            (number(&said["post"]["responseCount"]) == 1).then_some(())
        })
        .await;
        let page = text(&author.does("GetFeed", &json!({ "pageSize": 1 })).await["nextPageToken"]);
        assert!(!page.is_empty());
        let scene = Scene { post, page };
        // Each with a caller of its own: what is refused spends a quota, too.
        let mut cases = Vec::new();
        for case in UNREADABLE.iter().chain(WRONG).chain(REFUSED) {
            let person = Person::register(&client).await;
            let first = call(&person, "CreatePost").header("idempotency-key", "k-1").json(&sos("with a key"));
            answer(first).await.unwrap().unwrap();
            cases.push((case, person));
        }
        let before = state(&author, &cases).await;
        let mut others = Vec::new();
        for ((what, status, code, reason, fields, send), person) in &cases {
            let fields = fields.iter().map(|it| (*it).to_owned()).collect();
            let expected = Refused { status: *status, code: (*code).into(), reason: (*reason).into(), fields };
            let answer = answer(send(person, &scene)).await.expect("an answer");
            if answer != Err(expected) {
                others.push(format!("{what}: {answer:?}"));
            }
        }
        assert!(others.is_empty(), "\n{}", others.join("\n"));
        assert_eq!(state(&author, &cases).await, before, "nothing has changed");
        println!("{} kinds of bad input were refused, and changed nothing", cases.len());
        server.stop().await;
    });
}

/// All that can be read, by those whom it concerns.
async fn state(author: &Person, cases: &[(&Case, Person)]) -> Vec<String> {
    let mut state = Vec::new();
    for post in feed(author).await {
        let answers = pages(author, "ListResponses", "responses", json!({ "postId": post["id"] })).await;
        state.push(format!("{post} {answers:?}"));
    }
    for (_, person) in cases {
        for method in ["GetMe", "GetSupportStats", "ListSessions", "ListBlocks"] {
            state.push(person.does(method, &json!({})).await.to_string());
        }
    }
    state
}
