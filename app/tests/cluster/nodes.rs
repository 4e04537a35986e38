//! Several nodes are one community.

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
    people::{Person, sos},
    recount::{counts_are, recount},
    server::{Home, Server, soon},
    socket::Socket,
};

const NODES: usize = 3;
const LISTENERS: usize = 50;
const WRITERS: usize = 6;
/// Posts that are acknowledged before the first node goes, and between what happens next.
const POSTS: usize = 30;
const PATIENCE: Duration = Duration::from_secs(90);

async fn nodes(home: &Home) -> Vec<Server> {
    // One after the other: the first migrates.
    let mut nodes = Vec::new();
    for nth in 0..NODES {
        nodes.push(home.serve_as(&format!("node{nth}")).await);
    }
    nodes
}

/// Where nodes are that take calls.
#[derive(Default)]
struct Town {
    urls: Mutex<Vec<String>>,
    acknowledged: Mutex<Vec<String>>,
    answers: Mutex<Vec<String>>,
    writing: AtomicBool,
    turn: AtomicUsize,
    /// Who has listened, once at least.
    listening: AtomicUsize,
}

impl Town {
    /// A node that takes calls, another each time.
    fn somewhere(&self) -> String {
        let urls = self.urls.lock().unwrap();
        urls[self.turn.fetch_add(1, Ordering::Relaxed) % urls.len()].clone()
    }

