//! Flags and the audit trail of a database, with a house full of people in place of the slice that owns accounts.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kith_kernel::{
    Actor, EventId, Failure, Fault, Pager, PersonaId, Role, Standing, SystemEntropy, Timestamp, UserId,
    audit::{Act, Entry},
    ports::{AccountState, Accounts, Audit, NewAccount, Persona, Personas, RoleOrder, RoleSet, Staff, StaffMember},
};
use kith_moderation::admin::{
    Service, Switches,
    store::{Sql, Store},
};
use kith_storage::sql::SqlAudit;
use kith_testkit::{HandClock, member};

pub(crate) struct Bed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) house: Arc<House>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) switches: Arc<Switches>,
    pub(crate) service: Arc<Service>,
    _kept: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn sqlite() -> Bed {
    let file = kith_testkit::sqlite().await;
    let audit = Arc::new(SqlAudit::new((*file).clone()));
    bed(Arc::new(Sql::new((*file).clone())), audit, Box::new(file))
}

pub(crate) async fn postgres() -> Bed {
    let server = kith_testkit::postgres().await;
    let audit = Arc::new(SqlAudit::new((*server).clone()));
    bed(Arc::new(Sql::new((*server).clone())), audit, Box::new(server))
}

fn bed(store: Arc<dyn Store>, audit: Arc<dyn Audit>, kept: Box<dyn Any + Send + Sync>) -> Bed {
    let clock = Arc::new(HandClock::at(Timestamp::from_millis(1_700_000_000_000)));
    let house = Arc::new(House { audit: audit.clone(), people: Mutex::default() });
    let switches = Arc::new(Switches::new(store.clone(), clock.clone()));
    let service = Arc::new(Service {
        staff: house.clone(),
        accounts: house.clone(),
        personas: house.clone(),
        audit: audit.clone(),
        flags: store.clone(),
        switches: switches.clone(),
        pager: Arc::new(Pager::new(&[7; 32])),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    });
    Bed { store, audit, house, clock, switches, service, _kept: kept }
}

impl Bed {
    /// Somebody who lives in the house.
    pub(crate) fn person(&self, handle: &str, role: Role) -> Actor {
        let actor = Actor { role, ..member() };
        let person = Person { persona: actor.persona, handle: handle.to_owned(), role };
        self.house.people.lock().unwrap().insert(actor.user, person);
        actor
    }

    /// What was written down: what, about what, with what else.
    pub(crate) async fn written_down(&self) -> Vec<(String, String, String)> {
        let lines = self.audit.lines(0, 100).await.unwrap();
        lines.into_iter().map(|line| (line.act, line.subject, line.detail)).collect()
    }
}

/// A few people.
pub(crate) struct House {
    audit: Arc<dyn Audit>,
    people: Mutex<HashMap<UserId, Person>>,
}

#[derive(Clone)]
struct Person {
    persona: PersonaId,
    handle: String,
    role: Role,
}

impl Person {
    fn shown(&self) -> Persona {
        Persona { id: self.persona, handle: self.handle.clone(), avatar: 1, badges: Vec::new() }
    }
}

/// Whatever persona of a smaller space ends so.
const HIDDEN: u128 = 1 << 127;

impl House {
    /// How somebody appears in a smaller space.
    pub(crate) fn hidden(actor: &Actor) -> PersonaId {
        PersonaId::from_uuid(uuid::Uuid::from_u128(actor.persona.uuid().as_u128() ^ HIDDEN))
    }

    fn role(&self, user: UserId) -> Option<Role> {
        self.people.lock().unwrap().get(&user).map(|person| person.role)
    }
}

#[async_trait]
impl Personas for House {
    async fn shown(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, Failure> {
        let people = self.people.lock().unwrap();
        let asked = people.values().filter(|person| personas.contains(&person.persona));
        Ok(asked.map(|person| (person.persona, person.shown())).collect())
    }

    async fn owner(&self, persona: PersonaId) -> Result<Option<UserId>, Failure> {
        let people = self.people.lock().unwrap();
        let is_one_of = |own: PersonaId| [own.uuid().as_u128(), own.uuid().as_u128() ^ HIDDEN];
        let found = people.iter().find(|(_, person)| is_one_of(person.persona).contains(&persona.uuid().as_u128()));
        Ok(found.map(|(user, _)| *user))
    }
}

#[async_trait]
impl Accounts for House {
    async fn open(&self, _: &NewAccount) -> Result<Persona, Failure> {
        Err(Failure::new(Fault::Internal, "the house is full"))
    }

    async fn state(&self, user: UserId) -> Result<Option<AccountState>, Failure> {
        let people = self.people.lock().unwrap();
        let state =
            |person: &Person| AccountState { persona: person.persona, role: person.role, standing: Standing::Good };
        Ok(people.get(&user).map(state))
    }

    async fn suspend(&self, _: UserId, _: Timestamp, _: UserId) -> Result<(), Failure> {
        Ok(())
    }

    async fn reinstate(&self, _: UserId, _: UserId) -> Result<(), Failure> {
        Ok(())
    }
}

#[async_trait]
impl Staff for House {
    async fn staff(&self) -> Result<Vec<StaffMember>, Failure> {
        let people = self.people.lock().unwrap();
        let staff = people.values().filter(|person| person.role != Role::Member);
        Ok(staff.map(|person| StaffMember { persona: person.shown(), role: person.role }).collect())
    }

    async fn set_role(&self, order: &RoleOrder) -> Result<RoleSet, Failure> {
        let Some(was) = self.role(order.user) else { return Err(Failure::new(Fault::NotFound, "nobody")) };
        if was == order.role {
            return Ok(RoleSet::Already);
        }
        let admins = self.people.lock().unwrap().values().filter(|person| person.role == Role::Admin).count();
        if was == Role::Admin && admins == 1 {
            return Ok(RoleSet::LastAdmin);
        }
        self.audit.append(&[entry(order)]).await?;
        self.people.lock().unwrap().get_mut(&order.user).unwrap().role = order.role;
        Ok(RoleSet::Done)
    }
}

fn entry(order: &RoleOrder) -> Entry {
    let at = Timestamp::from_millis(1_700_000_000_000);
    Entry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor: order.by,
        session: order.session,
        act: Act::RoleGranted,
        subject: format!("account:{}", order.user),
        detail: format!("role={} account={}", order.role.word(), order.user),
    }
}
