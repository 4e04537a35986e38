//! Test harness: the slice on a database of its own, with a manual clock and content in memory.

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
    Actor, Clock as _, ContentId, PersonaId, PortError, PostId, ResponseId, Role, SystemClock, SystemEntropy,
    Timestamp, UserId,
    audit::AuditEntry,
    ports::{AuditLog, ContentModeration, Evidence, Persona, PersonaLookup},
};
use kith_screening::{
    RuleScreen, RuleService,
    store::{RuleSetVersion, Sql, Store},
};
use kith_storage::{StoreError, StoreResult, sql::SqlAuditLog};
use kith_testkit::{ManualClock, member};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) contents: Arc<StubContents>,
    audit: Arc<dyn AuditLog>,
    _database: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn sqlite() -> Harness {
    let database = kith_testkit::sqlite_database().await;
    let audit = Arc::new(SqlAuditLog::new((*database).clone()));
    harness(Arc::new(Sql::new((*database).clone())), audit, Box::new(database))
}

pub(crate) async fn postgres() -> Harness {
    let database = kith_testkit::postgres_database().await;
    let audit = Arc::new(SqlAuditLog::new((*database).clone()));
    harness(Arc::new(Sql::new((*database).clone())), audit, Box::new(database))
}

fn harness(store: Arc<dyn Store>, audit: Arc<dyn AuditLog>, database: Box<dyn Any + Send + Sync>) -> Harness {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    Harness { store, clock, contents: Arc::default(), audit, _database: database }
}

impl Harness {
    /// Action, subject and detail of every audit record, oldest first.
    pub(crate) async fn audit_records(&self) -> Vec<(String, String, String)> {
        let records = self.audit.records_after(0, 100).await.unwrap();
        records.into_iter().map(|record| (record.action, record.subject, record.detail)).collect()
    }

    pub(crate) fn screen(&self) -> Arc<RuleScreen> {
        Arc::new(RuleScreen::new(self.store.clone(), self.clock.clone()).unwrap())
    }

    pub(crate) fn service(&self) -> RuleService {
        RuleService {
            store: self.store.clone(),
            screen: self.screen(),
            contents: self.contents.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
        }
    }

    pub(crate) fn post(&self, text: &str) -> ContentId {
        let id = PostId::new(self.clock.now(), &SystemEntropy);
        self.contents.add(ContentId::Post(id), text, self.clock.now())
    }

    pub(crate) fn response(&self, text: &str) -> ContentId {
        let id = ResponseId::new(self.clock.now(), &SystemEntropy);
        self.contents.add(ContentId::Response(id), text, self.clock.now())
    }
}

pub(crate) fn admin() -> Actor {
    Actor { role: Role::Admin, ..member() }
}

/// Content in memory, newest first. Moderation actions do nothing.
#[derive(Default)]
pub(crate) struct StubContents(Mutex<Vec<Evidence>>);

impl StubContents {
    fn add(&self, content: ContentId, text: &str, at: Timestamp) -> ContentId {
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
impl ContentModeration for StubContents {
    async fn evidence(&self, content: ContentId, _: Option<UserId>) -> Result<Option<Evidence>, PortError> {
        Ok(self.0.lock().unwrap().iter().find(|it| it.content == content).cloned())
    }

    async fn remove(&self, _: ContentId, _: UserId) -> Result<(), PortError> {
        Ok(())
    }

    async fn restore(&self, _: ContentId, _: UserId) -> Result<(), PortError> {
        Ok(())
    }

    async fn release(&self, _: ContentId, _: UserId) -> Result<(), PortError> {
        Ok(())
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, PortError> {
        Ok(self.0.lock().unwrap().iter().take(limit).cloned().collect())
    }
}

#[async_trait]
impl PersonaLookup for StubContents {
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        let persona = |id: &PersonaId| Persona { id: *id, handle: "author".into(), avatar: 1, badges: Vec::new() };
        Ok(personas.iter().map(|id| (*id, persona(id))).collect())
    }

    async fn account_of(&self, _: PersonaId) -> Result<Option<UserId>, PortError> {
        Ok(None)
    }
}

/// Store that can be made unavailable and counts its calls.
pub(crate) struct FaultyStore {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) is_broken: AtomicBool,
    pub(crate) calls: Mutex<usize>,
}

impl FaultyStore {
    fn check(&self) -> StoreResult<()> {
        *self.calls.lock().unwrap() += 1;
        if self.is_broken.load(Ordering::SeqCst) { Err(StoreError::corrupt("unavailable")) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn newest_version(&self) -> StoreResult<Option<u32>> {
        self.check()?;
        self.store.newest_version().await
    }

    async fn find(&self, version: u32) -> StoreResult<Option<RuleSetVersion>> {
        self.check()?;
        self.store.find(version).await
    }

    async fn insert(&self, version: &RuleSetVersion, entry: &AuditEntry) -> StoreResult<bool> {
        self.check()?;
        self.store.insert(version, entry).await
    }
}
