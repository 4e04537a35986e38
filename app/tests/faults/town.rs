//! Who writes and who listens while something happens, and the record of it.

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
    client::{Client, refusal, text},
    people::{Person, hug, sos},
    socket::Socket,
};

/// A call, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) begin: Instant,
    pub(crate) took: Duration,
    /// Empty if it was answered.
    pub(crate) code: String,
    pub(crate) says_when: bool,
}

/// A post as somebody heard it.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) event: String,
    pub(crate) post: String,
    pub(crate) author: String,
    pub(crate) at: Instant,
}

/// What one listener heard. A new segment begins where it was told that something is missing.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) persona: String,
    pub(crate) segments: Vec<Vec<Delivery>>,
    pub(crate) fetched: BTreeSet<String>,
    pub(crate) returns: usize,
    pub(crate) repeated: usize,
    pub(crate) closed: Vec<u16>,
}

/// What was acknowledged.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ledger {
    pub(crate) calls: Vec<Call>,
    /// Each with its author.
    pub(crate) posts: Vec<(String, String)>,
    pub(crate) answers: Vec<String>,
    /// Who blocks whom, and since when.
    pub(crate) blocks: Vec<(String, String, Instant)>,
    pub(crate) people: Vec<(String, String)>,
}

pub(crate) struct Town {
    pub(crate) urls: Vec<String>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) writing: AtomicBool,
    pub(crate) listening: AtomicUsize,
    pub(crate) last: Mutex<Option<String>>,
    pub(crate) listeners: Mutex<Vec<Person>>,
    turn: AtomicUsize,
}

impl Town {
    pub(crate) fn new(urls: Vec<String>) -> Arc<Self> {
        Arc::new(Self {
            urls,
            ledger: Mutex::default(),
            writing: AtomicBool::new(true),
            listening: AtomicUsize::new(0),
            last: Mutex::default(),
            listeners: Mutex::default(),
            turn: AtomicUsize::new(0),
        })
    }

    pub(crate) fn somewhere(&self) -> String {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.urls.iter().cycle().nth(turn % self.urls.len()).unwrap().clone()
    }

    /// A call on some node, noted with what came of it.
    pub(crate) async fn calls(&self, person: &Person, method: &'static str, body: &Value) -> Option<Value> {
        let (begin, call) = (Instant::now(), person.moved(&self.somewhere()).client.call(method));
        let sent = call.bearer_auth(&person.access).json(body).timeout(Duration::from_secs(20)).send().await;
        let (mut code, mut says_when, mut value) = ("no answer".to_owned(), false, Value::Null);
        if let Ok(response) = sent {
            let status = response.status().as_u16();
            value = response.json().await.unwrap_or(Value::Null);
            code = if status == 200 { String::new() } else { refusal(status, &value).code };
            let details = value["details"].as_array().into_iter().flatten();
            says_when = details.into_iter().any(|detail| detail["type"] == "google.rpc.RetryInfo");
        }
        let answered = code.is_empty();
        let call = Call { method, begin, took: begin.elapsed(), code, says_when };
        self.ledger.lock().unwrap().calls.push(call);
        answered.then_some(value)
    }

