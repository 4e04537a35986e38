//! The status, code, reason and fields of the error for each kind of invalid call. No such call changes anything.

use kith_testkit::block_on;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::{
    client::{CallError, Client, number, path, send, text},
    recount::{feed, pages},
    server::{Installation, eventually},
    user::{TestUser, sos},
};

/// Content that the calls refer to.
struct Fixture {
    post: String,
    /// Token of the second page of the feed.
    page_token: String,
}

type Call = fn(&TestUser, &Fixture) -> RequestBuilder;
/// Description, HTTP status, code, reason, fields, and the call.
type Case = (&'static str, u16, &'static str, &'static str, &'static [&'static str], Call);

/// Builds a call of this user.
fn call(user: &TestUser, method: &str) -> RequestBuilder {
    user.client.request(method).bearer_auth(&user.access_token)
}

/// Builds a call that creates an SOS in which one field is replaced.
fn sos_with(user: &TestUser, field: &str, value: Value) -> RequestBuilder {
    let mut post = sos("is anyone there?");
    post[field] = value;
    call(user, "CreatePost").json(&post)
}

/// Builds a call with a raw body of a content type.
fn raw_body(user: &TestUser, content_type: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    user.client.post(path("CreatePost")).bearer_auth(&user.access_token).header("content-type", content_type).body(body)
}

const INVALID: &str = "invalid_argument";

/// Calls that cannot be decoded or routed.
const MALFORMED: &[Case] = &[
    ("malformed JSON", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| call(it, "CreatePost").body("{\"body\":")),
    ("a string for a number", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| sos_with(it, "urgency", json!("very"))),
    ("a list for a string", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| {
        sos_with(it, "body", json!(["one", "two"]))
    }),
    ("an invalid timestamp", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| {
        sos_with(it, "expiresAt", json!("tomorrow"))
    }),
    ("an unknown enum name", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| {
        sos_with(it, "kind", json!("POST_KIND_PARTY"))
    }),
    ("truncated protobuf", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| {
        raw_body(it, "application/proto", &b"\x08\x01\x1a\x40cut"[..])
    }),
    ("a GET whose message is not base64", 400, INVALID, "MALFORMED_MESSAGE", &[], |it, _| {
        let get = it.client.get(&format!("{}?connect=v1&encoding=proto&base64=1&message=%25%25", path("GetPost")));
        get.bearer_auth(&it.access_token)
    }),
    ("a body that is not gzip", 400, INVALID, "MALFORMED_BODY", &[], |it, _| {
        call(it, "CreatePost").header("content-encoding", "gzip").body("not packed")
    }),
    ("an unknown compression", 501, "unimplemented", "", &[], |it, _| {
        call(it, "CreatePost").header("content-encoding", "snappy").body("{}")
    }),
    ("an unsupported content type", 415, "", "", &[], |it, _| raw_body(it, "text/plain", "{}")),
    ("an unknown method", 404, "unimplemented", "", &[], |it, _| {
        it.client.post("/kith.posts.v1.PostService/BurnPost").bearer_auth(&it.access_token).json(&json!({}))
    }),
    ("a body over the size limit", 413, "resource_exhausted", "BODY_TOO_LARGE", &[], |it, _| {
        sos_with(it, "body", json!("a".repeat(300 * 1_024)))
    }),
];

/// Calls that can be decoded and violate a rule.
const INVALID_CALLS: &[Case] = &[
    ("no required field", 400, INVALID, "VALIDATION_FAILED", &["kind", "urgency", "body"], |it, _| {
        call(it, "CreatePost").body("{}")
    }),
    ("a text over the length limit", 400, INVALID, "VALIDATION_FAILED", &["body"], |it, _| {
        sos_with(it, "body", json!("愛".repeat(5_001)))
    }),
    ("an empty text", 400, INVALID, "VALIDATION_FAILED", &["body"], |it, _| sos_with(it, "body", json!(""))),
    ("a text of only white space", 400, INVALID, "BODY_EMPTY", &["body"], |it, _| {
        sos_with(it, "body", json!(" \n\t "))
    }),
    ("an unknown enum number", 400, INVALID, "VALIDATION_FAILED", &["kind"], |it, _| sos_with(it, "kind", json!(99))),
    ("a number out of range", 400, INVALID, "VALIDATION_FAILED", &["urgency"], |it, _| {
        sos_with(it, "urgency", json!(6))
    }),
    ("an SOS with a low urgency", 400, INVALID, "SOS_URGENCY_TOO_LOW", &["urgency"], |it, _| {
        sos_with(it, "urgency", json!(1))
    }),
    ("an unknown category", 400, INVALID, "CATEGORY_UNKNOWN", &["categories"], |it, _| {
        sos_with(it, "categories", json!(["alcohol", "weather"]))
    }),
    ("a list over the length limit", 400, INVALID, "VALIDATION_FAILED", &["tags"], |it, _| {
        sos_with(it, "tags", (0..11).map(|it| it.to_string()).collect())
    }),
    ("an invalid UUID", 400, INVALID, "VALIDATION_FAILED", &["post_id"], |it, _| {
        call(it, "GetPost").json(&json!({ "postId": "the last one" }))
    }),
    (
        "a number out of range in a nested message",
        400,
        INVALID,
        "VALIDATION_FAILED",
        &["filter.minimum_urgency"],
        |it, _| call(it, "GetFeed").json(&json!({ "filter": { "minimumUrgency": 9 } })),
    ),
    ("no content", 400, INVALID, "RESPONSE_CONTENT_REQUIRED", &["content"], |it, fixture| {
        call(it, "CreateResponse").json(&json!({ "postId": fixture.post }))
    }),
    ("a forged page token", 400, INVALID, "PAGE_TOKEN_INVALID", &["page_token"], |it, _| {
        call(it, "GetFeed").json(&json!({ "pageToken": "bm9ib2R5" }))
    }),
    ("a page token of another order", 400, INVALID, "PAGE_TOKEN_INVALID", &["page_token"], |it, fixture| {
        call(it, "GetFeed").json(&json!({ "order": "FEED_ORDER_URGENT", "pageToken": fixture.page_token }))
    }),
    ("a page token of another list", 400, INVALID, "PAGE_TOKEN_INVALID", &["page_token"], |it, fixture| {
        call(it, "ListSessions").json(&json!({ "pageToken": fixture.page_token }))
    }),
    ("a handle with invalid characters", 400, INVALID, "HANDLE_INVALID_CHARACTERS", &["handle"], |it, _| {
        call(it, "UpdateProfile").json(&json!({ "etag": "1", "handle": "no spaces" }))
    }),
];

/// Valid calls that are rejected because of the caller or the current state.
const REJECTED: &[Case] = &[
    ("an invalid access token", 401, "unauthenticated", "INVALID_ACCESS_TOKEN", &[], |it, _| {
        it.client.request("CreatePost").bearer_auth("invalid").json(&sos("x"))
    }),
    ("a refresh token as access token", 401, "unauthenticated", "INVALID_ACCESS_TOKEN", &[], |it, _| {
        it.client.request("CreatePost").bearer_auth(&it.refresh_token).json(&sos("x"))
    }),
    ("no token", 401, "unauthenticated", "INVALID_ACCESS_TOKEN", &[], |it, _| {
        it.client.request("CreatePost").json(&sos("x"))
    }),
    ("an expired deadline", 504, "deadline_exceeded", "", &[], |it, _| {
        call(it, "CreatePost").header("connect-timeout-ms", "0").json(&sos("x"))
    }),
    ("a reused idempotency key", 400, INVALID, "IDEMPOTENCY_KEY_REUSED", &[], |it, _| {
        call(it, "CreatePost").header("idempotency-key", "k-1").json(&sos("another"))
    }),
    ("an invalid idempotency key", 400, INVALID, "IDEMPOTENCY_KEY_INVALID", &[], |it, _| {
        call(it, "CreatePost").header("idempotency-key", "k".repeat(65)).json(&sos("x"))
    }),
    ("a stale etag", 409, "aborted", "ETAG_MISMATCH", &[], |it, _| {
        call(it, "UpdateProfile").json(&json!({ "etag": "an old one", "avatar": 7 }))
    }),
    ("a post of another author", 403, "permission_denied", "NOT_AUTHOR", &[], |it, fixture| {
        call(it, "DeletePost").json(&json!({ "postId": fixture.post }))
    }),
    ("an unknown post", 404, "not_found", "POST_NOT_FOUND", &[], |it, _| {
        call(it, "QuickSupport")
            .json(&json!({ "postId": "00000000-0000-7000-8000-000000000000", "kind": "QUICK_KIND_HUG" }))
    }),
];

#[test]
fn bad_input_gets_the_documented_error_and_changes_nothing() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let author = TestUser::register(&client).await;
        let (post, _) = (author.create_sos("the first").await, author.create_sos("the second").await);
        author.respond(&post, "I am still here").await;
        // The response is counted asynchronously. Wait for it, so that it is no change between the two snapshots.
        eventually("the response count", async || {
            let view = author.call_ok("GetPost", &json!({ "postId": post })).await;
            (number(&view["post"]["responseCount"]) == 1).then_some(())
        })
        .await;
        let page_token = text(&author.call_ok("GetFeed", &json!({ "pageSize": 1 })).await["nextPageToken"]);
        assert!(!page_token.is_empty());
        let fixture = Fixture { post, page_token };
        // Each case has its own caller, because rejected calls also count against the rate limit.
        let mut cases = Vec::new();
        for case in MALFORMED.iter().chain(INVALID_CALLS).chain(REJECTED) {
            let user = TestUser::register(&client).await;
            let first = call(&user, "CreatePost").header("idempotency-key", "k-1").json(&sos("with a key"));
            send(first).await.unwrap().unwrap();
            cases.push((case, user));
        }
        let before = snapshot(&author, &cases).await;
        let mut failures = Vec::new();
        for ((description, status, code, reason, fields, build), user) in &cases {
            let fields = fields.iter().map(|it| (*it).to_owned()).collect();
            let expected = CallError { status: *status, code: (*code).into(), reason: (*reason).into(), fields };
            let result = send(build(user, &fixture)).await.expect("a response");
            if result != Err(expected) {
                failures.push(format!("{description}: {result:?}"));
            }
        }
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
        assert_eq!(snapshot(&author, &cases).await, before, "bad input changed something");
        println!("{} kinds of bad input were rejected and changed nothing", cases.len());
        server.stop().await;
    });
}

/// Reads the feed with all responses, and the account data of all callers.
async fn snapshot(author: &TestUser, cases: &[(&Case, TestUser)]) -> Vec<String> {
    let mut snapshot = Vec::new();
    for post in feed(author).await {
        let responses = pages(author, "ListResponses", "responses", json!({ "postId": post["id"] })).await;
        snapshot.push(format!("{post} {responses:?}"));
    }
    for (_, user) in cases {
        for method in ["GetMe", "GetSupportStats", "ListSessions", "ListBlocks"] {
            snapshot.push(user.call_ok(method, &json!({})).await.to_string());
        }
    }
    snapshot
}
