//! A store of rules with the audit log beside it, a clock in the hand, and something that was written.

use std::{
    any::Any,
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock as _, Content, Failure, PersonaId, PostId, ResponseId, SystemClock, SystemEntropy, Timestamp, UserId,
    actor::Role,
    audit::Entry,
    ports::{Contents, Evidence, Persona, Personas},
};
use kith_moderation::rules::{
    Guard, Rulebook,
    store::{Kept, Sql, Store},
};
use kith_storage::{
    StoreError, StoreResult, sql,
    sql::{Database, Engine},
};
use kith_testkit::{HandClock, member};

pub(crate) struct Bed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) wrote: Arc<Wrote>,
    trail: Arc<dyn Trail>,
    _kept: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn sqlite() -> Bed {
    let file = kith_testkit::sqlite().await;
    bed(
        (*file).clone(),
        |database| Arc::new(Sql::new(database)),
        |database| Arc::new(OnRows { database }),
        Box::new(file),
    )
}

pub(crate) async fn postgres() -> Bed {
    let server = kith_testkit::postgres().await;
    bed(
        (*server).clone(),
        |database| Arc::new(Sql::new(database)),
        |database| Arc::new(OnRows { database }),
        Box::new(server),
    )
}

fn bed<D: Engine>(
    database: Database<D>,
    store: impl FnOnce(Database<D>) -> Arc<dyn Store>,
    trail: impl FnOnce(Database<D>) -> Arc<dyn Trail>,
    kept: Box<dyn Any + Send + Sync>,
) -> Bed {
    Bed {
        store: store(database.clone()),
        trail: trail(database),
        clock: Arc::new(HandClock::at(SystemClock.now())),
        wrote: Arc::default(),
        _kept: kept,
    }
}

/// The audit log, read from its rows.
#[async_trait]
trait Trail: Send + Sync {
    async fn lines(&self) -> StoreResult<Vec<(String, String, String)>>;
}

struct OnRows<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl Trail for OnRows<Db> {
    async fn lines(&self) -> StoreResult<Vec<(String, String, String)>> {
        let select = "SELECT act, subject, detail FROM audit_log ORDER BY position";
        Ok(sqlx::query_as(select).fetch_all(self.database.reader()).await?)
    }
}

impl Bed {
    pub(crate) async fn trail(&self) -> Vec<(String, String, String)> {
        self.trail.lines().await.unwrap()
    }

    pub(crate) fn guard(&self) -> Arc<Guard> {
        Arc::new(Guard::new(self.store.clone(), self.clock.clone()).unwrap())
    }

    pub(crate) fn rulebook(&self) -> Rulebook {
        Rulebook {
            store: self.store.clone(),
            guard: self.guard(),
            contents: self.wrote.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
        }
    }

    pub(crate) fn post(&self, text: &str) -> Content {
        self.wrote.add(Content::Post(PostId::new(self.clock.now(), &SystemEntropy)), text, self.clock.now())
    }

    pub(crate) fn response(&self, text: &str) -> Content {
        self.wrote.add(Content::Response(ResponseId::new(self.clock.now(), &SystemEntropy)), text, self.clock.now())
    }
}

pub(crate) fn admin() -> Actor {
    Actor { role: Role::Admin, ..member() }
}

/// What was written, as the slices that own it would answer. Here it is only read.
#[derive(Default)]
pub(crate) struct Wrote(Mutex<Vec<Evidence>>);

impl Wrote {
    fn add(&self, content: Content, text: &str, at: Timestamp) -> Content {
        let author = member();
        self.0.lock().unwrap().insert(
            0,
            Evidence {
                content,
                author: author.user,
                persona: author.persona,
                circle: None,
                text: text.to_owned(),
                at,
                edits: Vec::new(),
                context: Vec::new(),
                removed: false,
                held: false,
            },
        );
        content
    }

    pub(crate) fn authors(&self) -> Vec<UserId> {
        self.0.lock().unwrap().iter().map(|it| it.author).collect()
    }
}

#[async_trait]
impl Contents for Wrote {
    async fn evidence(&self, content: Content, _: Option<UserId>) -> Result<Option<Evidence>, Failure> {
        Ok(self.0.lock().unwrap().iter().find(|it| it.content == content).cloned())
    }

    async fn remove(&self, _: Content, _: UserId) -> Result<(), Failure> {
        Ok(())
    }

    async fn restore(&self, _: Content, _: UserId) -> Result<(), Failure> {
        Ok(())
    }

    async fn release(&self, _: Content, _: UserId) -> Result<(), Failure> {
        Ok(())
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, Failure> {
        Ok(self.0.lock().unwrap().iter().take(limit).cloned().collect())
    }
}

#[async_trait]
impl Personas for Wrote {
    async fn shown(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, Failure> {
        let shown = |id: &PersonaId| Persona { id: *id, handle: "somebody".into(), avatar: 1, badges: Vec::new() };
        Ok(personas.iter().map(|id| (*id, shown(id))).collect())
    }

    async fn owner(&self, _: PersonaId) -> Result<Option<UserId>, Failure> {
        Ok(None)
    }
}

/// A store that can be out of reach.
pub(crate) struct Breakable {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) broken: AtomicBool,
    pub(crate) asked: Mutex<usize>,
}

impl Breakable {
    fn reach(&self) -> StoreResult<()> {
        *self.asked.lock().unwrap() += 1;
        if self.broken.load(Ordering::SeqCst) { Err(StoreError::corrupt("out of reach")) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for Breakable {
    async fn newest(&self) -> StoreResult<Option<u32>> {
        self.reach()?;
        self.store.newest().await
    }

    async fn version(&self, version: u32) -> StoreResult<Option<Kept>> {
        self.reach()?;
        self.store.version(version).await
    }

    async fn put(&self, new: &Kept, entry: &Entry) -> StoreResult<bool> {
        self.reach()?;
        self.store.put(new, entry).await
    }
}
