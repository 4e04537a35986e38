//! Model of the actions of four users and of the content that each of them can see.

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
    wiring::{App, QuotaMode, RuntimeContext, Settings, Stores},
};
use kith_infra::keys::KeyRing;
use kith_kernel::{SystemClock, SystemEntropy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::listeners::{Frame, Listener, text};

/// Action of a user. The first number is the user, except for actions of the owner of a post or response. An index of a
/// post or response is taken modulo their number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    Post(usize),
    PostInCircle(usize),
    Edit(usize),
    Delete(usize),
    Restore(usize),
    Respond(usize, usize),
    QuickSupport(usize, usize),
    DeleteResponse(usize),
    MarkHelpful(usize),
    Block(usize, usize),
    Unblock(usize, usize),
    Leave(usize),
    /// The owner of the circle removes the member, or bans them if the flag is true.
    Remove(usize, bool),
    /// Joins the circle again. A ban is lifted first.
    Join(usize),
}

/// The whole application, the owner of the circle, whom no user blocks (0), and the four users (1 to 4).
pub(super) struct Scenario {
    pub(super) app: App,
    pub(super) address: String,
    /// All users are members at first.
    pub(super) circle: String,
    pub(super) users: Vec<User>,
    pub(super) posts: Vec<Post>,
    pub(super) responses: Vec<Response>,
    blocks: BTreeSet<(usize, usize)>,
    _database: kith_testkit::SqliteDatabase,
}

pub(super) struct User {
    pub(super) access: String,
    pub(super) persona: String,
    pub(super) listener: Option<Listener>,
    /// Position of the subscription of each subscribed post.
    pub(super) subscriptions: BTreeMap<usize, String>,
    /// Persona in the circle. It stays the same after a rejoin.
    pub(super) circle_persona: String,
    pub(super) membership: MembershipStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MembershipStatus {
    Member,
    NotMember,
    Banned,
}

pub(super) struct Post {
    pub(super) id: String,
    pub(super) author: usize,
    pub(super) exists: bool,
    pub(super) in_circle: bool,
}

pub(super) struct Response {
    pub(super) id: String,
    pub(super) author: usize,
    pub(super) post: usize,
    pub(super) exists: bool,
    pub(super) is_quick: bool,
    is_helpful: bool,
}

/// Frames that must be received after an action, with the receiving user.
type ExpectedFrames = Vec<(usize, Frame)>;

impl Scenario {
    pub(super) async fn start() -> Self {
        let database = kith_testkit::sqlite_database().await;
        let entropy = Arc::new(SystemEntropy);
        let ring = Arc::new(KeyRing::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let runtime = RuntimeContext { clock: Arc::new(SystemClock), entropy, ring };
        let realtime =
            kith_realtime::Limits { frame_burst: 10_000, max_channels: 1_000, ..kith_realtime::Limits::default() };
        let settings = Settings { quotas: QuotaMode::Unlimited, realtime, ..Settings::default() };
        let stores = Stores::embedded(&database, &runtime, &settings).unwrap();
        let app = App::wire(&stores, &runtime, &settings).await.unwrap();
        app.entrypoints.ready.send_replace(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stack = app.entrypoints.http.clone();
        tokio::spawn(http::connection::serve(listener, stack, ConnectionLimits::default(), std::future::pending()));
        let (users, posts, responses, circle) = (Vec::new(), Vec::new(), Vec::new(), String::new());
        let mut scenario =
            Self { app, address, circle, users, posts, responses, blocks: BTreeSet::new(), _database: database };
        for _ in 0..=4 {
            let registration = scenario.send(None, "auth.v1.AuthService/RegisterAnonymous", json!({})).await.unwrap();
            let (access, persona) = (&registration["credentials"]["accessToken"], &registration["persona"]["id"]);
            let (access, persona) = (text(access), text(persona));
            let (circle_persona, membership) = (String::new(), MembershipStatus::Member);
            scenario.users.push(User {
                access,
                persona,
                listener: None,
                subscriptions: BTreeMap::new(),
                circle_persona,
                membership,
            });
        }
        scenario.create_circle().await;
        for user in 1..=4 {
            scenario.users[user].listener = Some(Listener::connect(&scenario, user).await);
        }
        scenario
    }

    /// Creates the circle and makes all users members.
    async fn create_circle(&mut self) {
        let circle = json!({
            "name": "Evenings", "category": "alcohol", "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 10,
        });
        let created = self.call(0, "circles.v1.CircleService/CreateCircle", circle).await.unwrap();
        self.circle = text(&created["circle"]["id"]);
        for user in 1..=4 {
            let body = json!({ "circleId": self.circle });
            let joined = self.call(user, "circles.v1.CircleService/JoinCircle", body).await.unwrap();
            self.users[user].circle_persona = text(&joined["circle"]["persona"]["id"]);
        }
        self.app.entrypoints.relay.drain().await.unwrap();
    }

    /// Calls a method. Returns the response, or the code of the error.
    pub(super) async fn call(&self, user: usize, method: &str, body: Value) -> Result<Value, String> {
        self.send(Some(&self.users[user].access), method, body).await
    }

    async fn send(&self, token: Option<&str>, method: &str, body: Value) -> Result<Value, String> {
        let mut request = Request::post(format!("/kith.{method}")).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let (parts, body) = self.app.entrypoints.http.clone().oneshot(request).await.unwrap().into_parts();
        let response: Value = serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap();
        if parts.status.is_success() { Ok(response) } else { Err(text(&response["code"])) }
    }

    pub(super) fn are_blocked(&self, one: usize, other: usize) -> bool {
        self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one))
    }

