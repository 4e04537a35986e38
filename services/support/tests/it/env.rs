//! Test environment of the service: stubs of the ports of other slices.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock, ErrorKind, EventPayload, PersonaId, PortError, PostId, SystemEntropy, UserId,
    ports::{BlockList, CircleContext, Persona, PersonaLookup, PostLookup, PostSummary},
};
use kith_support::Service;
use kith_testkit::{ManualClock, StubScreen};

use crate::harness::{Harness, NOW, sqlite};

/// Stub of blocks, posts and personas.
#[derive(Default)]
pub(crate) struct Others {
    apart: Mutex<Vec<(UserId, UserId)>>,
    posts: Mutex<HashMap<PostId, UserId>>,
    insides: Mutex<HashMap<(UserId, PostId), CircleContext>>,
    faceless: Mutex<BTreeSet<PersonaId>>,
    asked: AtomicUsize,
}

impl Others {
    pub(crate) fn block(&self, one: &Actor, other: &Actor) {
        self.apart.lock().unwrap().extend([(one.user, other.user), (other.user, one.user)]);
    }

    pub(crate) fn unblock_all(&self) {
        self.apart.lock().unwrap().clear();
    }

    pub(crate) fn post_by(&self, author: &Actor) -> PostId {
        let post = PostId::new(NOW, &SystemEntropy);
        self.posts.lock().unwrap().insert(post, author.user);
        post
    }

    /// Puts the post into a circle with this membership of the viewer.
    pub(crate) fn inside(&self, viewer: &Actor, post: PostId, inside: CircleContext) {
        self.insides.lock().unwrap().insert((viewer.user, post), inside);
    }

    pub(crate) fn delete_post(&self, post: PostId) {
        self.posts.lock().unwrap().remove(&post);
    }

    pub(crate) fn forget_persona(&self, persona: PersonaId) {
        self.faceless.lock().unwrap().insert(persona);
    }

    /// Number of persona lookups.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn hides(&self, viewer: UserId, other: UserId) -> bool {
        self.apart.lock().unwrap().contains(&(viewer, other))
    }
}

#[async_trait]
impl BlockList for Others {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError> {
        let apart = self.apart.lock().unwrap();
        Ok(apart.iter().filter(|(one, _)| *one == viewer).map(|(_, other)| *other).collect())
    }
}

#[async_trait]
impl PostLookup for Others {
    async fn find_visible(&self, viewer: UserId, post: PostId) -> Result<Option<PostSummary>, PortError> {
        let author = self.posts.lock().unwrap().get(&post).copied();
        Ok(author.filter(|author| !self.hides(viewer, *author)).map(|author| PostSummary {
            id: post,
            author,
            circle: self.insides.lock().unwrap().get(&(viewer, post)).copied(),
        }))
    }

    async fn is_visible_to_all_readers(&self, post: PostId) -> Result<bool, PortError> {
        Ok(self.posts.lock().unwrap().contains_key(&post))
    }
}

#[async_trait]
impl PersonaLookup for Others {
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let faceless = self.faceless.lock().unwrap();
        let known = personas.iter().filter(|id| !faceless.contains(id));
        let show = |id: &PersonaId| Persona { id: *id, handle: format!("p_{id}"), avatar: 7, badges: Vec::new() };
        Ok(known.map(|id| (*id, show(id))).collect())
    }

    async fn account_of(&self, _: PersonaId) -> Result<Option<UserId>, PortError> {
        Err(PortError::new(ErrorKind::Internal, "nobody asks this here"))
    }
}

/// Ports that always fail.
pub(crate) struct Silent;

fn silence() -> PortError {
    PortError::new(ErrorKind::Unavailable, "no answer")
}

#[async_trait]
impl BlockList for Silent {
    async fn hidden_from(&self, _: UserId) -> Result<BTreeSet<UserId>, PortError> {
        Err(silence())
    }
}

#[async_trait]
impl PostLookup for Silent {
    async fn find_visible(&self, _: UserId, _: PostId) -> Result<Option<PostSummary>, PortError> {
        Err(silence())
    }

    async fn is_visible_to_all_readers(&self, _: PostId) -> Result<bool, PortError> {
        Err(silence())
    }
}

#[async_trait]
impl PersonaLookup for Silent {
    async fn find_many(&self, _: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        Err(silence())
    }

    async fn account_of(&self, _: PersonaId) -> Result<Option<UserId>, PortError> {
        Err(silence())
    }
}

/// The service with its stubs. Dereferences to the service.
pub(crate) struct TestEnv {
    pub(crate) service: Arc<Service>,
    pub(crate) others: Arc<Others>,
    pub(crate) clock: Arc<ManualClock>,
    harness: Harness,
}

impl TestEnv {
    pub(crate) async fn new() -> Self {
        Self::on(sqlite().await)
    }

    /// Uses the given store.
    pub(crate) fn on(harness: Harness) -> Self {
        let others = Arc::new(Others::default());
        let clock = Arc::new(ManualClock::at(NOW));
        let service = Service {
            store: harness.store.clone(),
            posts: others.clone(),
            blocks: others.clone(),
            screen: Arc::new(StubScreen),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
        };
        Self { service: Arc::new(service), others, clock, harness }
    }

    /// Returns a service of which one port fails.
    pub(crate) fn without(&self, missing: Missing) -> Service {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let (posts, blocks): (Arc<dyn PostLookup>, Arc<dyn BlockList>) = match missing {
            Missing::Posts => (Arc::new(Silent), self.others.clone()),
            Missing::Blocks => (self.others.clone(), Arc::new(Silent)),
        };
        let screen = Arc::new(StubScreen);
        Service { store: self.service.store.clone(), posts, blocks, screen, clock, entropy: Arc::new(SystemEntropy) }
    }

    /// Relays the outbox and returns the published payloads.
    pub(crate) async fn announced(&self) -> Vec<EventPayload> {
        self.harness.announced().await
    }
}

/// Port that fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Missing {
    Posts,
    Blocks,
}
