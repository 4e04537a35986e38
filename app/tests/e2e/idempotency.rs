//! Repeated and concurrent calls that take effect once.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{CallError, Client, number, path, send, text, unused_address},
    in_process::InProcessServer,
    server::{Installation, eventually},
    user::{TestUser, hug, sos},
    websocket::dial,
};

/// Creates a post with an idempotency key.
async fn create_post(user: &TestUser, key: &str, post: &Value) -> Result<Value, CallError> {
    let call =
        user.client.request("CreatePost").bearer_auth(&user.access_token).header("idempotency-key", key).json(post);
    send(call).await.expect("a response")
}

async fn feed(user: &TestUser) -> Vec<Value> {
    let mut page = user.call_ok("GetFeed", &json!({ "pageSize": 100 })).await;
    serde_json::from_value(page["posts"].take()).unwrap_or_default()
}

#[test]
fn concurrent_calls_with_one_idempotency_key_create_one_post_and_get_equal_responses() {
    block_on(async {
        let server = InProcessServer::start().await;
        let user = TestUser::register(&server.client).await;
        let request = sos("once");
        let responses = join_all((0..128).map(|_| create_post(&user, "k-1", &request))).await;
        let first = responses[0].clone().unwrap();
        assert!(responses.iter().all(|it| it.as_ref() == Ok(&first)), "{responses:?}");
        let feed = feed(&user).await;
        assert_eq!(feed.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&first["post"]["id"]]);

        let other = create_post(&user, "k-1", &sos("another")).await.unwrap_err();
        let reused = ("invalid_argument".to_owned(), "IDEMPOTENCY_KEY_REUSED".to_owned());
        assert_eq!((other.code, other.reason), reused);
        assert_eq!(
            create_post(&user, "k-1", &request).await.unwrap(),
            first,
            "the rejected call changed the stored response"
        );
        // Keys are scoped to the caller.
        let other_user = TestUser::register(&server.client).await;
        assert_ne!(create_post(&other_user, "k-1", &request).await.unwrap()["post"]["id"], first["post"]["id"]);
    });
}

#[test]
fn concurrent_repeated_calls_are_rate_limited_and_create_one_post() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let user = TestUser::register(&Client::new(server.url())).await;
        let request = sos("once");
        let responses = join_all((0..128).map(|_| create_post(&user, "k-1", &request))).await;
        let mut results: BTreeMap<String, usize> = BTreeMap::new();
        for response in &responses {
            let result = response.as_ref().map_or_else(|it| it.reason.clone(), |it| text(&it["post"]["id"]));
            *results.entry(result).or_default() += 1;
        }
        // Repeated calls count against the rate limit, which admits a burst of 60 and one more every second.
        let rate_limited = results.remove("RATE_LIMITED").unwrap();
        assert_eq!(results.len(), 1, "{results:?}");
        assert!((60..70).contains(&(128 - rate_limited)), "{rate_limited}");
        assert_eq!(feed(&user).await.len(), 1);
        server.stop().await;
    });
}

#[test]
fn a_repeated_registration_returns_the_lost_response_even_after_a_kill() {
    block_on(async {
        let installation = Installation::new(&[]);
        let mut server = installation.start().await;
        // Handles are unique, so getting this one again proves that the response is of the first account.
        let (address, body) = (unused_address(), json!({ "handle": "lost_and_found" }).to_string());
        let mut socket = dial(&server.url()).await;
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\nidempotency-key: first-registration\r\n\
             x-forwarded-for: {address}\r\ncontent-length: {}\r\n\r\n{body}",
            path("RegisterAnonymous"),
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut status_line = [0; 12];
        socket.read_exact(&mut status_line).await.unwrap();
        assert_eq!(&status_line, b"HTTP/1.1 200");
        drop(socket);

        let register = async |client: &Client, key: &str| {
            let call = client.request("RegisterAnonymous").header("x-forwarded-for", &address);
            send(call.header("idempotency-key", key).body(body.clone())).await.unwrap()
        };
        let client = Client::new(server.url());
        let registered = register(&client, "first-registration").await.unwrap();
        assert_eq!(register(&client, "another-registration").await.unwrap_err().reason, "HANDLE_TAKEN");
        server.kill();
        let server = installation.start().await;
        let client = Client::new(server.url());
        assert_eq!(
            register(&client, "first-registration").await.unwrap(),
            registered,
            "account, credentials and recovery code must be the same"
        );
        let call =
            client.request("GetMe").bearer_auth(text(&registered["credentials"]["accessToken"])).json(&json!({}));
        assert_eq!(send(call).await.unwrap().unwrap()["me"]["persona"]["handle"], "lost_and_found");
        server.stop().await;
    });
}

#[test]
fn concurrent_quick_support_of_one_user_counts_once() {
    block_on(async {
        let server = InProcessServer::start().await;
        let (ann, bob) = (TestUser::register(&server.client).await, TestUser::register(&server.client).await);
        assert_counted_once(&ann, &bob, 200).await;
    });
}

#[test]
fn concurrent_quick_support_counts_once_at_the_server_binary() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        assert_counted_once(&ann, &bob, 60).await;
        server.stop().await;
    });
}

async fn assert_counted_once(ann: &TestUser, bob: &TestUser, times: usize) {
    let post = ann.create_sos("is anyone there?").await;
    let hug = hug(&post);
    let responses = join_all((0..times).map(|_| bob.call_ok("QuickSupport", &hug))).await;
    assert_eq!(responses.len(), times);
    assert!(responses.iter().all(|it| it["response"]["id"] == responses[0]["response"]["id"]));
    // Events of one post are delivered in order: once this response is counted, all earlier ones are.
    bob.respond(&post, "a text response").await;
    eventually("points", async || (number(&bob.me().await["strengthPoints"]) >= 4).then_some(())).await;
    eventually("counts", async || (number(&ann.get_post(&post).await.unwrap()["responseCount"]) == 1).then_some(()))
        .await;
    assert_eq!(number(&ann.get_post(&post).await.unwrap()["supportCount"]), 1);
    assert_eq!(number(&bob.me().await["strengthPoints"]), 4);
    assert_eq!(number(&bob.call_ok("GetSupportStats", &json!({})).await["quickGiven"]), 1);
    let listed = ann.call_ok("ListResponses", &json!({ "postId": post, "pageSize": 100 })).await;
    assert_eq!(listed["responses"].as_array().unwrap().len(), 2);
}
