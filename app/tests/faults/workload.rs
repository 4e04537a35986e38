//! Writers and subscribers that run during a fault, and the record of their calls and events.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    client::{Client, parse_error, text},
    user::{TestUser, hug, sos},
    websocket::Socket,
};

/// Result of one call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) begin: Instant,
    pub(crate) took: Duration,
    /// Connect error code. Empty if the call succeeded.
    pub(crate) code: String,
    pub(crate) has_retry_info: bool,
}

/// Delivery of a post to a subscriber.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) event: String,
    pub(crate) post: String,
    pub(crate) author: String,
    pub(crate) at: Instant,
}

/// Events that one subscriber received. Each reported gap starts a new segment.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) persona: String,
    pub(crate) segments: Vec<Vec<Delivery>>,
    pub(crate) fetched: BTreeSet<String>,
    pub(crate) reconnects: usize,
    pub(crate) duplicates: usize,
    pub(crate) close_codes: Vec<u16>,
}

/// All calls, and the acknowledged writes.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ledger {
    pub(crate) calls: Vec<Call>,
    /// Post id and author persona.
    pub(crate) posts: Vec<(String, String)>,
    pub(crate) responses: Vec<String>,
    /// Blocking persona, blocked persona, and time of the acknowledgement.
    pub(crate) blocks: Vec<(String, String, Instant)>,
    /// Persona id and access token of each registered user.
    pub(crate) users: Vec<(String, String)>,
}

pub(crate) struct Workload {
    pub(crate) urls: Vec<String>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) writing: AtomicBool,
    /// Number of successful subscriptions.
    pub(crate) subscriptions: AtomicUsize,
    pub(crate) last: Mutex<Option<String>>,
    pub(crate) subscribers: Mutex<Vec<TestUser>>,
    turn: AtomicUsize,
}

impl Workload {
    pub(crate) fn new(urls: Vec<String>) -> Arc<Self> {
        Arc::new(Self {
            urls,
            ledger: Mutex::default(),
            writing: AtomicBool::new(true),
            subscriptions: AtomicUsize::new(0),
            last: Mutex::default(),
            subscribers: Mutex::default(),
            turn: AtomicUsize::new(0),
        })
    }

    pub(crate) fn next_url(&self) -> String {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.urls.iter().cycle().nth(turn % self.urls.len()).unwrap().clone()
    }

    /// Calls a method on the next node, records the result, and returns the response if the call succeeded.
    pub(crate) async fn call(&self, user: &TestUser, method: &'static str, body: &Value) -> Option<Value> {
        let (begin, call) = (Instant::now(), user.with_url(&self.next_url()).client.request(method));
        let sent = call.bearer_auth(&user.access_token).json(body).timeout(Duration::from_secs(20)).send().await;
        let (mut code, mut has_retry_info, mut value) = ("no response".to_owned(), false, Value::Null);
        if let Ok(response) = sent {
            let status = response.status().as_u16();
            value = response.json().await.unwrap_or(Value::Null);
            code = if status == 200 { String::new() } else { parse_error(status, &value).code };
            let details = value["details"].as_array().into_iter().flatten();
            has_retry_info = details.into_iter().any(|detail| detail["type"] == "google.rpc.RetryInfo");
        }
        let succeeded = code.is_empty();
        let call = Call { method, begin, took: begin.elapsed(), code, has_retry_info };
        self.ledger.lock().unwrap().calls.push(call);
        succeeded.then_some(value)
    }

