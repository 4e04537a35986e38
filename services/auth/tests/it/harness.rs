//! Auth as a whole on the embedded store, with a clock in the hand, and a accounts in place of the slice that owns accounts.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kith_auth::{
    Booth, Keys, Passwords, RefreshKeys, Remembered, Service, Verifier,
    domain::{Appearance, Credentials, Device, Email, NewPassword, Welcome},
    store::{Sql, Store},
};
use kith_infra::ephemeral::Local;
use kith_kernel::{
    AccountStatus, Actor, Clock, ErrorKind, EventPayload, PageTokenCodec, PersonaId, PortError, SystemClock,
    SystemEntropy, Timestamp, UserId,
    actor::Role,
    ports::{AccountDirectory, AccountSummary, AuditLog, NewAccount, Persona, TokenVerifier as _},
};
use kith_storage::{
    Outbox, Relay,
    sql::{SqlAuditLog, SqlOutbox},
};
use kith_testkit::{ManualClock, RecordingBus, StubFlags};

pub(crate) const SEED: [u8; 32] = [3; 32];
pub(crate) const ISSUER: &str = "https://kith.example";
pub(crate) const AUDIENCE: &str = "kith";
pub(crate) const PASSWORD: &str = "seven green kettles";

/// The accounts of a few people: opens them once each, knows how they stand, and answers nothing while it is closed.
#[derive(Default)]
pub(crate) struct StubAccountDirectory(Mutex<Register>);

#[derive(Default)]
struct Register {
    people: HashMap<UserId, (Persona, AccountStatus)>,
    closed: bool,
}

impl StubAccountDirectory {
    pub(crate) fn population(&self) -> usize {
        self.0.lock().unwrap().people.len()
    }

    pub(crate) fn close(&self) {
        self.0.lock().unwrap().closed = true;
    }

    pub(crate) fn set(&self, user: UserId, status: AccountStatus) {
        self.0.lock().unwrap().people.get_mut(&user).unwrap().1 = status;
    }
}

#[async_trait]
impl AccountDirectory for StubAccountDirectory {
    async fn create(&self, account: &NewAccount) -> Result<Persona, PortError> {
        let people = &mut self.0.lock().unwrap().people;
        if let Some((persona, _)) = people.get(&account.user) {
            return Ok(persona.clone());
        }
        let handle = account.handle.clone().unwrap_or_else(|| format!("somebody_{}", people.len()));
        if handle.contains(' ') {
            return Err(PortError::new(ErrorKind::InvalidArgument, "no blanks"));
        }
        if people.values().any(|(persona, _)| persona.handle == handle) {
            return Err(PortError::new(ErrorKind::AlreadyExists, "somebody is called so"));
        }
        let id = PersonaId::random(&SystemEntropy);
        let persona = Persona { id, handle, avatar: account.avatar.unwrap_or(1), badges: Vec::new() };
        people.insert(account.user, (persona.clone(), AccountStatus::Active));
        Ok(persona)
    }

    async fn status(&self, user: UserId) -> Result<Option<AccountSummary>, PortError> {
        let register = self.0.lock().unwrap();
        if register.closed {
            return Err(PortError::new(ErrorKind::Unavailable, "the accounts is closed"));
        }
        let found = register.people.get(&user);
        Ok(found.map(|(persona, standing)| AccountSummary {
            persona: persona.id,
            role: Role::Member,
            status: *standing,
        }))
    }

    async fn suspend(&self, user: UserId, _: Timestamp, _: UserId) -> Result<(), PortError> {
        self.set(user, AccountStatus::Suspended);
        Ok(())
    }

    async fn reinstate(&self, user: UserId, _: UserId) -> Result<(), PortError> {
        self.set(user, AccountStatus::Active);
        Ok(())
    }
}

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) accounts: Arc<StubAccountDirectory>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) flags: Arc<StubFlags>,
    pub(crate) auth: Arc<Service>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) audit: Arc<dyn AuditLog>,
    outbox: Arc<dyn Outbox>,
    kept: Kept,
}