    pub(super) fn can_see(&self, user: usize, post: usize) -> bool {
        let post = &self.posts[post];
        post.exists && !self.are_blocked(user, post.author) && (!post.in_circle || self.is_member(user))
    }

    pub(super) fn is_member(&self, user: usize) -> bool {
        self.users[user].membership == MembershipStatus::Member
    }

    /// Executes an action and receives the frames that it causes.
    pub(super) async fn apply(&mut self, action: Action) {
        match action {
            Action::Block(user, other) | Action::Unblock(user, other) => {
                let changes = self.blocks.contains(&(user, other)) == matches!(action, Action::Unblock(..));
                if user != other && changes {
                    self.toggle_block(user, other).await;
                }
            }
            Action::Post(user) => self.create_post(user, false).await,
            Action::PostInCircle(user) => self.create_post(user, true).await,
            Action::Edit(index) => self.edit(index % self.posts.len()).await,
            Action::Delete(index) => self.delete(index % self.posts.len()).await,
            Action::Restore(index) => self.restore(index % self.posts.len()).await,
            Action::Respond(user, index) => {
                let post = index % self.posts.len();
                let body = json!({ "postId": self.posts[post].id, "text": "hold on" });
                self.respond(user, post, "CreateResponse", body).await;
            }
            Action::QuickSupport(user, index) => {
                let post = index % self.posts.len();
                let body = json!({ "postId": self.posts[post].id, "kind": "QUICK_KIND_HUG" });
                if self.posts[post].author != user {
                    self.respond(user, post, "QuickSupport", body).await;
                }
            }
            Action::Leave(user) => {
                if self.is_member(user) {
                    let body = json!({ "circleId": self.circle });
                    self.call(user, "circles.v1.CircleService/LeaveCircle", body).await.unwrap();
                    self.end_membership(user, MembershipStatus::NotMember).await;
                }
            }
            Action::Remove(user, is_ban) => {
                if self.is_member(user) {
                    let (method, membership) = if is_ban {
                        ("BanMember", MembershipStatus::Banned)
                    } else {
                        ("RemoveMember", MembershipStatus::NotMember)
                    };
                    self.moderate_member(user, method).await;
                    self.end_membership(user, membership).await;
                }
            }
            Action::Join(user) => self.join(user).await,
            Action::DeleteResponse(index) => self.delete_response(index % self.responses.len()).await,
            Action::MarkHelpful(index) => self.mark_helpful(index % self.responses.len()).await,
        }
    }

