//! Repeated kill -9 on one data folder while several users write. Acknowledged writes must survive.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use crate::{
    client::{Client, number, text},
    recount::{recount, wait_for_counts},
    server::{Installation, Server, TIMEOUT, eventually, utf8},
    user::{TestUser, hug, sos},
};

const RUNS: usize = 5;
const WRITERS: usize = 4;
/// Acknowledged writes of each run before the kill, which interrupts the writes that follow.
const WRITES: usize = 60;

/// Acknowledged writes.
#[derive(Default)]
struct Ledger {
    users: Vec<TestUser>,
    /// Author persona and body, by post id.
    posts: BTreeMap<String, (String, String)>,
    /// Post id and the whole response, by response id.
    responses: BTreeMap<String, (String, Value)>,
}

impl Ledger {
    /// Chooses a post of another author.
    fn post_for(&self, user: &TestUser, nth: usize) -> Option<String> {
        let others: Vec<_> = self.posts.iter().filter(|(_, (author, _))| *author != user.persona).collect();
        others.get(nth % others.len().max(1)).map(|(id, _)| (*id).clone())
    }
}

struct Writers {
    ledger: Mutex<Ledger>,
    acknowledged: watch::Sender<usize>,
}

impl Writers {
    /// Writes until the server is unreachable.
    async fn write(self: Arc<Self>, client: Client, seed: usize) {
        let Some(Ok(mut user)) = self.register(&client).await else { return };
        for nth in 1_usize.. {
            // Rate limits are per account, so a new account is used regularly.
            if nth % 8 == 0 {
                match self.register(&client).await {
                    Some(registered) => user = registered.unwrap(),
                    None => return,
                }
            }
            let post = self.ledger.lock().unwrap().post_for(&user, nth * 31 + seed);
            let done = match (nth % 3, post) {
                (0, _) | (_, None) => self.post(&user, &format!("post {nth} of writer {seed}")).await,
                (1, Some(post)) => {
                    self.respond(&user, "CreateResponse", &post, json!({ "text": format!("response {nth}") })).await
                }
                (_, Some(post)) => {
                    self.respond(&user, "QuickSupport", &post, json!({ "kind": "QUICK_KIND_HUG" })).await
                }
            };
            if done.is_none() {
                return;
            }
            self.acknowledged.send_modify(|count| *count += 1);
        }
    }

    async fn register(&self, client: &Client) -> Option<Result<TestUser, crate::client::CallError>> {
        let registered = TestUser::try_register(client).await?;
        self.ledger.lock().unwrap().users.extend(registered.clone().ok());
        Some(registered)
    }

    async fn post(&self, user: &TestUser, body: &str) -> Option<()> {
        let created = user.try_call("CreatePost", &sos(body)).await?.unwrap();
        let entry = (user.persona.clone(), body.to_owned());
        self.ledger.lock().unwrap().posts.insert(text(&created["post"]["id"]), entry);
        Some(())
    }

    async fn respond(&self, user: &TestUser, method: &str, post: &str, mut body: Value) -> Option<()> {
        body["postId"] = json!(post);
        let created = user.try_call(method, &body).await?.unwrap();
        let entry = (post.to_owned(), created["response"].clone());
        self.ledger.lock().unwrap().responses.insert(text(&created["response"]["id"]), entry);
        Some(())
    }
}

#[test]
fn acknowledged_writes_survive_kill_9() {
    block_on(async {
        let installation = Installation::new(&[]);
        let writers = Arc::new(Writers { ledger: Mutex::default(), acknowledged: watch::Sender::new(0) });
        for run in 1..=RUNS {
            let mut server = installation.start().await;
            verify(&server, &writers).await;
            let client = Client::new(server.url());
            let tasks: Vec<_> =
                (0..WRITERS).map(|seed| tokio::spawn(writers.clone().write(client.clone(), seed))).collect();
            let mut acknowledged = writers.acknowledged.subscribe();
            let reached = acknowledged.wait_for(|count| *count >= run * WRITES);
            timeout(TIMEOUT, reached).await.expect("timed out waiting for writes").unwrap();
            server.kill();
            for task in tasks {
                task.await.unwrap();
            }
        }
        let server = installation.start().await;
        verify(&server, &writers).await;
        server.stop().await;
        let ledger = writers.ledger.lock().unwrap();
        println!(
            "{RUNS} kills: {} users, {} posts and {} responses were acknowledged and still exist",
            ledger.users.len(),
            ledger.posts.len(),
            ledger.responses.len()
        );
        let listed = installation.run(&["events", "list"]);
        assert_eq!(utf8(&listed.stdout).trim(), "no dead letters");
    });
}

/// Asserts that all acknowledged writes exist and that the counters and points match them.
async fn verify(server: &Server, writers: &Writers) {
    let (users, posts, responses) = {
        let ledger = writers.ledger.lock().unwrap();
        (ledger.users.clone(), ledger.posts.clone(), ledger.responses.clone())
    };
    let reader = TestUser::register(&Client::new(server.url())).await;
    let found = recount(&reader).await;
    for (id, (author, body)) in &posts {
        let post = reader.get_post(id).await.unwrap_or_else(|error| panic!("a post is lost: {error:?}"));
        assert_eq!((&text(&post["author"]["id"]), &text(&post["body"])), (author, body));
        assert!(found.counts.contains_key(id), "a post is missing from the feed");
    }
    for (id, (post, expected)) in &responses {
        let listed = found.responses.get(id).unwrap_or_else(|| panic!("a response is lost: {expected}"));
        assert_eq!((listed, &text(&listed["postId"])), (expected, post));
    }
    wait_for_counts(&reader, &found.counts).await;
    for user in &users {
        let user = user.with_url(&server.url());
        let points = found.points.get(&user.persona).copied().unwrap_or(0);
        eventually("points", async || (number(&user.me().await["strengthPoints"]) == points).then_some(())).await;
    }
    // Refresh tokens are still valid after a crash.
    if let Some(user) = users.last() {
        let user = user.with_url(&server.url());
        let refreshed = user.clone().with_credentials(&user.refresh_session(&user.refresh_token).await.unwrap());
        refreshed.call_ok("QuickSupport", &hug(posts.keys().next().unwrap())).await;
        writers.ledger.lock().unwrap().users.retain(|it| it.persona != user.persona);
        writers.ledger.lock().unwrap().users.push(refreshed);
    }
}