/// What the database lies in.
enum Kept {
    File(kith_testkit::SqliteDatabase),
    Server(kith_testkit::PostgresDatabase),
}

pub(crate) async fn sqlite() -> Harness {
    let (file, clock) = (kith_testkit::sqlite_database().await, Arc::new(ManualClock::at(SystemClock.now())));
    let outbox = Arc::new(SqlOutbox::new(file.clone(), clock.clone()));
    let audit = Arc::new(SqlAuditLog::new(file.clone()));
    harness(Arc::new(Sql::new(file.clone())), audit, outbox, clock, Kept::File(file))
}

pub(crate) async fn postgres() -> Harness {
    let (server, clock) = (kith_testkit::postgres_database().await, Arc::new(ManualClock::at(SystemClock.now())));
    let outbox = Arc::new(SqlOutbox::new(server.clone(), clock.clone()));
    let audit = Arc::new(SqlAuditLog::new(server.clone()));
    harness(Arc::new(Sql::new(server.clone())), audit, outbox, clock, Kept::Server(server))
}

fn harness(
    store: Arc<dyn Store>,
    audit: Arc<dyn AuditLog>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<ManualClock>,
    kept: Kept,
) -> Harness {
    let (accounts, entropy) = (Arc::new(StubAccountDirectory::default()), Arc::new(SystemEntropy));
    let keys = Arc::new(Keys::new(&[SEED, [4; 32]], ISSUER, AUDIENCE).unwrap());
    let remembered = Arc::new(Remembered::default());
    let verifier = Arc::new(Verifier {
        store: store.clone(),
        accounts: accounts.clone(),
        keys: keys.clone(),
        remembered: remembered.clone(),
        clock: clock.clone(),
    });
    let booth = Arc::new(Booth {
        verifier: verifier.clone(),
        ephemeral: Arc::new(Local::new(clock.clone())),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let flags = Arc::new(StubFlags::default());
    let auth = Arc::new(Service {
        flags: flags.clone(),
        store: store.clone(),
        accounts: accounts.clone(),
        vault: kith_testkit::test_encryption(),
        passwords: Arc::new(Passwords::new(16, entropy.clone())),
        keys,
        refresh: Arc::new(RefreshKeys::new(&[[5; 32]], entropy.clone()).unwrap()),
        remembered,
        booth,
        pager: Arc::new(PageTokenCodec::new(&[6; 32])),
        clock: clock.clone(),
        entropy,
    });
    Harness { store, accounts, clock, flags, auth, verifier, audit, outbox, kept }
}

impl Harness {
    /// Nothing is read or written any more.
    pub(crate) async fn close(&self) {
        match &self.kept {
            Kept::File(file) => file.close().await,
            Kept::Server(server) => server.close().await,
        }
    }

    /// The file itself, if it is one.
    pub(crate) fn file(&self) -> Option<&kith_testkit::SqliteDatabase> {
        match &self.kept {
            Kept::File(file) => Some(file),
            Kept::Server(_) => None,
        }
    }

    /// What was announced since this was asked last.
    pub(crate) async fn announced(&self) -> Vec<EventPayload> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.payloads()
    }

    /// Somebody new without an address.
    pub(crate) async fn anonymous(&self) -> Welcome {
        self.auth.register_anonymous(None, Appearance::default(), &phone()).await.unwrap()
    }

    /// Whose access token it is, now.
    pub(crate) async fn whose(&self, credentials: &Credentials) -> Option<Actor> {
        self.verifier.verify(&credentials.access).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) fn phone() -> Device {
    Device::new("a telephone")
}

pub(crate) fn email() -> Email {
    Email::new("marianne@example.org").unwrap()
}

pub(crate) fn password() -> NewPassword {
    NewPassword::new(PASSWORD, &email()).unwrap()
}
