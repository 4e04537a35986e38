//! Several nodes behave as one server.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use kith_testkit::block_on;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::{
    client::{Client, number, text},
    recount::{recount, wait_for_counts},
    server::{Installation, Server, eventually},
    user::{TestUser, sos},
    websocket::Socket,
};

const NODES: usize = 3;
const SUBSCRIBERS: usize = 50;
const WRITERS: usize = 6;
/// Acknowledged posts before the kill, between the kill and the drain, and after the drain.
const POSTS: usize = 30;
const TIMEOUT: Duration = Duration::from_secs(90);

async fn start_nodes(installation: &Installation) -> Vec<Server> {
    // Sequentially, because the first node applies the migrations.
    let mut nodes = Vec::new();
    for nth in 0..NODES {
        nodes.push(installation.start_as(&format!("node{nth}")).await);
    }
    nodes
}

/// Running nodes, and what writers and subscribers did.
#[derive(Default)]
struct Workload {
    urls: Mutex<Vec<String>>,
    posts: Mutex<Vec<String>>,
    responses: Mutex<Vec<String>>,
    writing: AtomicBool,
    turn: AtomicUsize,
    /// Number of successful subscriptions.
    subscriptions: AtomicUsize,
}

impl Workload {
    /// Returns the URL of a running node, round robin.
    fn next_url(&self) -> String {
        let urls = self.urls.lock().unwrap();
        urls[self.turn.fetch_add(1, Ordering::Relaxed) % urls.len()].clone()
    }

    fn remove_node(&self, url: &str) {
        self.urls.lock().unwrap().retain(|it| it != url);
    }

    fn count(&self) -> usize {
        self.posts.lock().unwrap().len()
    }

    /// Creates posts and responses on alternating nodes until the workload ends. Failed calls are not acknowledged, and
    /// so are not verified.
    async fn write(self: Arc<Self>, seed: usize) {
        let mut user = self.register().await;
        let mut nth = 0_usize;
        while self.writing.load(Ordering::Relaxed) {
            nth += 1;
            if nth.is_multiple_of(7) {
                user = self.register().await;
            }
            let author = user.with_url(&self.next_url());
            if let Some(Ok(created)) = author.try_call("CreatePost", &sos(&format!("post {nth} of {seed}"))).await {
                let id = text(&created["post"]["id"]);
                self.posts.lock().unwrap().push(id.clone());
                let response = json!({ "postId": id, "text": "I am here" });
                let author = user.with_url(&self.next_url());
                if let Some(Ok(created)) = author.try_call("CreateResponse", &response).await {
                    self.responses.lock().unwrap().push(text(&created["response"]["id"]));
                }
            }
        }
    }

