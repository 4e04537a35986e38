//! Test harness: a gateway on a free port with stub slices.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kith_infra::replay_log::{InMemory, Retention};
use kith_kernel::{
    Actor, Channel, CircleId, Clock, ErrorKind, Event, EventPayload, PortError, PostEvent, PostId, PostKind,
    ResponseId, SystemClock, SystemEntropy, UserId,
    event::{PostRef, ResponseRef},
    ports::{
        BlockList, ChannelAccess, EventHandler as _, PostLookup, PostSummary, RedeemedTicket, ReplayLog, TicketRedeemer,
    },
};
use kith_proto::{
    posts::v1::Post,
    support::v1::{Response, response::Content},
};
use kith_realtime::{
    ChannelPublisher, FeedPlacement, Gateway, GatewayDeps, Limits, PostPresenter, PostView, ResponsePresenter,
};
use kith_testkit::{member, user};

use crate::client::Client;

pub(crate) const ORIGIN: &str = "https://kith.example";
const KEY: [u8; 16] = [7; 16];
pub(crate) const RETENTION: Duration = Duration::from_mins(10);

/// Stub of all ports of the slices.
#[derive(Default)]
pub(crate) struct StubSlices(Mutex<StubState>);

#[derive(Default)]
struct StubState {
    tickets: Vec<(String, RedeemedTicket)>,
    denied: HashSet<(UserId, Channel)>,
    blocked: HashSet<(UserId, UserId)>,
    unavailable: bool,
    removed: HashSet<String>,
    outside_feeds: HashSet<String>,
    circles: HashMap<String, String>,
    hidden: HashSet<(UserId, PostId)>,
    failing_reads: usize,
    reads: usize,
}

impl StubSlices {
    /// Denies access to a channel.
    pub(crate) fn deny(&self, user: UserId, name: &str) {
        self.0.lock().unwrap().denied.insert((user, name.parse().unwrap()));
    }

    /// Makes two accounts invisible to each other.
    pub(crate) fn block(&self, one: UserId, other: UserId) {
        self.0.lock().unwrap().blocked.extend([(one, other), (other, one)]);
    }

    /// Makes the access check unavailable.
    pub(crate) fn make_unavailable(&self) {
        self.0.lock().unwrap().unavailable = true;
    }

    /// Removes a post.
    pub(crate) fn remove(&self, post: PostId) {
        self.0.lock().unwrap().removed.insert(post.to_string());
    }

    /// Hides a post from an account.
    pub(crate) fn hide(&self, post: PostId, from: UserId) {
        self.0.lock().unwrap().hidden.insert((from, post));
    }

    /// Removes a post from all feeds.
    pub(crate) fn remove_from_feeds(&self, post: PostId) {
        self.0.lock().unwrap().outside_feeds.insert(post.to_string());
    }

    /// Moves a post to a circle.
    pub(crate) fn move_to_circle(&self, post: PostId, circle: CircleId) {
        self.0.lock().unwrap().circles.insert(post.to_string(), circle.to_string());
    }

    /// Makes the next reads of content fail.
    pub(crate) fn fail_reads(&self, reads: usize) {
        self.0.lock().unwrap().failing_reads = reads;
    }

    /// Returns the number of content reads.
    pub(crate) fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    /// Returns true if the content exists.
    fn read(&self, id: &str) -> Result<bool, PortError> {
        let mut state = self.0.lock().unwrap();
        state.reads += 1;
        if state.failing_reads > 0 {
            state.failing_reads -= 1;
            return Err(PortError::new(ErrorKind::Unavailable, "unavailable"));
        }
        Ok(!state.removed.contains(id))
    }

    pub(crate) fn ticket(&self, actor: &Actor, ttl: Duration) -> String {
        let (ticket, until) = (user().to_string(), SystemClock.now().after(ttl));
        self.0
            .lock()
            .unwrap()
            .tickets
            .push((ticket.clone(), RedeemedTicket { actor: actor.clone(), expires_at: until }));
        ticket
    }
}

#[async_trait]
impl PostLookup for StubSlices {
    async fn find_visible(&self, viewer: UserId, post: PostId) -> Result<Option<PostSummary>, PortError> {
        let is_hidden = self.0.lock().unwrap().hidden.contains(&(viewer, post));
        Ok((!is_hidden).then_some(PostSummary { id: post, author: viewer, circle: None }))
    }

    async fn is_visible_to_all_readers(&self, _: PostId) -> Result<bool, PortError> {
        Ok(true)
    }
}

#[async_trait]
impl TicketRedeemer for StubSlices {
    async fn redeem(&self, ticket: &str) -> Result<Option<RedeemedTicket>, PortError> {
        let tickets = &mut self.0.lock().unwrap().tickets;
        let found = tickets.iter().position(|(known, _)| known == ticket);
        Ok(found.map(|index| tickets.swap_remove(index).1))
    }
}

#[async_trait]
impl ChannelAccess for StubSlices {
    async fn can_subscribe(&self, actor: &Actor, channel: &Channel) -> Result<bool, PortError> {
        let state = self.0.lock().unwrap();
        if state.unavailable {
            return Err(PortError::new(ErrorKind::Unavailable, "unavailable"));
        }
        Ok(!state.denied.contains(&(actor.user, *channel)))
    }
}