    /// Somebody new: the quotas of a person are for a while.
    pub(crate) async fn newcomer(&self) -> Person {
        loop {
            if let Some(Ok(person)) = Person::try_register(&Client::to(self.somewhere())).await {
                self.ledger.lock().unwrap().people.push((person.persona.clone(), person.access.clone()));
                return person;
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Posts, answers, supports and blocks until it is told to stop.
    pub(crate) async fn write(self: Arc<Self>, seed: usize) {
        let mut person = self.newcomer().await;
        let mut nth = seed;
        while self.writing.load(Ordering::Relaxed) {
            nth += 1;
            if nth.is_multiple_of(5) {
                person = self.newcomer().await;
            }
            let Some(made) = self.calls(&person, "CreatePost", &sos(&format!("post {nth} of {seed}"))).await else {
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let made = text(&made["post"]["id"]);
            self.ledger.lock().unwrap().posts.push((made, person.persona.clone()));
            // Of an author whom nobody blocks, so that a refusal is a fault.
            let target = {
                let ledger = self.ledger.lock().unwrap();
                let free = |author: &String| !ledger.blocks.iter().any(|(by, whom, _)| by == author || whom == author);
                ledger.posts.iter().rev().skip(nth % 7).find(|(_, by)| *by != person.persona && free(by)).cloned()
            };
            if let Some((post, _)) = target {
                let answer = json!({ "postId": post, "text": format!("answer {nth}") });
                let given = if nth.is_multiple_of(2) {
                    self.calls(&person, "CreateResponse", &answer).await
                } else {
                    self.calls(&person, "QuickSupport", &hug(&post)).await
                };
                self.ledger.lock().unwrap().answers.extend(given.map(|given| text(&given["response"]["id"])));
            }
            if nth % 5 == 2 {
                self.block(&person, nth).await;
            }
            // What is posted is replayed whole: the log replays 300 events.
            sleep(Duration::from_millis(700)).await;
        }
    }

    /// A listener blocks this author, or the other way round.
    async fn block(&self, author: &Person, nth: usize) {
        let listener = {
            let listeners = self.listeners.lock().unwrap();
            listeners.iter().cycle().nth(nth).unwrap().clone()
        };
        let (by, whom) = if nth.is_multiple_of(2) { (author, &listener) } else { (&listener, author) };
        if self.calls(by, "BlockUser", &json!({ "personaId": whom.persona })).await.is_some() {
            let block = (by.persona.clone(), whom.persona.clone(), Instant::now());
            self.ledger.lock().unwrap().blocks.push(block);
        }
    }

    /// Listens until the last post is heard, or read.
    pub(crate) async fn listen(self: Arc<Self>, person: Person) -> Heard {
        let mut heard = Heard { persona: person.persona.clone(), segments: vec![vec![]], ..Heard::default() };
        let mut position: Option<String> = None;
        loop {
            let Some(mut socket) = Socket::try_of(&person.moved(&self.somewhere())).await else {
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
            socket.say(&subscribe(&position)).await;
            loop {
                if self.done(&heard) {
                    return heard;
                }
                let frame = match timeout(Duration::from_millis(500), socket.frame()).await {
                    Err(_) => continue,
                    Ok(Err(code)) => {
                        heard.closed.extend(code);
                        break;
                    }
                    Ok(Ok(frame)) => frame,
                };
                if let Some(said) = frame.get("subscribed").or_else(|| frame.get("gap")) {
                    let gap = frame.get("gap").is_some() || position.is_some() && said["recovered"] != true;
                    position = Some(text(&said["position"]));
                    self.listening.fetch_add(1, Ordering::Relaxed);
                    if gap {
                        heard.segments.push(vec![]);
                        heard.fetched.extend(self.fetch(&person).await);
                    }
                }
                if frame.get("unsubscribed").is_some() {
                    sleep(Duration::from_millis(200)).await;
                    socket.say(&subscribe(&position)).await;
                }
                let event = &frame["event"];
                if event["channel"] == "feed" {
                    position = Some(text(&event["position"]));
                    heard.note(event);
                }
            }
            heard.returns += 1;
        }
    }

    fn done(&self, heard: &Heard) -> bool {
        let last = self.last.lock().unwrap();
        last.as_ref().is_some_and(|last| heard.fetched.contains(last) || heard.deliveries().any(|it| it.post == *last))
    }

    /// The whole feed, as somebody sees it who was told to read it again.
    async fn fetch(&self, person: &Person) -> BTreeSet<String> {
        'again: loop {
            let (mut all, mut body) = (BTreeSet::new(), json!({ "pageSize": 100 }));
            loop {
                let Some(page) = self.calls(person, "GetFeed", &body).await else {
                    sleep(Duration::from_millis(200)).await;
                    continue 'again;
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

impl Heard {
    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.segments.iter().flatten()
    }

    fn note(&mut self, event: &Value) {
        let (id, post) = (text(&event["id"]), &event["postCreated"]);
        if post["id"].is_null() {
            return;
        }
        let (at, author) = (Instant::now(), text(&post["author"]["id"]));
        let delivery = Delivery { event: id, post: text(&post["id"]), author, at };
        let repeated = self.deliveries().any(|it| it.event == delivery.event);
        self.repeated += usize::from(repeated);
        // Said twice is heard once, but to whom it may not be said, not even twice.
        let segment = self.segments.last_mut().unwrap();
        if !repeated || !segment.iter().any(|it| it.event == delivery.event) {
            segment.push(delivery);
        }
    }
}
