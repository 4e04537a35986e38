//! What four people did, and what each of them may know of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use kith_app::{
    http::{self, ConnectionLimits},
    wiring::{App, QuotaMode, Settings, Stores, RuntimeContext},
};
use kith_infra::keys::Ring;
use kith_kernel::{SystemClock, SystemEntropy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::ears::{Ears, Frame, text};

/// One thing that somebody does. Which post or answer it is about is counted round; it is done by whom it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Post(usize),
    Inside(usize),
    Edit(usize),
    Delete(usize),
    Restore(usize),
    Answer(usize, usize),
    Cheer(usize, usize),
    TakeBack(usize),
    Mark(usize),
    Block(usize, usize),
    Unblock(usize, usize),
    /// Leaves the circle.
    Leave(usize),
    /// Is removed from the circle, or banned.
    Expel(usize, bool),
    /// Comes back into the circle, when the ban is lifted.
    Join(usize),
}

/// The whole of Kith, with somebody who is nobody's enemy (0), and the four.
pub(super) struct Town {
    pub(super) app: App,
    pub(super) address: String,
    /// All are in it at first.
    pub(super) circle: String,
    pub(super) people: Vec<Person>,
    pub(super) posts: Vec<Post>,
    pub(super) answers: Vec<Answer>,
    blocks: BTreeSet<(usize, usize)>,
    _database: kith_testkit::SqliteDatabase,
}

pub(super) struct Person {
    pub(super) access: String,
    pub(super) persona: String,
    pub(super) ears: Option<Ears>,
    /// The posts that they listen to, and from where on.
    pub(super) listens: BTreeMap<usize, String>,
    /// As whom they are, or were, in the circle.
    pub(super) inside: String,
    pub(super) stands: Stands,
}

/// How somebody stands to the circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    Inside,
    Outside,
    Banned,
}

pub(super) struct Post {
    pub(super) id: String,
    pub(super) author: usize,
    pub(super) is_there: bool,
    /// Whether it is in the circle.
    pub(super) is_inside: bool,
}

pub(super) struct Answer {
    pub(super) id: String,
    pub(super) author: usize,
    pub(super) post: usize,
    pub(super) is_there: bool,
    pub(super) is_quick: bool,
    is_helpful: bool,
}

/// What has to be heard after a step, and by whom.
type Told = Vec<(usize, Frame)>;

impl Town {
    pub(super) async fn open() -> Self {
        let database = kith_testkit::sqlite_database().await;
        let entropy = Arc::new(SystemEntropy);
        let ring = Arc::new(Ring::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let runtime = RuntimeContext { clock: Arc::new(SystemClock), entropy, ring };
        let realtime = kith_realtime::Limits { burst: 10_000, channels: 1_000, ..kith_realtime::Limits::default() };
        let settings = Settings { quotas: QuotaMode::Unlimited, realtime, ..Settings::default() };
        let stores = Stores::embedded(&database, &runtime, &settings).unwrap();
        let app = App::wire(&stores, &runtime, &settings).await.unwrap();
        app.entrypoints.ready.send_replace(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let edge = app.entrypoints.http.clone();
        tokio::spawn(http::connection::serve(listener, edge, ConnectionLimits::default(), std::future::pending()));
        let (people, posts, answers, circle) = (Vec::new(), Vec::new(), Vec::new(), String::new());
        let mut town =
            Self { app, address, circle, people, posts, answers, blocks: BTreeSet::new(), _database: database };
        for _ in 0..=4 {
            let welcome = town.say(None, "auth.v1.AuthService/RegisterAnonymous", json!({})).await.unwrap();
            let (access, persona) = (&welcome["credentials"]["accessToken"], &welcome["persona"]["id"]);
            let (access, persona) = (text(access), text(persona));
            let (inside, stands) = (String::new(), Stands::Inside);
            town.people.push(Person { access, persona, ears: None, listens: BTreeMap::new(), inside, stands });
        }
        town.gather().await;
        for who in 1..=4 {
            town.people[who].ears = Some(Ears::open(&town, who).await);
        }
        town
    }

    /// Everybody comes into one circle.
    async fn gather(&mut self) {
        let circle = json!({
            "name": "Evenings", "category": "alcohol", "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 10,
        });
        let opened = self.call(0, "circles.v1.CircleService/CreateCircle", circle).await.unwrap();
        self.circle = text(&opened["circle"]["id"]);
        for who in 1..=4 {
            let body = json!({ "circleId": self.circle });
            let joined = self.call(who, "circles.v1.CircleService/JoinCircle", body).await.unwrap();
            self.people[who].inside = text(&joined["circle"]["persona"]["id"]);
        }
        self.app.entrypoints.relay.drain().await.unwrap();
    }

    /// What a call answers, or the code of its refusal.
    pub(super) async fn call(&self, who: usize, method: &str, body: Value) -> Result<Value, String> {
        self.say(Some(&self.people[who].access), method, body).await
    }

    async fn say(&self, token: Option<&str>, method: &str, body: Value) -> Result<Value, String> {
        let mut request = Request::post(format!("/kith.{method}")).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let (parts, body) = self.app.entrypoints.http.clone().oneshot(request).await.unwrap().into_parts();
        let said: Value = serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap();
        if parts.status.is_success() { Ok(said) } else { Err(text(&said["code"])) }
    }

    pub(super) fn apart(&self, one: usize, other: usize) -> bool {
        self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one))
    }

