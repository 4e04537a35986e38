//! A gateway on a free port, and the answers of the slices behind it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kith_infra::live::{Bounds, Local};
use kith_kernel::{
    Actor, Channel, CircleId, Clock, ErrorKind, Event, EventPayload, PostKind, PortError, PostEvent, PostId, ResponseId,
    SystemClock, SystemEntropy, UserId,
    event::{PostRef, ResponseRef},
    ports::{
        BlockList, ChannelAccess, EventHandler as _, PostLookup, PostSummary, RedeemedTicket, ReplayLog, TicketRedeemer,
    },
};
use kith_proto::{
    posts::v1::Post,
    support::v1::{Response, response::Content},
};
use kith_realtime::{ChannelPublisher, FeedPlacement, Gateway, Limits, Ports, PostPresenter, PostView, ResponsePresenter};
use kith_testkit::{member, user};

use crate::client::Client;

pub(crate) const ORIGIN: &str = "https://kith.example";
const KEY: [u8; 16] = [7; 16];
pub(crate) const AGE: Duration = Duration::from_mins(10);

/// What the slices would answer.
#[derive(Default)]
pub(crate) struct Slices(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    tickets: Vec<(String, RedeemedTicket)>,
    closed: HashSet<(UserId, Channel)>,
    apart: HashSet<(UserId, UserId)>,
    silent: bool,
    gone: HashSet<String>,
    left: HashSet<String>,
    circles: HashMap<String, String>,
    outside: HashSet<(UserId, PostId)>,
    failing: usize,
    reads: usize,
}

impl Slices {
    /// From now on this person may not listen to this.
    pub(crate) fn shut(&self, who: UserId, name: &str) {
        self.0.lock().unwrap().closed.insert((who, name.parse().unwrap()));
    }

    /// From now on these two do not see each other.
    pub(crate) fn part(&self, one: UserId, other: UserId) {
        self.0.lock().unwrap().apart.extend([(one, other), (other, one)]);
    }

    /// From now on nobody answers.
    pub(crate) fn silence(&self) {
        self.0.lock().unwrap().silent = true;
    }

    /// From now on there is no such post.
    pub(crate) fn remove(&self, post: PostId) {
        self.0.lock().unwrap().gone.insert(post.to_string());
    }

    /// From now on this post is not there for this person.
    pub(crate) fn hide(&self, post: PostId, from: UserId) {
        self.0.lock().unwrap().outside.insert((from, post));
    }

    /// From now on this post is in no feed.
    pub(crate) fn leave(&self, post: PostId) {
        self.0.lock().unwrap().left.insert(post.to_string());
    }

    /// From now on this post belongs to this circle.
    pub(crate) fn enclose(&self, post: PostId, circle: CircleId) {
        self.0.lock().unwrap().circles.insert(post.to_string(), circle.to_string());
    }

    /// The next so many reads of posts and responses fail.
    pub(crate) fn fail(&self, reads: usize) {
        self.0.lock().unwrap().failing = reads;
    }

    /// How many posts and responses were read.
    pub(crate) fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    /// Whether there is such a thing.
    fn read(&self, id: &str) -> Result<bool, PortError> {
        let mut answers = self.0.lock().unwrap();
        answers.reads += 1;
        if answers.failing > 0 {
            answers.failing -= 1;
            return Err(PortError::new(ErrorKind::Unavailable, "no answer"));
        }
        Ok(!answers.gone.contains(id))
    }

    pub(crate) fn ticket(&self, actor: &Actor, lasts: Duration) -> String {
        let (ticket, until) = (user().to_string(), SystemClock.now().after(lasts));
        self.0.lock().unwrap().tickets.push((ticket.clone(), RedeemedTicket { actor: actor.clone(), expires_at: until }));
        ticket
    }
}

#[async_trait]
impl PostLookup for Slices {
    async fn find_visible(&self, viewer: UserId, post: PostId) -> Result<Option<PostSummary>, PortError> {
        let is_outside = self.0.lock().unwrap().outside.contains(&(viewer, post));
        Ok((!is_outside).then_some(PostSummary { id: post, author: viewer, circle: None }))
    }

    async fn is_public(&self, _: PostId) -> Result<bool, PortError> {
        Ok(true)
    }
}

#[async_trait]
impl TicketRedeemer for Slices {
    async fn redeem(&self, ticket: &str) -> Result<Option<RedeemedTicket>, PortError> {
        let tickets = &mut self.0.lock().unwrap().tickets;
        let found = tickets.iter().position(|(known, _)| known == ticket);
        Ok(found.map(|index| tickets.swap_remove(index).1))
    }
}

#[async_trait]
impl ChannelAccess for Slices {
    async fn can_subscribe(&self, actor: &Actor, channel: &Channel) -> Result<bool, PortError> {
        let answers = self.0.lock().unwrap();
        if answers.silent {
            return Err(PortError::new(ErrorKind::Unavailable, "no answer"));
        }
        Ok(!answers.closed.contains(&(actor.user, channel.clone())))
    }
}

