//! A store of responses with the outbox beside it.

use std::sync::Arc;

use kith_kernel::{
    Clock as _, Event, Fact, PersonaId, PostId, ResponseId, SystemClock, SystemEntropy, Timestamp, UserId,
    ports::PostBrief,
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
use kith_testkit::{KeepingBus, happened, user};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

pub(crate) struct Bed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Arc<dyn Outbox>,
    /// Goes when the bed goes.
    _keeper: Option<kith_testkit::Sqlite>,
}

pub(crate) async fn sqlite() -> Bed {
    let keeper = kith_testkit::sqlite().await;
    Bed::on((*keeper).clone(), Some(keeper))
}

pub(crate) async fn mongo() -> Bed {
    let database = kith_testkit::mongo().await;
    Bed::in_mongo(&database)
}

impl Bed {
    pub(crate) fn on(database: Database, keeper: Option<kith_testkit::Sqlite>) -> Self {
        let outbox = Arc::new(SqlOutbox::new(database.clone(), Arc::new(SystemClock)));
        Self { store: Arc::new(Sqlite::new(database)), outbox, _keeper: keeper }
    }

    pub(crate) fn in_mongo(database: &mongo::Database) -> Self {
        let outbox = MongoOutbox::new(database.clone(), Mongo::COLLECTION, Arc::new(SystemClock));
        Self { store: Arc::new(Mongo::new(database.clone())), outbox: Arc::new(outbox), _keeper: None }
    }

    /// Sends what waits and says what it was.
    pub(crate) async fn announced(&self) -> Vec<Fact> {
        let bus = Arc::new(KeepingBus::default());
        let relay = Relay::new(vec![self.outbox.clone()], bus.clone(), Arc::new(SystemClock));
        relay.drain().await.unwrap();
        bus.facts()
    }

    pub(crate) async fn insert(&self, response: &Response) {
        self.store.insert(response, &[given(response)]).await.unwrap();
    }
}

pub(crate) fn post() -> PostBrief {
    PostBrief { id: PostId::new(SystemClock.now(), &SystemEntropy), author: user(), inside: None }
}

pub(crate) fn words(text: &str) -> Content {
    Content::Text(Text::new(text).unwrap())
}

pub(crate) const HUG: Content = Content::Quick(QuickKind::Hug);

/// A response of this moment.
pub(crate) fn response_at(post: &PostBrief, author: UserId, content: Content, at: Timestamp) -> Response {
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
        veil: None,
    }
}

pub(crate) fn response(post: &PostBrief, author: UserId, content: Content) -> Response {
    response_at(post, author, content, SystemClock.now())
}

/// Words of somebody new under a post of somebody new.
pub(crate) fn some_response() -> Response {
    response(&post(), user(), words("you are not alone"))
}

pub(crate) fn given_fact(response: &Response) -> Fact {
    Fact::ResponseGiven { about: response.about(), weight: response.weight() }
}

pub(crate) fn deleted_fact(response: &Response) -> Fact {
    Fact::ResponseDeleted { about: response.about(), weight: response.weight() }
}

pub(crate) fn given(response: &Response) -> Event {
    happened(given_fact(response))
}

pub(crate) fn deleted(response: &Response) -> Event {
    happened(deleted_fact(response))
}

pub(crate) fn marked(response: &Response) -> Event {
    happened(Fact::ResponseMarkedHelpful(response.about()))
}
