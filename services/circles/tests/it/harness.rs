//! A store of circles with the outbox beside it, a clock in the hand, and people who appear in circles.

use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kith_circles::{
    Doors, Roster, Service,
    domain::{About, Access, Blur, Cap, Circle, Name, Person, Rules, State, Terms},
    store::{By, Sql, Store},
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
    /// What the database lies in.
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

/// How people appear, and who is hidden from whom: as the slices that answer it do.
#[derive(Default)]
pub(crate) struct Scenario {
    personas: Mutex<HashMap<(UserId, String), Persona>>,
    blocks: Mutex<BTreeSet<(UserId, UserId)>>,
}

impl Scenario {
    pub(crate) fn block(&self, owner: &Actor, blocked: &Actor) {
        self.blocks.lock().unwrap().insert((owner.user, blocked.user));
    }

    /// Whether somebody ever appeared there.
    pub(crate) fn appeared(&self, user: UserId, circle: CircleId) -> bool {
        self.personas.lock().unwrap().contains_key(&(user, PersonaScope::Circle(circle).to_string()))
    }
}

#[async_trait]
impl PersonaRegistry for Scenario {
    async fn get_or_create(&self, user: UserId, space: PersonaScope) -> Result<Persona, PortError> {
        let mut personas = self.personas.lock().map_err(|_| PortError::new(ErrorKind::Internal, "a test fell"))?;
        let id = PersonaId::random(&SystemEntropy);
        let new = || Persona { id, handle: format!("p{}", id.uuid().simple()), avatar: 3, badges: Vec::new() };
        Ok(personas.entry((user, space.to_string())).or_insert_with(new).clone())
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
            spaces: self.scenario.clone(),
            blocks: self.scenario.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            pager: Arc::new(PageTokenCodec::new(&[7; 32])),
        }
    }

    pub(crate) fn roster(&self) -> Roster {
        Roster { store: self.store.clone() }
    }

    pub(crate) fn doors(&self) -> Doors {
        Doors { store: self.store.clone(), clock: self.clock.clone(), entropy: Arc::new(SystemEntropy) }
    }

    /// Sends what waits and says what it was.
    pub(crate) async fn announced(&self) -> Vec<(CircleChange, Option<UserId>)> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        let about = |fact| {
            let EventPayload::Circle(CircleEvent { change, member, .. }) = fact else { return None };
            Some((change, member))
        };
        bus.events().into_iter().filter_map(|event| about(event.payload)).collect()
    }

    /// A new circle in the store, and its owner.
    pub(crate) async fn opened(&self, access: Access, cap: u32) -> (Circle, Person) {
        let (circle, owner) = (circle(access, cap), person(State::Member(CircleRole::Owner)));
        self.store.open(&circle, &owner, &self.by(owner.user)).await.unwrap();
        (circle, owner)
    }

    pub(crate) fn by(&self, actor: UserId) -> By {
        let at = self.clock.now();
        By { actor, at, event: EventId::new(at, &SystemEntropy) }
    }

    pub(crate) async fn state(&self, circle: CircleId, user: UserId) -> Option<State> {
        self.store.look(circle, user).await.unwrap().unwrap().person.map(|person| person.state)
    }
}

pub(crate) fn terms(access: Access, cap: u32) -> Terms {
    Terms {
        name: Name::new("early risers").unwrap(),
        about: About::new("for those who wake at four").unwrap(),
        rules: Rules::new("be kind\nbe brief").unwrap(),
        category: "sleep".parse().unwrap(),
        access,
        cap: Cap::new(cap).unwrap(),
    }
}

pub(crate) fn circle(access: Access, cap: u32) -> Circle {
    let now = SystemClock.now();
    Circle {
        id: CircleId::new(now, &SystemEntropy),
        terms: terms(access, cap),
        members: 1,
        blur: Blur::kept(4),
        created_at: now,
        archived_at: None,
        closed_at: None,
        version: 1,
    }
}

pub(crate) fn person(state: State) -> Person {
    Person { user: kith_testkit::user(), persona: PersonaId::random(&SystemEntropy), state, since: SystemClock.now() }
}