#[async_trait]
impl BlockList for Slices {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError> {
        let answers = self.0.lock().unwrap();
        Ok(answers.apart.iter().filter(|(one, _)| *one == viewer).map(|(_, other)| *other).collect())
    }
}

#[async_trait]
impl PostPresenter for Slices {
    async fn present_post(&self, post: PostId) -> Result<Option<PostView>, PortError> {
        let id = post.to_string();
        let there = self.read(&id)?;
        let place = if self.0.lock().unwrap().left.contains(&id) {
            FeedPlacement::OwnChannelOnly
        } else {
            FeedPlacement::Feeds
        };
        let circle_id = self.0.lock().unwrap().circles.get(&id).cloned();
        let post = Post { body: format!("the text of {id}"), id, urgency: 4, circle_id, ..Post::default() };
        Ok(there.then_some(PostView { post, placement: place }))
    }
}

#[async_trait]
impl ResponsePresenter for Slices {
    async fn present_response(&self, response: ResponseId) -> Result<Option<Response>, PortError> {
        let id = response.to_string();
        let there = self.read(&id)?;
        let content = Some(Content::Text(format!("the text of {id}")));
        Ok(there.then(|| Response { id, content, ..Response::default() }))
    }
}

/// One node.
pub(crate) struct Node {
    pub(crate) live: Arc<dyn ReplayLog>,
    pub(crate) slices: Arc<Slices>,
    pub(crate) gateway: Gateway,
    pub(crate) address: String,
}

/// A log of its own.
pub(crate) fn log(epoch: u32, clock: Arc<dyn Clock>) -> Arc<dyn ReplayLog> {
    Arc::new(Local::new(&KEY, epoch, Bounds { entries: 1000, bytes: 1 << 20, age: AGE }, clock))
}

/// A node with a log of its own.
pub(crate) async fn embedded(limits: Limits) -> Node {
    node(log(1, Arc::new(SystemClock)), Arc::default(), limits).await
}

/// Two nodes that share a log and all that the slices know.
pub(crate) async fn pair() -> (Node, Node) {
    let (live, slices) = (log(1, Arc::new(SystemClock)), Arc::<Slices>::default());
    // Who moves faster than a node notices that they are gone has many connections for a moment.
    let limits = Limits { connections: 1_000, ..Limits::default() };
    let one = node(live.clone(), slices.clone(), limits).await;
    (one, node(live, slices, limits).await)
}

pub(crate) async fn node(live: Arc<dyn ReplayLog>, slices: Arc<Slices>, limits: Limits) -> Node {
    let ports = Ports {
        live: live.clone(),
        access: slices.clone(),
        blocks: slices.clone(),
        tickets: slices.clone(),
        lookup: slices.clone(),
        posts: slices.clone(),
        responses: slices.clone(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let gateway = Gateway::start(ports, limits, vec![ORIGIN.to_owned()]).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = gateway.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Node { live, slices, gateway, address }
}

impl Node {
    /// This person, let in.
    pub(crate) async fn client(&self, actor: &Actor) -> Client {
        let mut client = Client::open(&self.address).await;
        client.hello(&self.slices.ticket(actor, Duration::from_hours(1))).await;
        client
    }

    /// Waits until nobody is there and nothing is listened to.
    pub(crate) async fn deserted(&self) {
        while self.gateway.load() != (0, 0) {
            tokio::task::yield_now().await;
        }
    }

    /// Lets an event happen.
    pub(crate) async fn tell(&self, author: UserId, fact: EventPayload) -> Event {
        let event = Event::new(SystemClock.now(), author, fact, &SystemEntropy);
        self.tell_again(&event).await;
        event
    }

    /// Lets an event come that may have come before.
    pub(crate) async fn tell_again(&self, event: &Event) {
        ChannelPublisher { live: self.live.clone() }.handle(&event.clone().into()).await.unwrap();
    }

    /// Lets this person publish so many posts; the ids of what happened.
    pub(crate) async fn post(&self, author: UserId, count: usize) -> Vec<String> {
        let mut told = Vec::with_capacity(count);
        for _ in 0..count {
            told.push(self.tell(author, EventPayload::Post(PostEvent::Created(about_post(&[])))).await.id.to_string());
        }
        told
    }
}

/// A new post in these categories.
pub(crate) fn about_post(categories: &[&str]) -> PostRef {
    let categories = categories.iter().map(|slug| slug.parse().unwrap()).collect();
    let post = PostId::new(SystemClock.now(), &SystemEntropy);
    PostRef { post, kind: PostKind::Question, categories, circle: None }
}

/// A new answer of `author` to a new post of `post_author`.
pub(crate) fn about_response(author: UserId, post_author: UserId) -> ResponseRef {
    let now = SystemClock.now();
    let (response, post) = (ResponseId::new(now, &SystemEntropy), PostId::new(now, &SystemEntropy));
    ResponseRef { response, author, post, post_author }
}

/// Two people.
pub(crate) fn two() -> (Actor, Actor) {
    (member(), member())
}