    pub(super) fn sees(&self, who: usize, post: usize) -> bool {
        let post = &self.posts[post];
        post.is_there && !self.apart(who, post.author) && (!post.is_inside || self.inside(who))
    }

    /// Whether they are in the circle.
    pub(super) fn inside(&self, who: usize) -> bool {
        self.people[who].stands == Stands::Inside
    }

    /// Lets it happen, and hears what comes of it.
    pub(super) async fn live(&mut self, act: Act) {
        match act {
            Act::Block(who, other) | Act::Unblock(who, other) => {
                let changes = self.blocks.contains(&(who, other)) == matches!(act, Act::Unblock(..));
                if who != other && changes {
                    self.turn(who, other).await;
                }
            }
            Act::Post(who) => self.publish(who, false).await,
            Act::Inside(who) => self.publish(who, true).await,
            Act::Edit(which) => self.edit(which % self.posts.len()).await,
            Act::Delete(which) => self.delete(which % self.posts.len()).await,
            Act::Restore(which) => self.restore(which % self.posts.len()).await,
            Act::Answer(who, which) => {
                let post = which % self.posts.len();
                let body = json!({ "postId": self.posts[post].id, "text": "hold on" });
                self.answer(who, post, "CreateResponse", body).await;
            }
            Act::Cheer(who, which) => {
                let post = which % self.posts.len();
                let body = json!({ "postId": self.posts[post].id, "kind": "QUICK_KIND_HUG" });
                if self.posts[post].author != who {
                    self.answer(who, post, "QuickSupport", body).await;
                }
            }
            Act::Leave(who) => {
                if self.inside(who) {
                    let body = json!({ "circleId": self.circle });
                    self.call(who, "circles.v1.CircleService/LeaveCircle", body).await.unwrap();
                    self.out(who, Stands::Outside).await;
                }
            }
            Act::Expel(who, is_for_ever) => {
                if self.inside(who) {
                    let (method, stands) =
                        if is_for_ever { ("BanMember", Stands::Banned) } else { ("RemoveMember", Stands::Outside) };
                    self.of_member(who, method).await;
                    self.out(who, stands).await;
                }
            }
            Act::Join(who) => self.join(who).await,
            Act::TakeBack(which) => self.take_back(which % self.answers.len()).await,
            Act::Mark(which) => self.mark(which % self.answers.len()).await,
        }
    }

