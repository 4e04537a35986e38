//! Harness of the tests: a store with its outbox, a manual clock, and stub ports.

use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kith_circles::{
    Service,
    adapters::{CircleLookupAdapter, CircleModerationAdapter, MembershipAdapter},
    domain::{
        About, Access, ActorStamp, Circle, CircleSettings, MaxMembers, MemberCountOffset, MembershipRecord,
        MembershipStatus, Name, Rules,
    },
    store::{Sql, Store},
};
use kith_kernel::{
    Actor, CircleId, Clock as _, ErrorKind, EventId, EventPayload, PageTokenCodec, PersonaId, PersonaScope, PortError,
    SystemClock, SystemEntropy, UserId,
    event::{CircleChange, CircleEvent},
    ports::{BlockList, CircleRole, Persona, PersonaLookup, PersonaRegistry},
};
use kith_storage::{Outbox, Relay, sql::SqlOutbox};
use kith_testkit::{ManualClock, RecordingBus};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) scenario: Arc<Scenario>,
    outbox: Arc<dyn Outbox>,
    /// Keeps the database alive.
    _storage: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn sqlite() -> Harness {
    let file = kith_testkit::sqlite_database().await;
    let database = (*file).clone();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness {
        store: Arc::new(Sql::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database, clock.clone())),
        scenario: Arc::default(),
        clock,
        _storage: Box::new(file),
    }
}

pub(crate) async fn postgres() -> Harness {
    let server = kith_testkit::postgres_database().await;
    let database = (*server).clone();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness {
        store: Arc::new(Sql::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database, clock.clone())),
        scenario: Arc::default(),
        clock,
        _storage: Box::new(server),
    }
}

/// Stub of the ports of other slices: personas and blocks.
#[derive(Default)]
pub(crate) struct Scenario {
    personas: Mutex<HashMap<(UserId, String), Persona>>,
    blocks: Mutex<BTreeSet<(UserId, UserId)>>,
}

impl Scenario {
    pub(crate) fn block(&self, owner: &Actor, blocked: &Actor) {
        self.blocks.lock().unwrap().insert((owner.user, blocked.user));
    }

    /// Returns true if the account has a persona in the circle.
    pub(crate) fn has_persona(&self, user: UserId, circle: CircleId) -> bool {
        self.personas.lock().unwrap().contains_key(&(user, PersonaScope::Circle(circle).to_string()))
    }
}

#[async_trait]
impl PersonaRegistry for Scenario {
    async fn get_or_create(&self, user: UserId, scope: PersonaScope) -> Result<Persona, PortError> {
        let mut personas = self.personas.lock().map_err(|_| PortError::new(ErrorKind::Internal, "a test panicked"))?;
        let id = PersonaId::random(&SystemEntropy);
        let new = || Persona { id, handle: format!("p{}", id.uuid().simple()), avatar: 3, badges: Vec::new() };
        Ok(personas.entry((user, scope.to_string())).or_insert_with(new).clone())
    }
}

#[async_trait]
impl PersonaLookup for Scenario {
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        let all = self.personas.lock().unwrap();
        Ok(all.values().filter(|it| personas.contains(&it.id)).map(|it| (it.id, it.clone())).collect())
    }

    async fn account_of(&self, persona: PersonaId) -> Result<Option<UserId>, PortError> {
        let all = self.personas.lock().unwrap();
        Ok(all.iter().find(|(_, it)| it.id == persona).map(|((user, _), _)| *user))
    }
}

#[async_trait]
impl BlockList for Scenario {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError> {
        let blocks = self.blocks.lock().unwrap();
        let mine = blocks.iter().filter(|(owner, _)| *owner == viewer).map(|(_, blocked)| *blocked);
        let theirs = blocks.iter().filter(|(_, blocked)| *blocked == viewer).map(|(owner, _)| *owner);
        Ok(mine.chain(theirs).collect())
    }
}

impl Harness {
    pub(crate) fn service(&self) -> Service {
        Service {
            flags: Arc::<kith_testkit::StubFlags>::default(),
            store: self.store.clone(),
            personas: self.scenario.clone(),
            blocks: self.scenario.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            page_tokens: Arc::new(PageTokenCodec::new(&[7; 32])),
        }
    }

    pub(crate) fn membership(&self) -> MembershipAdapter {
        MembershipAdapter { store: self.store.clone() }
    }

    pub(crate) fn lookup(&self) -> CircleLookupAdapter {
        CircleLookupAdapter { store: self.store.clone() }
    }

    pub(crate) fn moderation(&self) -> CircleModerationAdapter {
        CircleModerationAdapter {
            store: self.store.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
        }
    }

    /// Relays the outbox and returns the published circle events.
    pub(crate) async fn published(&self) -> Vec<(CircleChange, Option<UserId>)> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        let circle_event = |payload| {
            let EventPayload::Circle(CircleEvent { change, member, .. }) = payload else { return None };
            Some((change, member))
        };
        bus.events().into_iter().filter_map(|event| circle_event(event.payload)).collect()
    }

    /// Stores a new circle and returns it with its owner.
    pub(crate) async fn create(&self, access: Access, max_members: u32) -> (Circle, MembershipRecord) {
        let (circle, owner) = (circle(access, max_members), membership(MembershipStatus::Member(CircleRole::Owner)));
        self.store.create(&circle, &owner, &self.stamp(owner.user)).await.unwrap();
        (circle, owner)
    }

    pub(crate) fn stamp(&self, actor: UserId) -> ActorStamp {
        let at = self.clock.now();
        ActorStamp { actor, at, event: EventId::new(at, &SystemEntropy) }
    }

    pub(crate) async fn status(&self, circle: CircleId, user: UserId) -> Option<MembershipStatus> {
        self.store.find_for(circle, user).await.unwrap().unwrap().status()
    }
}

pub(crate) fn settings(access: Access, max_members: u32) -> CircleSettings {
    CircleSettings {
        name: Name::new("early risers").unwrap(),
        about: About::new("for those who wake at four").unwrap(),
        rules: Rules::new("be kind\nbe brief").unwrap(),
        category: "sleep".parse().unwrap(),
        access,
        max_members: MaxMembers::new(max_members).unwrap(),
    }
}

pub(crate) fn circle(access: Access, max_members: u32) -> Circle {
    let now = SystemClock.now();
    Circle {
        id: CircleId::new(now, &SystemEntropy),
        settings: settings(access, max_members),
        member_count: 1,
        count_offset: MemberCountOffset::new(4),
        created_at: now,
        archived_at: None,
        closed_at: None,
        version: 1,
    }
}

/// Returns the membership of a new account.
pub(crate) fn membership(status: MembershipStatus) -> MembershipRecord {
    MembershipRecord {
        user: kith_testkit::user(),
        persona: PersonaId::random(&SystemEntropy),
        status,
        since: SystemClock.now(),
    }
}
