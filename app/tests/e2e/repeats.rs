//! What is sent many times and happens once.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{Client, Refused, answer, elsewhere, number, path, text},
    open_house::OpenHouse,
    people::{Person, hug, sos},
    server::{Home, soon},
    socket::dial,
};

/// Creates a post under a key.
async fn creates(person: &Person, key: &str, post: &Value) -> Result<Value, Refused> {
    let call = person.client.call("CreatePost").bearer_auth(&person.access).header("idempotency-key", key).json(post);
    answer(call).await.expect("an answer")
}

async fn feed(person: &Person) -> Vec<Value> {
    let mut page = person.does("GetFeed", &json!({ "pageSize": 100 })).await;
    serde_json::from_value(page["posts"].take()).unwrap_or_default()
}

#[test]
fn of_64_posts_with_one_key_at_once_there_is_one_and_64_equal_answers() {
    block_on(async {
        let house = OpenHouse::open().await;
        let person = Person::register(&house.client).await;
        let same = sos("once");
        let answers = join_all((0..128).map(|_| creates(&person, "k-1", &same))).await;
        let first = answers[0].clone().unwrap();
        assert!(answers.iter().all(|it| it.as_ref() == Ok(&first)), "{answers:?}");
        let feed = feed(&person).await;
        assert_eq!(feed.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&first["post"]["id"]]);

        let other = creates(&person, "k-1", &sos("another")).await.unwrap_err();
        let reused = ("invalid_argument".to_owned(), "IDEMPOTENCY_KEY_REUSED".to_owned());
        assert_eq!((other.code, other.reason), reused);
        assert_eq!(creates(&person, "k-1", &same).await.unwrap(), first, "the key is still the first one's");
        // The key is this person's: it says nothing about anybody else.
        let stranger = Person::register(&house.client).await;
        assert_ne!(creates(&stranger, "k-1", &same).await.unwrap()["post"]["id"], first["post"]["id"]);
    });
}

#[test]
fn the_binary_answers_as_many_as_may_and_makes_one_post() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let person = Person::register(&Client::to(server.url())).await;
        let same = sos("once");
        let answers = join_all((0..128).map(|_| creates(&person, "k-1", &same))).await;
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for answer in &answers {
            let kind = answer.as_ref().map_or_else(|it| it.reason.clone(), |it| text(&it["post"]["id"]));
            *kinds.entry(kind).or_default() += 1;
        }
        // A repeated call is a call: sixty at once are within the quota, and one more every second.
        let too_often = kinds.remove("RATE_LIMITED").unwrap();
        assert_eq!(kinds.len(), 1, "{kinds:?}");
        assert!((60..70).contains(&(128 - too_often)), "{too_often}");
        assert_eq!(feed(&person).await.len(), 1);
        server.stop().await;
    });
}

#[test]
fn whoever_loses_the_answer_to_their_registration_is_given_it_again() {
    block_on(async {
        let home = Home::new(&[]);
        let mut server = home.serve().await;
        // A handle can be had once: that it is given again shows that the account is the first one.
        let (address, body) = (elsewhere(), json!({ "handle": "lost_and_found" }).to_string());
        let mut socket = dial(&server.url()).await;
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\nidempotency-key: a-registration-of-mine\r\n\
             x-forwarded-for: {address}\r\ncontent-length: {}\r\n\r\n{body}",
            path("RegisterAnonymous"),
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut beginning = [0; 12];
        socket.read_exact(&mut beginning).await.unwrap();
        assert_eq!(&beginning, b"HTTP/1.1 200");
        drop(socket);

        let again = async |client: &Client, key: &str| {
            let call = client.call("RegisterAnonymous").header("x-forwarded-for", &address);
            answer(call.header("idempotency-key", key).body(body.clone())).await.unwrap()
        };
        let client = Client::to(server.url());
        let found = again(&client, "a-registration-of-mine").await.unwrap();
        assert_eq!(again(&client, "another-registration").await.unwrap_err().reason, "HANDLE_TAKEN");
        server.kill();
        let server = home.serve().await;
        let client = Client::to(server.url());
        assert_eq!(
            again(&client, "a-registration-of-mine").await.unwrap(),
            found,
            "the same account, credentials and code"
        );
        let call = client.call("GetMe").bearer_auth(text(&found["credentials"]["accessToken"])).json(&json!({}));
        assert_eq!(answer(call).await.unwrap().unwrap()["me"]["persona"]["handle"], "lost_and_found");
        server.stop().await;
    });
}

#[test]
fn of_200_quick_supports_at_once_one_counts() {
    block_on(async {
        let house = OpenHouse::open().await;
        let (ann, bob) = (Person::register(&house.client).await, Person::register(&house.client).await);
        counts_once(&ann, &bob, 200).await;
    });
}

#[test]
fn of_60_quick_supports_at_once_at_the_binary_one_counts() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
        counts_once(&ann, &bob, 60).await;
        server.stop().await;
    });
}

async fn counts_once(ann: &Person, bob: &Person, times: usize) {
    let post = ann.sos("is anybody there?").await;
    let hug = hug(&post);
    let given = join_all((0..times).map(|_| bob.does("QuickSupport", &hug))).await;
    assert_eq!(given.len(), times);
    assert!(given.iter().all(|it| it["response"]["id"] == given[0]["response"]["id"]));
    // What comes last is told last: when it has been counted, so has everything before it.
    bob.answers(&post, "and in words").await;
    soon("points", async || (number(&bob.me().await["strengthPoints"]) >= 4).then_some(())).await;
    soon("counts", async || (number(&ann.sees(&post).await.unwrap()["responseCount"]) == 1).then_some(())).await;
    assert_eq!(number(&ann.sees(&post).await.unwrap()["supportCount"]), 1);
    assert_eq!(number(&bob.me().await["strengthPoints"]), 4);
    assert_eq!(number(&bob.does("GetSupportStats", &json!({})).await["quickGiven"]), 1);
    let listed = ann.does("ListResponses", &json!({ "postId": post, "pageSize": 100 })).await;
    assert_eq!(listed["responses"].as_array().unwrap().len(), 2);
}