    async fn create_post(&mut self, user: usize, in_circle: bool) {
        let mut body = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "is anybody there?" });
        if in_circle {
            body["circleId"] = json!(self.circle);
        }
        let created = self.call(user, "posts.v1.PostService/CreatePost", body).await;
        assert_eq!(created.is_ok(), !in_circle || self.is_member(user), "post of {user}: {created:?}");
        let Ok(created) = created else { return assert_eq!(created.unwrap_err(), "not_found") };
        let post = self.posts.len();
        self.posts.push(Post { id: text(&created["post"]["id"]), author: user, exists: true, in_circle });
        self.expect_frames(self.feed_frames(post, "postCreated")).await;
        for listener in 1..=4 {
            self.subscribe_to_post(listener, post).await;
        }
    }

    async fn edit(&mut self, post: usize) {
        let (author, id) = (self.posts[post].author, self.posts[post].id.clone());
        let found = self.call(author, "posts.v1.PostService/GetPost", json!({ "postId": id })).await;
        assert_eq!(found.is_ok(), self.can_see(author, post));
        let Ok(found) = found else { return };
        let body = json!({ "postId": id, "etag": found["post"]["etag"], "body": "is anybody still there?" });
        self.call(author, "posts.v1.PostService/UpdatePost", body).await.unwrap();
        self.expect_frames(self.post_frames(post, "postUpdated")).await;
    }

    async fn delete(&mut self, post: usize) {
        let (author, body) = (self.posts[post].author, json!({ "postId": self.posts[post].id }));
        let deleted = self.call(author, "posts.v1.PostService/DeletePost", body).await;
        assert_eq!(deleted.is_ok(), self.posts[post].exists);
        if deleted.is_ok() {
            let expected = self.post_frames(post, "postRemoved");
            self.posts[post].exists = false;
            self.expect_frames(expected).await;
        }
    }

    async fn restore(&mut self, post: usize) {
        let (author, body) = (self.posts[post].author, json!({ "postId": self.posts[post].id }));
        let restored = self.call(author, "posts.v1.PostService/RestorePost", body).await;
        assert_eq!(restored.is_ok(), !self.posts[post].in_circle || self.is_member(author), "{restored:?}");
        if restored.is_err() {
            return;
        }
        if !std::mem::replace(&mut self.posts[post].exists, true) {
            self.expect_frames(self.post_frames(post, "postCreated")).await;
        }
    }

    pub(super) async fn respond(&mut self, user: usize, post: usize, method: &str, body: Value) {
        let is_quick = method == "QuickSupport";
        let created = self.call(user, &format!("support.v1.SupportService/{method}"), body).await;
        assert_eq!(created.is_ok(), self.can_see(user, post), "response of {user} to {post}: {created:?}");
        let Ok(created) = created else { return assert_eq!(created.unwrap_err(), "not_found") };
        let id = text(&created["response"]["id"]);
        if is_quick && self.responses.iter().any(|response| response.id == id) {
            return;
        }
        let (exists, is_helpful) = (true, false);
        self.responses.push(Response { id: id.clone(), author: user, post, exists, is_quick, is_helpful });
        let mut expected = self.response_frames(self.responses.len() - 1, "responseCreated");
        let post_author = self.posts[post].author;
        if post_author != user && self.can_see(post_author, post) {
            expected.push((post_author, ("user".to_owned(), "notice".to_owned(), id)));
        }
        self.expect_frames(expected).await;
    }

    async fn delete_response(&mut self, index: usize) {
        let (author, body) = (self.responses[index].author, json!({ "responseId": self.responses[index].id }));
        let deleted = self.call(author, "support.v1.SupportService/DeleteResponse", body).await;
        assert_eq!(deleted.is_ok(), std::mem::replace(&mut self.responses[index].exists, false));
        if deleted.is_ok() {
            self.expect_frames(self.response_frames(index, "responseRemoved")).await;
        }
    }

    async fn mark_helpful(&mut self, index: usize) {
        let Response { author, post, exists, .. } = self.responses[index];
        let post_author = self.posts[post].author;
        let id = self.responses[index].id.clone();
        let marked = self.call(post_author, "support.v1.SupportService/MarkHelpful", json!({ "responseId": id })).await;
        let can_mark = exists
            && self.can_see(post_author, post)
            && author != post_author
            && !self.are_blocked(author, post_author);
        assert_eq!(marked.is_ok(), can_mark, "{marked:?}");
        if can_mark && !std::mem::replace(&mut self.responses[index].is_helpful, true) {
            let mut expected = self.response_frames(index, "responseUpdated");
            if self.can_see(author, post) {
                expected.push((author, ("user".to_owned(), "notice".to_owned(), id)));
            }
            self.expect_frames(expected).await;
        }
    }

    /// Blocks or unblocks. A post that was deleted before shows when the sockets of both users have revalidated their
    /// permissions: both are unsubscribed from it.
    async fn toggle_block(&mut self, user: usize, other: usize) {
        self.create_post(0, false).await;
        self.delete(self.posts.len() - 1).await;
        let blocks = !self.blocks.remove(&(user, other));
        if blocks {
            self.blocks.insert((user, other));
        }
        let method = if blocks { "BlockUser" } else { "UnblockUser" };
        let body = json!({ "personaId": self.users[other].persona });
        self.call(user, &format!("users.v1.UserService/{method}"), body).await.unwrap();
        let expected = [self.expected_unsubscribes(user), self.expected_unsubscribes(other)].concat();
        self.expect_frames(expected).await;
        for user in [user, other] {
            for post in 0..self.posts.len() {
                self.subscribe_to_post(user, post).await;
            }
        }
        self.check_all().await;
    }

    /// Returns the unsubscribe frames of a user whose socket revalidates its permissions: for posts that the user can no
    /// longer see, including deleted ones.
    fn expected_unsubscribes(&mut self, user: usize) -> ExpectedFrames {
        let mut subscriptions = std::mem::take(&mut self.users[user].subscriptions);
        let revoked = subscriptions.extract_if(.., |post, _| !self.can_see(user, *post));
        let expected = revoked.map(|(post, _)| (user, unsubscribed(format!("post:{}", self.posts[post].id)))).collect();
        self.users[user].subscriptions = subscriptions;
        expected
    }

    /// Calls a method about a member as the owner of the circle.
    async fn moderate_member(&self, user: usize, method: &str) {
        let body = json!({ "circleId": self.circle, "personaId": self.users[user].circle_persona });
        self.call(0, &format!("circles.v1.CircleService/{method}"), body).await.unwrap();
    }

    /// Records the end of a membership. All channels of the circle are unsubscribed.
    async fn end_membership(&mut self, user: usize, membership: MembershipStatus) {
        self.users[user].membership = membership;
        let mut expected = self.expected_unsubscribes(user);
        expected.push((user, unsubscribed(format!("circle:{}", self.circle))));
        self.expect_frames(expected).await;
        self.check_all().await;
    }

    async fn join(&mut self, user: usize) {
        if self.is_member(user) {
            return;
        }
        let (join, body) = ("circles.v1.CircleService/JoinCircle", json!({ "circleId": self.circle }));
        if self.users[user].membership == MembershipStatus::Banned {
            assert_eq!(self.call(user, join, body.clone()).await.unwrap_err(), "not_found");
            self.moderate_member(user, "UnbanMember").await;
        }
        let joined = self.call(user, join, body).await.unwrap();
        assert_eq!(joined["circle"]["persona"]["id"], self.users[user].circle_persona, "the persona changed");
        self.users[user].membership = MembershipStatus::Member;
        let expected = self.expected_unsubscribes(user);
        self.expect_frames(expected).await;
        let channel = format!("circle:{}", self.circle);
        assert!(self.users[user].listener.as_mut().unwrap().subscribe(&channel).await.is_some());
        for post in 0..self.posts.len() {
            self.subscribe_to_post(user, post).await;
        }
        self.check_all().await;
    }

    /// Subscribes to a post, unless the user is subscribed. The subscription must fail if the user cannot see the post.
    async fn subscribe_to_post(&mut self, user: usize, post: usize) {
        if self.users[user].subscriptions.contains_key(&post) {
            return;
        }
        let (id, can_see) = (self.posts[post].id.clone(), self.can_see(user, post));
        let position = self.users[user].listener.as_mut().unwrap().subscribe(&format!("post:{id}")).await;
        assert_eq!(position.is_some(), can_see, "subscription of {user} to {post}");
        self.users[user].subscriptions.extend(position.map(|position| (post, position)));
    }

    fn feed_frames(&self, post: usize, kind: &str) -> ExpectedFrames {
        let (id, author) = (&self.posts[post].id, self.posts[post].author);
        let viewers = (1..=4).filter(|user| !self.are_blocked(*user, author));
        let frame_on = |channel: &str| (channel.to_owned(), kind.to_owned(), id.clone());
        if self.posts[post].in_circle {
            let channel = format!("circle:{}", self.circle);
            return viewers.filter(|user| self.is_member(*user)).map(|user| (user, frame_on(&channel))).collect();
        }
        viewers.flat_map(|user| [(user, frame_on("feed")), (user, frame_on("stream"))]).collect()
    }

    fn post_frames(&self, post: usize, kind: &str) -> ExpectedFrames {
        let mut expected = self.feed_frames(post, kind);
        expected.extend(self.post_channel_frames(post, self.posts[post].author, kind, &self.posts[post].id));
        expected
    }

    fn response_frames(&self, index: usize, kind: &str) -> ExpectedFrames {
        let response = &self.responses[index];
        self.post_channel_frames(response.post, response.author, kind, &response.id).collect()
    }

    /// Frames on the channel of a post for an action of `author`.
    fn post_channel_frames(
        &self,
        post: usize,
        author: usize,
        kind: &str,
        id: &str,
    ) -> impl Iterator<Item = (usize, Frame)> {
        let subscribers = (1..=4).filter(move |user| self.users[*user].subscriptions.contains_key(&post));
        let frame = (format!("post:{}", self.posts[post].id), kind.to_owned(), id.to_owned());
        subscribers.filter(move |user| !self.are_blocked(*user, author)).map(move |user| (user, frame.clone()))
    }

    /// Publishes all events. Each user must receive exactly the frames expected for them.
    async fn expect_frames(&mut self, expected: ExpectedFrames) {
        self.app.entrypoints.relay.drain().await.unwrap();
        for user in 1..=4 {
            let own = expected.iter().filter(|(to, _)| *to == user).map(|(_, frame)| frame.clone());
            self.users[user].listener.as_mut().unwrap().receive_exactly(user, own.collect()).await;
        }
    }
}

fn unsubscribed(channel: String) -> Frame {
    (channel, "unsubscribed".to_owned(), String::new())
}
