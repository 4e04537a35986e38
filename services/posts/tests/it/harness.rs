//! Test harness: a store of posts with its outbox, stub ports and builders.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kith_infra::rate_limit;
use kith_kernel::{
    Actor, CircleId, Clock as _, Event, EventPayload, MethodPolicy, PersonaId, PortError, PostEvent, PostId, Quota,
    SessionId, SystemClock, SystemEntropy, Timestamp, UserId,
    event::PostRef,
    ports::{
        BlockList, CircleRole, EventBus, Member, Membership, Persona, PersonaLookup, ResponseCounts, ResponseTally,
        SessionLookup,
    },
};
use kith_posts::{
    Post, PostQuota, Service,
    domain::{Body, Categories, Filter, Kind, Order, PostContent, PostContentParts, SearchQuery, Urgency},
    policy::Viewer,
    post_quota::QUOTAS,
    store::{Mongo, PageQuery, Positioned, Sqlite, Store},
};
use kith_storage::{
    Outbox, Relay, mongo,
    mongo::MongoOutbox,
    sql::{Database, SqlOutbox},
};
use kith_testkit::{ManualClock, RecordingBus, StubFlags, StubScreen, event, member};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Arc<dyn Outbox>,
    /// Deletes the database files on drop.
    _files: Option<kith_testkit::SqliteDatabase>,
}

pub(crate) async fn sqlite() -> Harness {
    let database = kith_testkit::sqlite_database().await;
    Harness::sqlite((*database).clone(), Some(database))
}

pub(crate) async fn mongo() -> Harness {
    let database = kith_testkit::mongo_database().await;
    Harness::mongo(&database)
}

impl Harness {
    pub(crate) fn sqlite(database: Database, files: Option<kith_testkit::SqliteDatabase>) -> Self {
        let outbox = Arc::new(SqlOutbox::new(database.clone(), Arc::new(SystemClock)));
        Self { store: Arc::new(Sqlite::new(database)), outbox, _files: files }
    }

    pub(crate) fn mongo(database: &mongo::Database) -> Self {
        let outbox = MongoOutbox::new(database.clone(), Mongo::COLLECTION, Arc::new(SystemClock));
        Self { store: Arc::new(Mongo::new(database.clone())), outbox: Arc::new(outbox), _files: None }
    }

    pub(crate) fn relay(&self, bus: &Arc<impl EventBus + 'static>) -> Relay {
        Relay::new(vec![self.outbox.clone()], bus.clone(), Arc::new(SystemClock))
    }

    /// Drains the outbox and returns the payloads of the published events.
    pub(crate) async fn published_events(&self) -> Vec<EventPayload> {
        let bus = Arc::new(RecordingBus::default());
        self.relay(&bus).drain().await.unwrap();
        bus.payloads()
    }

    pub(crate) async fn insert(&self, post: &Post) {
        self.store.insert(post, &[created(post)]).await.unwrap();
    }

    pub(crate) async fn replace(&self, post: Post) -> Post {
        assert!(self.store.replace(&post, &[]).await.unwrap());
        post
    }

    /// Returns the ids of the first page for this viewer.
    pub(crate) async fn list_ids(&self, viewer: &Viewer, filter: &Filter, order: Order) -> Vec<PostId> {
        let page_query = PageQuery { filter, order, after: None, limit: 100 };
        ids(&self.store.list(viewer, &page_query).await.unwrap())
    }

    /// Returns the ids of the first page of a search.
    pub(crate) async fn search_ids(&self, viewer: &Viewer, text: &str) -> Vec<PostId> {
        let filter = Filter::default();
        let page_query = PageQuery { filter: &filter, order: Order::Latest, after: None, limit: 100 };
        ids(&self.store.search(viewer, &SearchQuery::new(text).unwrap(), &page_query).await.unwrap())
    }
}

/// Quota that no test exhausts.
pub(crate) fn unlimited_quota(clock: &Arc<ManualClock>) -> PostQuota {
    let unlimited = Quota::per_minute(1_000_000);
    let policies = QUOTAS.iter().map(|policy| MethodPolicy { quota: unlimited, ..*policy });
    PostQuota::new(Arc::new(rate_limit::InMemory::new(policies, clock.clone()))).with_quotas(unlimited, unlimited)
}

/// The use cases, with stub ports and an unlimited quota.
pub(crate) fn service(harness: &Harness, stubs: &Arc<StubPorts>, clock: &Arc<ManualClock>) -> Service {
    Service {
        store: harness.store.clone(),
        blocks: stubs.clone(),
        membership: stubs.clone(),
        screen: Arc::new(StubScreen),
        quota: unlimited_quota(clock),
        flags: Arc::<StubFlags>::default(),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    }
}

pub(crate) fn ids(positioned: &[Positioned]) -> Vec<PostId> {
    positioned.iter().map(|positioned| positioned.post.id).collect()
}

/// A new viewer without blocked accounts, at the current time.
pub(crate) fn any_viewer() -> Viewer {
    viewer(kith_testkit::user(), SystemClock.now())
}

pub(crate) fn viewer(user: UserId, now: Timestamp) -> Viewer {
    Viewer { user, hidden: BTreeSet::new(), circle: None, now }
}

pub(crate) fn parts(kind: Kind, urgency: i64, body: &str) -> PostContentParts {
    PostContentParts::new(kind, Urgency::new(urgency).unwrap(), Body::new(body).unwrap())
}

/// A new post by a new author.
pub(crate) fn post() -> Post {
    post_by(&member(), SystemClock.now())
}