    fn leave(&self, url: &str) {
        self.urls.lock().unwrap().retain(|it| it != url);
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Posts and answers until it is told to stop, wherever somebody takes it. What is refused because a node goes is
    /// not acknowledged, and nobody counts on it.
    async fn write(self: Arc<Self>, seed: usize) {
        let mut person = self.newcomer().await;
        let mut nth = 0_usize;
        while self.writing.load(Ordering::Relaxed) {
            nth += 1;
            if nth.is_multiple_of(7) {
                person = self.newcomer().await;
            }
            let here = person.moved(&self.somewhere());
            if let Some(Ok(made)) = here.tries("CreatePost", &sos(&format!("post {nth} of {seed}"))).await {
                let id = text(&made["post"]["id"]);
                self.acknowledged.lock().unwrap().push(id.clone());
                let answer = json!({ "postId": id, "text": "I am here" });
                let there = person.moved(&self.somewhere());
                if let Some(Ok(given)) = there.tries("CreateResponse", &answer).await {
                    self.answers.lock().unwrap().push(text(&given["response"]["id"]));
                }
            }
        }
    }

    async fn newcomer(&self) -> Person {
        loop {
            if let Some(Ok(person)) = Person::try_register(&Client::to(self.somewhere())).await {
                return person;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Listens until the last post is heard; comes back wherever somebody takes calls. What was heard, in order.
    async fn listen(self: Arc<Self>, person: Person, last: Arc<Mutex<Option<String>>>) -> Heard {
        let mut heard = Heard::default();
        let mut position: Option<String> = None;
        loop {
            let Some(mut socket) = Socket::try_of(&person.moved(&self.somewhere())).await else {
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            let mut subscribe = json!({ "channel": "feed" });
            if let Some(position) = &position {
                subscribe["position"] = json!(position);
            }
            let resumes = position.is_some();
            socket.say(&json!({ "subscribe": subscribe })).await;
            while let Ok(frame) = socket.frame().await {
                if let Some(subscribed) = frame.get("subscribed") {
                    assert!(!resumes || subscribed["recovered"] == true, "{subscribed}");
                    position = Some(text(&subscribed["position"]));
                    self.listening.fetch_add(1, Ordering::Relaxed);
                }
                let event = &frame["event"];
                if event["channel"] == "feed" {
                    position = Some(text(&event["position"]));
                    heard.note(event);
                    let post = text(&event["postCreated"]["id"]);
                    if last.lock().unwrap().as_ref() == Some(&post) {
                        return heard;
                    }
                }
            }
            heard.returns += 1;
        }
    }
}

#[derive(Default)]
struct Heard {
    /// The ids of events, once each, in the order in which they came first.
    order: Vec<String>,
    /// What each showed.
    posts: BTreeMap<String, String>,
    repeated: usize,
    returns: usize,
}

impl Heard {
    fn note(&mut self, event: &serde_json::Value) {
        let id = text(&event["id"]);
        if self.posts.contains_key(&id) {
            self.repeated += 1;
            return;
        }
        self.posts.insert(id.clone(), text(&event["postCreated"]["id"]));
        self.order.push(id);
    }
}

#[test]
fn who_is_on_one_node_hears_at_once_what_happens_on_another() {
    block_on(async {
        let home = Home::new(&[]);
        let nodes = nodes(&home).await;
        let ann = Person::register(&Client::to(nodes[0].url())).await;
        let bob = Person::register(&Client::to(nodes[1].url())).await;
        let mut listening = Socket::of(&bob).await;
        let position = listening.subscribe("feed").await;
        let begin = tokio::time::Instant::now();
        let post = ann.sos("I have a bottle in front of me.").await;
        assert_eq!(text(&listening.fact("feed", "postCreated").await["id"]), post);
        println!("heard on another node after {:?}", begin.elapsed());
        // The answer is heard on a third one, and counted on all.
        let mut waiting = Socket::of(&ann.moved(&nodes[2].url())).await;
        waiting.subscribe(&format!("post:{post}")).await;
        let answer = bob.answers(&post, "Put it away. I am here.").await;
        assert_eq!(text(&waiting.fact(&format!("post:{post}"), "responseCreated").await["id"]), answer);
        for node in &nodes {
            let here = ann.moved(&node.url());
            soon("the count", async || (number(&here.sees(&post).await.ok()?["responseCount"]) == 1).then_some(()))
                .await;
        }
        // Who comes back elsewhere has missed nothing.
        let mut elsewhere = Socket::of(&bob.moved(&nodes[0].url())).await;
        assert_eq!(elsewhere.resume("feed", &position).await["recovered"], true);
        assert_eq!(text(&elsewhere.fact("feed", "postCreated").await["id"]), post);
        for node in nodes {
            node.stop().await;
        }
    });
}

#[test]
fn a_right_that_ends_on_one_node_ends_on_all() {
    block_on(async {
        let home = Home::new(&[]);
        let nodes = nodes(&home).await;
        let first = Person::register(&Client::to(nodes[0].url())).await;
        let second = first.elsewhere().await;
        let mut listening = Socket::of(&second.moved(&nodes[1].url())).await;
        listening.subscribe("feed").await;
        second.moved(&nodes[2].url()).me().await;
        first.does("RevokeSession", &json!({ "sessionId": second.session })).await;
        let begin = tokio::time::Instant::now();
        assert_eq!(listening.closed().await, Some(4501));
        println!("a socket on another node ended after {:?}", begin.elapsed());
        for node in &nodes {
            let there = second.moved(&node.url());
            let refused = soon("the end", async || there.says("GetMe", &json!({})).await.err()).await;
            assert_eq!(refused.code, "unauthenticated");
        }
        // Who blocks on one node is not heard by the other on any.
        let (ann, bob) = (first, Person::register(&Client::to(nodes[1].url())).await);
        let mut ear = Socket::of(&bob.moved(&nodes[2].url())).await;
        ear.subscribe("feed").await;
        ann.does("BlockUser", &json!({ "personaId": bob.persona })).await;
        sleep(Duration::from_secs(1)).await;
        ann.sos("not for him").await;
        let other = Person::register(&Client::to(nodes[0].url())).await;
        let marker = other.sos("for all").await;
        let heard = ear.fact("feed", "postCreated").await;
        assert_eq!(text(&heard["id"]), marker, "{heard}");
        for node in nodes {
            node.stop().await;
        }
    });
}

#[test]
fn a_node_that_is_killed_and_one_that_drains_lose_nothing() {
    block_on(async {
        let home = Home::new(&[("KITH_HTTP_DRAIN_TIMEOUT", "2s")]);
        let mut nodes = nodes(&home).await;
        let town = Arc::new(Town { writing: AtomicBool::new(true), ..Town::default() });
        *town.urls.lock().unwrap() = nodes.iter().map(Server::url).collect();
        let last = Arc::new(Mutex::new(None));
        let mut listeners = Vec::new();
        let reader = town.newcomer().await;
        for _ in 0..LISTENERS {
            listeners.push(tokio::spawn(town.clone().listen(town.newcomer().await, last.clone())));
        }
        let all_listen = async || (town.listening.load(Ordering::Relaxed) >= LISTENERS).then_some(());
        soon("listeners, before the first word", all_listen).await;
        let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(town.clone().write(seed))).collect();
        let reached = async |count: usize| {
            soon("posts", async || (town.count() >= count).then_some(())).await;
        };
        reached(POSTS).await;
        let (killed, drained) = (nodes[0].url(), nodes[1].url());
        nodes[0].kill();
        town.leave(&killed);
        reached(2 * POSTS).await;
        town.leave(&drained);
        nodes[1].terminate();
        let status = nodes[1].end().await;
        assert!(status.success(), "{}", nodes[1].log());
        reached(3 * POSTS).await;
        town.writing.store(false, Ordering::Relaxed);
        join_all(writers).await.into_iter().for_each(|ended| ended.unwrap());
        // The last word, by which listeners know that they have heard all before it.
        let here = reader.moved(&town.somewhere());
        let post = here.sos("the last word").await;
        town.acknowledged.lock().unwrap().push(post.clone());
        *last.lock().unwrap() = Some(post);
        let mut all = Vec::new();
        for listener in listeners {
            all.push(timeout(PATIENCE, listener).await.expect("the last word is heard").unwrap());
        }
        examine(&town, &all);
        let found = recount(&here).await;
        for id in town.acknowledged.lock().unwrap().iter() {
            assert!(found.counts.contains_key(id), "a post is lost");
        }
        for id in town.answers.lock().unwrap().iter() {
            assert!(found.answers.contains_key(id), "an answer is lost");
        }
        counts_are(&here, &found.counts).await;
        nodes.remove(2).stop().await;
    });
}

/// Everybody has heard everything, once, in the same order.
fn examine(town: &Town, all: &[Heard]) {
    let longest = all.iter().max_by_key(|heard| heard.order.len()).unwrap();
    for heard in all {
        assert_eq!(heard.order, longest.order, "all hear the same in the same order");
        for post in town.acknowledged.lock().unwrap().iter() {
            assert!(heard.posts.values().any(|it| it == post), "a post was not heard");
        }
    }
    let (returns, repeated) =
        (all.iter().map(|it| it.returns).sum::<usize>(), all.iter().map(|it| it.repeated).sum::<usize>());
    println!(
        "{} events each for {} listeners, who came back {returns} times and were told {repeated} twice; {} posts and {} \
         answers were acknowledged",
        longest.order.len(),
        all.len(),
        town.count(),
        town.answers.lock().unwrap().len()
    );
    assert!(returns >= all.len() / 3, "who was on a node that went came back");
}