    async fn publish(&mut self, who: usize, is_inside: bool) {
        let mut body = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "is anybody there?" });
        if is_inside {
            body["circleId"] = json!(self.circle);
        }
        let said = self.call(who, "posts.v1.PostService/CreatePost", body).await;
        assert_eq!(said.is_ok(), !is_inside || self.inside(who), "{who} writes: {said:?}");
        let Ok(said) = said else { return assert_eq!(said.unwrap_err(), "not_found") };
        let post = self.posts.len();
        self.posts.push(Post { id: text(&said["post"]["id"]), author: who, is_there: true, is_inside });
        self.told(self.in_feeds(post, "postCreated")).await;
        for listener in 1..=4 {
            self.listen(listener, post).await;
        }
    }

    async fn edit(&mut self, post: usize) {
        let (author, id) = (self.posts[post].author, self.posts[post].id.clone());
        let found = self.call(author, "posts.v1.PostService/GetPost", json!({ "postId": id })).await;
        assert_eq!(found.is_ok(), self.sees(author, post));
        let Ok(found) = found else { return };
        let body = json!({ "postId": id, "etag": found["post"]["etag"], "body": "is anybody still there?" });
        self.call(author, "posts.v1.PostService/UpdatePost", body).await.unwrap();
        self.told(self.of_post(post, "postUpdated")).await;
    }

    async fn delete(&mut self, post: usize) {
        let (author, body) = (self.posts[post].author, json!({ "postId": self.posts[post].id }));
        let deleted = self.call(author, "posts.v1.PostService/DeletePost", body).await;
        assert_eq!(deleted.is_ok(), self.posts[post].is_there);
        if deleted.is_ok() {
            let told = self.of_post(post, "postRemoved");
            self.posts[post].is_there = false;
            self.told(told).await;
        }
    }

    async fn restore(&mut self, post: usize) {
        let (author, body) = (self.posts[post].author, json!({ "postId": self.posts[post].id }));
        let restored = self.call(author, "posts.v1.PostService/RestorePost", body).await;
        assert_eq!(restored.is_ok(), !self.posts[post].is_inside || self.inside(author), "{restored:?}");
        if restored.is_err() {
            return;
        }
        if !std::mem::replace(&mut self.posts[post].is_there, true) {
            self.told(self.of_post(post, "postCreated")).await;
        }
    }

    pub(super) async fn answer(&mut self, who: usize, post: usize, method: &str, body: Value) {
        let is_quick = method == "QuickSupport";
        let given = self.call(who, &format!("support.v1.SupportService/{method}"), body).await;
        assert_eq!(given.is_ok(), self.sees(who, post), "{who} answers {post}: {given:?}");
        let Ok(given) = given else { return assert_eq!(given.unwrap_err(), "not_found") };
        let id = text(&given["response"]["id"]);
        if is_quick && self.answers.iter().any(|answer| answer.id == id) {
            return;
        }
        let (is_there, is_helpful) = (true, false);
        self.answers.push(Answer { id: id.clone(), author: who, post, is_there, is_quick, is_helpful });
        let mut told = self.of_answer(self.answers.len() - 1, "responseCreated");
        let asked = self.posts[post].author;
        if asked != who && self.sees(asked, post) {
            told.push((asked, ("user".to_owned(), "notice".to_owned(), id)));
        }
        self.told(told).await;
    }

    async fn take_back(&mut self, which: usize) {
        let (author, body) = (self.answers[which].author, json!({ "responseId": self.answers[which].id }));
        let gone = self.call(author, "support.v1.SupportService/DeleteResponse", body).await;
        assert_eq!(gone.is_ok(), std::mem::replace(&mut self.answers[which].is_there, false));
        if gone.is_ok() {
            self.told(self.of_answer(which, "responseRemoved")).await;
        }
    }

    async fn mark(&mut self, which: usize) {
        let Answer { author, post, is_there, .. } = self.answers[which];
        let asked = self.posts[post].author;
        let id = self.answers[which].id.clone();
        let marked = self.call(asked, "support.v1.SupportService/MarkHelpful", json!({ "responseId": id })).await;
        let may = is_there && self.sees(asked, post) && author != asked && !self.apart(author, asked);
        assert_eq!(marked.is_ok(), may, "{marked:?}");
        if may && !std::mem::replace(&mut self.answers[which].is_helpful, true) {
            let mut told = self.of_answer(which, "responseUpdated");
            if self.sees(author, post) {
                told.push((author, ("user".to_owned(), "notice".to_owned(), id)));
            }
            self.told(told).await;
        }
    }

    /// Blocks, or takes the block back. The sockets of the two have looked again when both have been sent away from a
    /// post that was deleted before.
    async fn turn(&mut self, who: usize, other: usize) {
        self.publish(0, false).await;
        self.delete(self.posts.len() - 1).await;
        let blocks = !self.blocks.remove(&(who, other));
        if blocks {
            self.blocks.insert((who, other));
        }
        let method = if blocks { "BlockUser" } else { "UnblockUser" };
        let body = json!({ "personaId": self.people[other].persona });
        self.call(who, &format!("users.v1.UserService/{method}"), body).await.unwrap();
        let told = [self.sent_away(who), self.sent_away(other)].concat();
        self.told(told).await;
        for looks in [who, other] {
            for post in 0..self.posts.len() {
                self.listen(looks, post).await;
            }
        }
        self.look().await;
    }

    /// From which posts somebody is sent away whose socket looks again: from those, too, that have been deleted.
    fn sent_away(&mut self, who: usize) -> Told {
        let mut listens = std::mem::take(&mut self.people[who].listens);
        let gone = listens.extract_if(.., |post, _| !self.sees(who, *post));
        let told = gone.map(|(post, _)| (who, away(format!("post:{}", self.posts[post].id)))).collect();
        self.people[who].listens = listens;
        told
    }

    /// Somebody does something with a member, as who keeps the circle.
    async fn of_member(&self, who: usize, method: &str) {
        let body = json!({ "circleId": self.circle, "personaId": self.people[who].inside });
        self.call(0, &format!("circles.v1.CircleService/{method}"), body).await.unwrap();
    }

    /// They are out of the circle now, and nothing of it is told to them any more.
    async fn out(&mut self, who: usize, stands: Stands) {
        self.people[who].stands = stands;
        let mut told = self.sent_away(who);
        told.push((who, away(format!("circle:{}", self.circle))));
        self.told(told).await;
        self.look().await;
    }

    async fn join(&mut self, who: usize) {
        if self.inside(who) {
            return;
        }
        let (join, body) = ("circles.v1.CircleService/JoinCircle", json!({ "circleId": self.circle }));
        if self.people[who].stands == Stands::Banned {
            assert_eq!(self.call(who, join, body.clone()).await.unwrap_err(), "not_found");
            self.of_member(who, "UnbanMember").await;
        }
        let joined = self.call(who, join, body).await.unwrap();
        assert_eq!(joined["circle"]["persona"]["id"], self.people[who].inside, "they are who they were");
        self.people[who].stands = Stands::Inside;
        let told = self.sent_away(who);
        self.told(told).await;
        let channel = format!("circle:{}", self.circle);
        assert!(self.people[who].ears.as_mut().unwrap().subscribe(&channel).await.is_some());
        for post in 0..self.posts.len() {
            self.listen(who, post).await;
        }
        self.look().await;
    }

    /// Listens to a post from now on, if they do not yet and may.
    async fn listen(&mut self, who: usize, post: usize) {
        if self.people[who].listens.contains_key(&post) {
            return;
        }
        let (id, sees) = (self.posts[post].id.clone(), self.sees(who, post));
        let position = self.people[who].ears.as_mut().unwrap().subscribe(&format!("post:{id}")).await;
        assert_eq!(position.is_some(), sees, "{who} listens to {post}");
        self.people[who].listens.extend(position.map(|position| (post, position)));
    }

    fn in_feeds(&self, post: usize, what: &str) -> Told {
        let (id, author) = (&self.posts[post].id, self.posts[post].author);
        let seeing = (1..=4).filter(|who| !self.apart(*who, author));
        let on = |channel: &str| (channel.to_owned(), what.to_owned(), id.clone());
        if self.posts[post].is_inside {
            let channel = format!("circle:{}", self.circle);
            return seeing.filter(|who| self.inside(*who)).map(|who| (who, on(&channel))).collect();
        }
        seeing.flat_map(|who| [(who, on("feed")), (who, on("stream"))]).collect()
    }

    fn of_post(&self, post: usize, what: &str) -> Told {
        let mut told = self.in_feeds(post, what);
        told.extend(self.at(post, self.posts[post].author, what, &self.posts[post].id));
        told
    }

    fn of_answer(&self, which: usize, what: &str) -> Told {
        let answer = &self.answers[which];
        self.at(answer.post, answer.author, what, &answer.id).collect()
    }

    /// What those who listen to a post hear of something that `author` did.
    fn at(&self, post: usize, author: usize, what: &str, id: &str) -> impl Iterator<Item = (usize, Frame)> {
        let listening = (1..=4).filter(move |who| self.people[*who].listens.contains_key(&post));
        let frame = (format!("post:{}", self.posts[post].id), what.to_owned(), id.to_owned());
        listening.filter(move |who| !self.apart(*who, author)).map(move |who| (who, frame.clone()))
    }

    /// All that happened goes round; each hears what is for them, and nothing else.
    async fn told(&mut self, told: Told) {
        self.app.entrypoints.relay.drain().await.unwrap();
        for who in 1..=4 {
            let own = told.iter().filter(|(to, _)| *to == who).map(|(_, frame)| frame.clone());
            self.people[who].ears.as_mut().unwrap().hear(who, own.collect()).await;
        }
    }
}

fn away(channel: String) -> Frame {
    (channel, "unsubscribed".to_owned(), String::new())
}