#[async_trait]
impl BlockList for StubSlices {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError> {
        let state = self.0.lock().unwrap();
        Ok(state.blocked.iter().filter(|(one, _)| *one == viewer).map(|(_, other)| *other).collect())
    }
}

#[async_trait]
impl PostPresenter for StubSlices {
    async fn present_post(&self, post: PostId) -> Result<Option<PostView>, PortError> {
        let id = post.to_string();
        let exists = self.read(&id)?;
        let place = if self.0.lock().unwrap().outside_feeds.contains(&id) {
            FeedPlacement::OwnChannelOnly
        } else {
            FeedPlacement::Feeds
        };
        let circle_id = self.0.lock().unwrap().circles.get(&id).cloned();
        let post = Post { body: format!("the text of {id}"), id, urgency: 4, circle_id, ..Post::default() };
        Ok(exists.then_some(PostView { post, placement: place }))
    }
}

#[async_trait]
impl ResponsePresenter for StubSlices {
    async fn present_response(&self, response: ResponseId) -> Result<Option<Response>, PortError> {
        let id = response.to_string();
        let exists = self.read(&id)?;
        let content = Some(Content::Text(format!("the text of {id}")));
        Ok(exists.then(|| Response { id, content, ..Response::default() }))
    }
}

pub(crate) struct Node {
    pub(crate) replay_log: Arc<dyn ReplayLog>,
    pub(crate) slices: Arc<StubSlices>,
    pub(crate) gateway: Gateway,
    pub(crate) address: String,
}

/// Creates an empty log.
pub(crate) fn log(epoch: u32, clock: Arc<dyn Clock>) -> Arc<dyn ReplayLog> {
    Arc::new(InMemory::new(&KEY, epoch, Retention { max_entries: 1000, max_bytes: 1 << 20, max_age: RETENTION }, clock))
}

/// Starts a node with its own log.
pub(crate) async fn embedded(limits: Limits) -> Node {
    node(log(1, Arc::new(SystemClock)), Arc::default(), limits).await
}

/// Starts two nodes that share a log and the stub slices.
pub(crate) async fn pair() -> (Node, Node) {
    let (replay_log, slices) = (log(1, Arc::new(SystemClock)), Arc::<StubSlices>::default());
    // A client that reconnects faster than a node detects the disconnect has many connections for a moment.
    let limits = Limits { max_connections: 1_000, ..Limits::default() };
    let one = node(replay_log.clone(), slices.clone(), limits).await;
    (one, node(replay_log, slices, limits).await)
}

pub(crate) async fn node(replay_log: Arc<dyn ReplayLog>, slices: Arc<StubSlices>, limits: Limits) -> Node {
    let deps = GatewayDeps {
        replay_log: replay_log.clone(),
        access: slices.clone(),
        blocks: slices.clone(),
        tickets: slices.clone(),
        lookup: slices.clone(),
        posts: slices.clone(),
        responses: slices.clone(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let gateway = Gateway::start(deps, limits, vec![ORIGIN.to_owned()]).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = gateway.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Node { replay_log, slices, gateway, address }
}

impl Node {
    /// Connects and authenticates.
    pub(crate) async fn client(&self, actor: &Actor) -> Client {
        let mut client = Client::open(&self.address).await;
        client.hello(&self.slices.ticket(actor, Duration::from_hours(1))).await;
        client
    }

    /// Waits until the node has no connections and no topics.
    pub(crate) async fn idle(&self) {
        while self.gateway.load() != (0, 0) {
            tokio::task::yield_now().await;
        }
    }

    /// Publishes an event.
    pub(crate) async fn publish(&self, author: UserId, payload: EventPayload) -> Event {
        let event = Event::new(SystemClock.now(), author, payload, &SystemEntropy);
        self.redeliver(&event).await;
        event
    }

    /// Publishes an event again.
    pub(crate) async fn redeliver(&self, event: &Event) {
        ChannelPublisher { replay_log: self.replay_log.clone() }.handle(&event.clone().into()).await.unwrap();
    }

    /// Publishes `count` posts of an author and returns the event ids.
    pub(crate) async fn post(&self, author: UserId, count: usize) -> Vec<String> {
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            ids.push(self.publish(author, EventPayload::Post(PostEvent::Created(new_post(&[])))).await.id.to_string());
        }
        ids
    }
}

/// A new post in these categories.
pub(crate) fn new_post(categories: &[&str]) -> PostRef {
    let categories = categories.iter().map(|slug| slug.parse().unwrap()).collect();
    let post = PostId::new(SystemClock.now(), &SystemEntropy);
    PostRef { post, kind: PostKind::Question, categories, circle: None }
}

/// A new response of `author` to a new post of `post_author`.
pub(crate) fn new_response(author: UserId, post_author: UserId) -> ResponseRef {
    let now = SystemClock.now();
    let (response, post) = (ResponseId::new(now, &SystemEntropy), PostId::new(now, &SystemEntropy));
    ResponseRef { response, author, post, post_author }
}

pub(crate) fn two_members() -> (Actor, Actor) {
    (member(), member())
}
