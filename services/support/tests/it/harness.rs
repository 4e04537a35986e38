//! Test harness: a store of responses and its outbox.

use std::sync::Arc;

use kith_kernel::{
    Clock as _, Event, EventPayload, PersonaId, PostId, ResponseEvent, ResponseId, SystemClock, SystemEntropy,
    Timestamp, UserId, ports::PostSummary,
};
use kith_storage::{
    Outbox, Relay, mongo,
    mongo::MongoOutbox,
    sql::{Database, SqlOutbox},
};
use kith_support::{
    Content, QuickKind, Response, Text,
    store::{Mongo, Sqlite, Store},
};
use kith_testkit::{RecordingBus, event, user};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Arc<dyn Outbox>,
    /// Deletes the database on drop.
    _keeper: Option<kith_testkit::SqliteDatabase>,
}

pub(crate) async fn sqlite() -> Harness {
    let keeper = kith_testkit::sqlite_database().await;
    Harness::on((*keeper).clone(), Some(keeper))
}

pub(crate) async fn mongo() -> Harness {
    let database = kith_testkit::mongo_database().await;
    Harness::in_mongo(&database)
}

impl Harness {
    pub(crate) fn on(database: Database, keeper: Option<kith_testkit::SqliteDatabase>) -> Self {
        let outbox = Arc::new(SqlOutbox::new(database.clone(), Arc::new(SystemClock)));
        Self { store: Arc::new(Sqlite::new(database)), outbox, _keeper: keeper }
    }

    pub(crate) fn in_mongo(database: &mongo::Database) -> Self {
        let outbox = MongoOutbox::new(database.clone(), Mongo::COLLECTION, Arc::new(SystemClock));
        Self { store: Arc::new(Mongo::new(database.clone())), outbox: Arc::new(outbox), _keeper: None }
    }

    /// Relays the outbox and returns the published payloads.
    pub(crate) async fn announced(&self) -> Vec<EventPayload> {
        let bus = Arc::new(RecordingBus::default());
        let relay = Relay::new(vec![self.outbox.clone()], bus.clone(), Arc::new(SystemClock));
        relay.drain().await.unwrap();
        bus.payloads()
    }

    pub(crate) async fn insert(&self, response: &Response) {
        self.store.insert(response, &[given(response)]).await.unwrap();
    }
}

pub(crate) fn post() -> PostSummary {
    PostSummary { id: PostId::new(SystemClock.now(), &SystemEntropy), author: user(), circle: None }
}

pub(crate) fn words(text: &str) -> Content {
    Content::Text(Text::new(text).unwrap())
}

pub(crate) const HUG: Content = Content::Quick(QuickKind::Hug);

/// Builds a response with a creation time.
pub(crate) fn response_at(post: &PostSummary, author: UserId, content: Content, at: Timestamp) -> Response {
    Response {
        id: ResponseId::new(at, &SystemEntropy),
        post: post.id,
        post_author: post.author,
        author,
        persona: PersonaId::random(&SystemEntropy),
        circle: None,
        content,
        created_at: at,
        helpful_at: None,
        deleted_at: None,
        moderation: None,
    }
}

pub(crate) fn response(post: &PostSummary, author: UserId, content: Content) -> Response {
    response_at(post, author, content, SystemClock.now())
}

/// Text response of a new author to a new post.
pub(crate) fn some_response() -> Response {
    response(&post(), user(), words("you are not alone"))
}

pub(crate) fn created_payload(response: &Response) -> EventPayload {
    EventPayload::Response(ResponseEvent::Created { response: response.response_ref(), class: response.class() })
}

pub(crate) fn deleted_payload(response: &Response) -> EventPayload {
    EventPayload::Response(ResponseEvent::Deleted { response: response.response_ref(), class: response.class() })
}

pub(crate) fn given(response: &Response) -> Event {
    event(created_payload(response))
}

pub(crate) fn deleted(response: &Response) -> Event {
    event(deleted_payload(response))
}

pub(crate) fn marked(response: &Response) -> Event {
    event(EventPayload::Response(ResponseEvent::MarkedHelpful(response.response_ref())))
}