    /// Registers a new user. Rate limits are per account, so long runs need many.
    pub(crate) async fn register(&self) -> TestUser {
        loop {
            if let Some(Ok(user)) = TestUser::try_register(&Client::new(self.next_url())).await {
                self.ledger.lock().unwrap().users.push((user.persona.clone(), user.access_token.clone()));
                return user;
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Creates posts, responses, quick support and blocks until the workload ends.
    pub(crate) async fn write(self: Arc<Self>, seed: usize) {
        let mut user = self.register().await;
        let mut nth = seed;
        while self.writing.load(Ordering::Relaxed) {
            nth += 1;
            if nth.is_multiple_of(5) {
                user = self.register().await;
            }
            let Some(created) = self.call(&user, "CreatePost", &sos(&format!("post {nth} of {seed}"))).await else {
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let post = text(&created["post"]["id"]);
            self.ledger.lock().unwrap().posts.push((post, user.persona.clone()));
            // An author without blocks, so that an error can only come from the injected fault.
            let target = {
                let ledger = self.ledger.lock().unwrap();
                let has_no_block =
                    |author: &String| !ledger.blocks.iter().any(|(by, whom, _)| by == author || whom == author);
                ledger.posts.iter().rev().skip(nth % 7).find(|(_, by)| *by != user.persona && has_no_block(by)).cloned()
            };
            if let Some((post, _)) = target {
                let response = json!({ "postId": post, "text": format!("response {nth}") });
                let created = if nth.is_multiple_of(2) {
                    self.call(&user, "CreateResponse", &response).await
                } else {
                    self.call(&user, "QuickSupport", &hug(&post)).await
                };
                self.ledger.lock().unwrap().responses.extend(created.map(|created| text(&created["response"]["id"])));
            }
            if nth % 5 == 2 {
                self.block(&user, nth).await;
            }
            // The pause keeps the number of events of a fault below the replay limit of 300.
            sleep(Duration::from_millis(700)).await;
        }
    }

    /// Lets a subscriber block this author, or the author the subscriber.
    async fn block(&self, author: &TestUser, nth: usize) {
        let subscriber = {
            let subscribers = self.subscribers.lock().unwrap();
            subscribers.iter().cycle().nth(nth).unwrap().clone()
        };
        let (blocker, blocked) = if nth.is_multiple_of(2) { (author, &subscriber) } else { (&subscriber, author) };
        if self.call(blocker, "BlockUser", &json!({ "personaId": blocked.persona })).await.is_some() {
            let block = (blocker.persona.clone(), blocked.persona.clone(), Instant::now());
            self.ledger.lock().unwrap().blocks.push(block);
        }
    }

    /// Receives the feed until the last post was delivered or fetched. Reconnects and resumes as a client would.
    pub(crate) async fn subscribe(self: Arc<Self>, user: TestUser) -> Received {
        let mut received = Received { persona: user.persona.clone(), segments: vec![vec![]], ..Received::default() };
        let mut position: Option<String> = None;
        loop {
            let Some(mut socket) = Socket::try_connect(&user.with_url(&self.next_url())).await else {
                sleep(Duration::from_millis(200)).await;
                continue;
            };
            let subscribe = |position: &Option<String>| {
                let mut subscribe = json!({ "channel": "feed" });
                if let Some(position) = position {
                    subscribe["position"] = json!(position);
                }
                json!({ "subscribe": subscribe })
            };
            socket.send(&subscribe(&position)).await;
            loop {
                if self.is_done(&received) {
                    return received;
                }
                let frame = match timeout(Duration::from_millis(500), socket.frame()).await {
                    Err(_) => continue,
                    Ok(Err(code)) => {
                        received.close_codes.extend(code);
                        break;
                    }
                    Ok(Ok(frame)) => frame,
                };
                if let Some(status) = frame.get("subscribed").or_else(|| frame.get("gap")) {
                    let gap = frame.get("gap").is_some() || position.is_some() && status["recovered"] != true;
                    position = Some(text(&status["position"]));
                    self.subscriptions.fetch_add(1, Ordering::Relaxed);
                    if gap {
                        received.segments.push(vec![]);
                        received.fetched.extend(self.fetch(&user).await);
                    }
                }
                if frame.get("unsubscribed").is_some() {
                    sleep(Duration::from_millis(200)).await;
                    socket.send(&subscribe(&position)).await;
                }
                let event = &frame["event"];
                if event["channel"] == "feed" {
                    position = Some(text(&event["position"]));
                    received.record(event);
                }
            }
            received.reconnects += 1;
        }
    }

    fn is_done(&self, received: &Received) -> bool {
        let last = self.last.lock().unwrap();
        last.as_ref()
            .is_some_and(|last| received.fetched.contains(last) || received.deliveries().any(|it| it.post == *last))
    }

    /// Reads the ids of the whole feed, as a client does after a gap.
    async fn fetch(&self, user: &TestUser) -> BTreeSet<String> {
        'retry: loop {
            let (mut all, mut body) = (BTreeSet::new(), json!({ "pageSize": 100 }));
            loop {
                let Some(page) = self.call(user, "GetFeed", &body).await else {
                    sleep(Duration::from_millis(200)).await;
                    continue 'retry;
                };
                all.extend(page["posts"].as_array().into_iter().flatten().map(|post| text(&post["id"])));
                let next = text(&page["nextPageToken"]);
                if next.is_empty() {
                    return all;
                }
                body["pageToken"] = json!(next);
            }
        }
    }
}

impl Received {
    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.segments.iter().flatten()
    }

    fn record(&mut self, event: &Value) {
        let (id, post) = (text(&event["id"]), &event["postCreated"]);
        if post["id"].is_null() {
            return;
        }
        let (at, author) = (Instant::now(), text(&post["author"]["id"]));
        let delivery = Delivery { event: id, post: text(&post["id"]), author, at };
        let duplicate = self.deliveries().any(|it| it.event == delivery.event);
        self.duplicates += usize::from(duplicate);
        // A duplicate is kept once per segment: a delivery after a block is a violation even if the event was seen
        // before.
        let segment = self.segments.last_mut().unwrap();
        if !duplicate || !segment.iter().any(|it| it.event == delivery.event) {
            segment.push(delivery);
        }
    }
}