pub(crate) fn post_by(author: &Actor, at: Timestamp) -> Post {
    post_of(author, at, parts(Kind::Question, 2, "it is one of those evenings"))
}

pub(crate) fn post_of(author: &Actor, at: Timestamp, parts: PostContentParts) -> Post {
    Post::new(PostId::new(at, &SystemEntropy), author, PostContent::new(parts).unwrap(), at)
}

pub(crate) fn post_ref(post: &Post) -> PostRef {
    let categories = post.content.categories.as_slice().to_vec();
    PostRef { post: post.id, kind: post.content.kind.into(), categories, circle: post.circle }
}

pub(crate) fn created(post: &Post) -> Event {
    event(EventPayload::Post(PostEvent::Created(post_ref(post))))
}

pub(crate) fn deleted(post: &Post) -> Event {
    event(EventPayload::Post(PostEvent::Deleted(post_ref(post))))
}

pub(crate) fn categories(slugs: &[&str]) -> Categories {
    Categories::new(slugs.iter().copied()).unwrap()
}

/// A manual clock set to the current time.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemClock.now()))
}

/// Ports of other slices, with results set by the test.
#[derive(Default)]
pub(crate) struct StubPorts {
    blocked: Mutex<BTreeSet<(UserId, UserId)>>,
    missing_personas: Mutex<BTreeSet<PersonaId>>,
    sessions: Mutex<BTreeMap<SessionId, Actor>>,
    members: Mutex<BTreeMap<(UserId, CircleId), Member>>,
    responses: Mutex<BTreeMap<(UserId, PostId), ResponseTally>>,
}

impl StubPorts {
    /// Makes both accounts invisible to each other.
    pub(crate) fn block(&self, one: &Actor, other: &Actor) {
        self.blocked.lock().unwrap().extend([(one.user, other.user), (other.user, one.user)]);
    }

    /// Removes the persona of the actor.
    pub(crate) fn remove_persona(&self, actor: &Actor) {
        self.missing_personas.lock().unwrap().insert(actor.persona);
    }

    /// Makes the actor a member of the circle. Returns the persona of the actor there.
    pub(crate) fn join(&self, actor: &Actor, circle: CircleId) -> PersonaId {
        let persona = PersonaId::random(&SystemEntropy);
        let member = Member { persona, role: CircleRole::Member, can_post: true };
        self.members.lock().unwrap().insert((actor.user, circle), member);
        persona
    }

    pub(crate) fn leave(&self, actor: &Actor, circle: CircleId) {
        self.members.lock().unwrap().remove(&(actor.user, circle));
    }

    /// Archives the circle: members can no longer post.
    pub(crate) fn archive(&self, circle: CircleId) {
        let mut members = self.members.lock().unwrap();
        members.iter_mut().filter(|((_, id), _)| *id == circle).for_each(|(_, member)| member.can_post = false);
    }

    /// Sets the number of responses of the actor to a post.
    pub(crate) fn set_responses(&self, actor: &Actor, post: PostId, tally: ResponseTally) {
        self.responses.lock().unwrap().insert((actor.user, post), tally);
    }

    /// Adds or replaces the session of the actor.
    pub(crate) fn add_session(&self, actor: &Actor) {
        self.sessions.lock().unwrap().insert(actor.session, actor.clone());
    }

    pub(crate) fn revoke_session(&self, actor: &Actor) {
        self.sessions.lock().unwrap().remove(&actor.session);
    }
}

#[async_trait]
impl BlockList for StubPorts {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError> {
        let blocked = self.blocked.lock().unwrap();
        Ok(blocked.iter().filter(|(one, _)| *one == viewer).map(|(_, other)| *other).collect())
    }
}

#[async_trait]
impl PersonaLookup for StubPorts {
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        let missing_personas = self.missing_personas.lock().unwrap();
        let existing = personas.iter().copied().filter(|persona| !missing_personas.contains(persona));
        let persona = |id| (id, Persona { id, handle: "a_handle".to_owned(), avatar: 7, badges: Vec::new() });
        Ok(existing.map(persona).collect())
    }

    async fn account_of(&self, _: PersonaId) -> Result<Option<UserId>, PortError> {
        Ok(None)
    }
}

#[async_trait]
impl SessionLookup for StubPorts {
    async fn current_actor(&self, session: SessionId) -> Result<Option<Actor>, PortError> {
        Ok(self.sessions.lock().unwrap().get(&session).cloned())
    }
}

#[async_trait]
impl Membership for StubPorts {
    async fn find(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, PortError> {
        Ok(self.members.lock().unwrap().get(&(user, circle)).copied())
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, PortError> {
        let members = self.members.lock().unwrap();
        Ok(members.keys().filter(|(one, _)| *one == user).map(|(_, circle)| *circle).collect())
    }
}

#[async_trait]
impl ResponseCounts for StubPorts {
    async fn count_by_authors(
        &self,
        authors: &BTreeSet<UserId>,
        posts: &[PostId],
    ) -> Result<HashMap<PostId, ResponseTally>, PortError> {
        let responses = self.responses.lock().unwrap();
        let mut counts = HashMap::<PostId, ResponseTally>::new();
        for ((user, post), tally) in responses.iter() {
            if authors.contains(user) && posts.contains(post) {
                let count = counts.entry(*post).or_default();
                *count = ResponseTally { texts: count.texts + tally.texts, quick: count.quick + tally.quick };
            }
        }
        Ok(counts)
    }
}