    async fn register(&self) -> TestUser {
        loop {
            if let Some(Ok(user)) = TestUser::try_register(&Client::new(self.next_url())).await {
                return user;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Receives the feed until the last post arrives, and resumes on another node after a disconnect.
    async fn subscribe(self: Arc<Self>, user: TestUser, last: Arc<Mutex<Option<String>>>) -> Received {
        let mut received = Received::default();
        let mut position: Option<String> = None;
        loop {
            let Some(mut socket) = Socket::try_connect(&user.with_url(&self.next_url())).await else {
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            let mut subscribe = json!({ "channel": "feed" });
            if let Some(position) = &position {
                subscribe["position"] = json!(position);
            }
            let resuming = position.is_some();
            socket.send(&json!({ "subscribe": subscribe })).await;
            while let Ok(frame) = socket.frame().await {
                if let Some(subscribed) = frame.get("subscribed") {
                    assert!(!resuming || subscribed["recovered"] == true, "{subscribed}");
                    position = Some(text(&subscribed["position"]));
                    self.subscriptions.fetch_add(1, Ordering::Relaxed);
                }
                let event = &frame["event"];
                if event["channel"] == "feed" {
                    position = Some(text(&event["position"]));
                    received.record(event);
                    let post = text(&event["postCreated"]["id"]);
                    if last.lock().unwrap().as_ref() == Some(&post) {
                        return received;
                    }
                }
            }
            received.reconnects += 1;
        }
    }
}

#[derive(Default)]
struct Received {
    /// Event ids in the order of their first delivery, without duplicates.
    order: Vec<String>,
    /// Post id by event id.
    posts: BTreeMap<String, String>,
    duplicates: usize,
    reconnects: usize,
}

impl Received {
    fn record(&mut self, event: &serde_json::Value) {
        let id = text(&event["id"]);
        if self.posts.contains_key(&id) {
            self.duplicates += 1;
            return;
        }
        self.posts.insert(id.clone(), text(&event["postCreated"]["id"]));
        self.order.push(id);
    }
}

#[test]
fn events_of_one_node_are_delivered_on_the_others() {
    block_on(async {
        let installation = Installation::new(&[]);
        let nodes = start_nodes(&installation).await;
        let ann = TestUser::register(&Client::new(nodes[0].url())).await;
        let bob = TestUser::register(&Client::new(nodes[1].url())).await;
        let mut bobs_socket = Socket::connect(&bob).await;
        let position = bobs_socket.subscribe("feed").await;
        let begin = tokio::time::Instant::now();
        let post = ann.create_sos("I have a bottle in front of me.").await;
        assert_eq!(text(&bobs_socket.payload("feed", "postCreated").await["id"]), post);
        println!("delivered on another node after {:?}", begin.elapsed());
        // The response is delivered on a third node and counted on all.
        let mut anns_socket = Socket::connect(&ann.with_url(&nodes[2].url())).await;
        anns_socket.subscribe(&format!("post:{post}")).await;
        let response = bob.respond(&post, "Put it away. I am here.").await;
        assert_eq!(text(&anns_socket.payload(&format!("post:{post}"), "responseCreated").await["id"]), response);
        for node in &nodes {
            let viewer = ann.with_url(&node.url());
            eventually("the response count", async || {
                (number(&viewer.get_post(&post).await.ok()?["responseCount"]) == 1).then_some(())
            })
            .await;
        }
        // A client can resume on another node without loss.
        let mut resumed = Socket::connect(&bob.with_url(&nodes[0].url())).await;
        assert_eq!(resumed.resume("feed", &position).await["recovered"], true);
        assert_eq!(text(&resumed.payload("feed", "postCreated").await["id"]), post);
        for node in nodes {
            node.stop().await;
        }
    });
}

#[test]
fn revoked_sessions_and_blocks_take_effect_on_all_nodes() {
    block_on(async {
        let installation = Installation::new(&[]);
        let nodes = start_nodes(&installation).await;
        let first = TestUser::register(&Client::new(nodes[0].url())).await;
        let second = first.log_in_again().await;
        let mut socket = Socket::connect(&second.with_url(&nodes[1].url())).await;
        socket.subscribe("feed").await;
        second.with_url(&nodes[2].url()).me().await;
        first.call_ok("RevokeSession", &json!({ "sessionId": second.session })).await;
        let begin = tokio::time::Instant::now();
        assert_eq!(socket.close_code().await, Some(4501));
        println!("a socket on another node was closed after {:?}", begin.elapsed());
        for node in &nodes {
            let client = second.with_url(&node.url());
            let error =
                eventually("the end of the session", async || client.call("GetMe", &json!({})).await.err()).await;
            assert_eq!(error.code, "unauthenticated");
        }
        // A block on one node hides events on all.
        let (ann, bob) = (first, TestUser::register(&Client::new(nodes[1].url())).await);
        let mut socket = Socket::connect(&bob.with_url(&nodes[2].url())).await;
        socket.subscribe("feed").await;
        ann.call_ok("BlockUser", &json!({ "personaId": bob.persona })).await;
        sleep(Duration::from_secs(1)).await;
        ann.create_sos("hidden from Bob").await;
        let other = TestUser::register(&Client::new(nodes[0].url())).await;
        let marker = other.create_sos("visible to all").await;
        let event = socket.payload("feed", "postCreated").await;
        assert_eq!(text(&event["id"]), marker, "{event}");
        for node in nodes {
            node.stop().await;
        }
    });
}

#[test]
fn a_killed_node_and_a_drained_node_lose_no_acknowledged_write_and_no_event() {
    block_on(async {
        let installation = Installation::new(&[("KITH_HTTP_DRAIN_TIMEOUT", "2s")]);
        let mut nodes = start_nodes(&installation).await;
        let workload = Arc::new(Workload { writing: AtomicBool::new(true), ..Workload::default() });
        *workload.urls.lock().unwrap() = nodes.iter().map(Server::url).collect();
        let last = Arc::new(Mutex::new(None));
        let mut subscribers = Vec::new();
        let reader = workload.register().await;
        for _ in 0..SUBSCRIBERS {
            subscribers.push(tokio::spawn(workload.clone().subscribe(workload.register().await, last.clone())));
        }
        let all_subscribed = async || (workload.subscriptions.load(Ordering::Relaxed) >= SUBSCRIBERS).then_some(());
        eventually("subscriptions, before the first post", all_subscribed).await;
        let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(workload.clone().write(seed))).collect();
        let reached = async |count: usize| {
            eventually("posts", async || (workload.count() >= count).then_some(())).await;
        };
        reached(POSTS).await;
        let (killed, drained) = (nodes[0].url(), nodes[1].url());
        nodes[0].kill();
        workload.remove_node(&killed);
        reached(2 * POSTS).await;
        workload.remove_node(&drained);
        nodes[1].terminate();
        let status = nodes[1].wait().await;
        assert!(status.success(), "{}", nodes[1].log());
        reached(3 * POSTS).await;
        workload.writing.store(false, Ordering::Relaxed);
        join_all(writers).await.into_iter().for_each(|ended| ended.unwrap());
        // Subscribers stop at the last post, after all others.
        let reader = reader.with_url(&workload.next_url());
        let post = reader.create_sos("the last post").await;
        workload.posts.lock().unwrap().push(post.clone());
        *last.lock().unwrap() = Some(post);
        let mut all = Vec::new();
        for subscriber in subscribers {
            all.push(timeout(TIMEOUT, subscriber).await.expect("timed out waiting for the last post").unwrap());
        }
        verify_deliveries(&workload, &all);
        let found = recount(&reader).await;
        for id in workload.posts.lock().unwrap().iter() {
            assert!(found.counts.contains_key(id), "a post is lost");
        }
        for id in workload.responses.lock().unwrap().iter() {
            assert!(found.responses.contains_key(id), "a response is lost");
        }
        wait_for_counts(&reader, &found.counts).await;
        nodes.remove(2).stop().await;
    });
}

/// Asserts that all subscribers received all posts once and in the same order.
fn verify_deliveries(workload: &Workload, all: &[Received]) {
    let longest = all.iter().max_by_key(|received| received.order.len()).unwrap();
    for received in all {
        assert_eq!(received.order, longest.order, "the orders of two subscribers differ");
        for post in workload.posts.lock().unwrap().iter() {
            assert!(received.posts.values().any(|it| it == post), "a post was not delivered");
        }
    }
    let (reconnects, duplicates) =
        (all.iter().map(|it| it.reconnects).sum::<usize>(), all.iter().map(|it| it.duplicates).sum::<usize>());
    println!(
        "{} events for each of {} subscribers, {reconnects} reconnects, {duplicates} duplicates; {} posts and {} responses \
         acknowledged",
        longest.order.len(),
        all.len(),
        workload.count(),
        workload.responses.lock().unwrap().len()
    );
    assert!(reconnects >= all.len() / 3, "the subscribers of the stopped nodes did not reconnect");
}
