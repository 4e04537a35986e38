//! Test harness: the use cases on the embedded store, with a manual clock and a stub of the `users` slice.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kith_auth::{
    AuthCache, PasswordHasher, RefreshKeys, Service, TicketIssuer, TokenKeys, Verifier,
    domain::{Credentials, Device, Email, NewPassword, ProfileInput, Registration},
    store::{Sql, Store},
};
use kith_infra::ephemeral::InMemory;
use kith_kernel::{
    AccountStatus, Actor, Clock, ErrorKind, EventPayload, PersonaId, PortError, SystemClock, SystemEntropy, Timestamp,
    UserId,
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

/// In-memory account directory. Creation is idempotent; reads fail after [`make_unavailable`](Self::make_unavailable).
#[derive(Default)]
pub(crate) struct StubAccountDirectory(Mutex<StubAccounts>);

#[derive(Default)]
struct StubAccounts {
    accounts: HashMap<UserId, (Persona, AccountStatus)>,
    is_unavailable: bool,
}

impl StubAccountDirectory {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().accounts.len()
    }

    pub(crate) fn make_unavailable(&self) {
        self.0.lock().unwrap().is_unavailable = true;
    }

    pub(crate) fn set_status(&self, user: UserId, status: AccountStatus) {
        self.0.lock().unwrap().accounts.get_mut(&user).unwrap().1 = status;
    }
}

#[async_trait]
impl AccountDirectory for StubAccountDirectory {
    async fn create(&self, account: &NewAccount) -> Result<Persona, PortError> {
        let accounts = &mut self.0.lock().unwrap().accounts;
        if let Some((persona, _)) = accounts.get(&account.user) {
            return Ok(persona.clone());
        }
        let handle = account.handle.clone().unwrap_or_else(|| format!("user_{}", accounts.len()));
        if handle.contains(' ') {
            return Err(PortError::new(ErrorKind::InvalidArgument, "handle contains a space"));
        }
        if accounts.values().any(|(persona, _)| persona.handle == handle) {
            return Err(PortError::new(ErrorKind::AlreadyExists, "handle is taken"));
        }
        let id = PersonaId::random(&SystemEntropy);
        let persona = Persona { id, handle, avatar: account.avatar.unwrap_or(1), badges: Vec::new() };
        accounts.insert(account.user, (persona.clone(), AccountStatus::Active));
        Ok(persona)
    }

    async fn status(&self, user: UserId) -> Result<Option<AccountSummary>, PortError> {
        let stub = self.0.lock().unwrap();
        if stub.is_unavailable {
            return Err(PortError::new(ErrorKind::Unavailable, "account directory is unavailable"));
        }
        let found = stub.accounts.get(&user);
        Ok(found.map(|(persona, status)| AccountSummary { persona: persona.id, role: Role::Member, status: *status }))
    }

    async fn suspend(&self, user: UserId, _: Timestamp, _: UserId) -> Result<(), PortError> {
        self.set_status(user, AccountStatus::Suspended);
        Ok(())
    }

    async fn reinstate(&self, user: UserId, _: UserId) -> Result<(), PortError> {
        self.set_status(user, AccountStatus::Active);
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
    pub(crate) tickets: Arc<TicketIssuer>,
    outbox: Arc<dyn Outbox>,
    database: TestDatabase,
}

/// Keeps the database until the end of the test.
enum TestDatabase {
    Sqlite(kith_testkit::SqliteDatabase),
    Postgres(kith_testkit::PostgresDatabase),
}

pub(crate) async fn sqlite() -> Harness {
    let (file, clock) = (kith_testkit::sqlite_database().await, Arc::new(ManualClock::at(SystemClock.now())));
    let outbox = Arc::new(SqlOutbox::new(file.clone(), clock.clone()));
    let audit = Arc::new(SqlAuditLog::new(file.clone()));
    harness(Arc::new(Sql::new(file.clone())), audit, outbox, clock, TestDatabase::Sqlite(file))
}

pub(crate) async fn postgres() -> Harness {
    let (server, clock) = (kith_testkit::postgres_database().await, Arc::new(ManualClock::at(SystemClock.now())));
    let outbox = Arc::new(SqlOutbox::new(server.clone(), clock.clone()));
    let audit = Arc::new(SqlAuditLog::new(server.clone()));
    harness(Arc::new(Sql::new(server.clone())), audit, outbox, clock, TestDatabase::Postgres(server))
}

fn harness(
    store: Arc<dyn Store>,
    audit: Arc<dyn AuditLog>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<ManualClock>,
    database: TestDatabase,
) -> Harness {
    let (accounts, entropy) = (Arc::new(StubAccountDirectory::default()), Arc::new(SystemEntropy));
    let keys = Arc::new(TokenKeys::new(&[SEED, [4; 32]], ISSUER, AUDIENCE).unwrap());
    let cache = Arc::new(AuthCache::default());
    let verifier = Arc::new(Verifier {
        store: store.clone(),
        accounts: accounts.clone(),
        keys: keys.clone(),
        cache: cache.clone(),
        clock: clock.clone(),
    });
    let tickets = Arc::new(TicketIssuer {
        verifier: verifier.clone(),
        ephemeral: Arc::new(InMemory::new(clock.clone())),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let flags = Arc::new(StubFlags::default());
    let auth = Arc::new(Service {
        flags: flags.clone(),
        store: store.clone(),
        accounts: accounts.clone(),
        encryption: kith_testkit::test_encryption(),
        passwords: Arc::new(PasswordHasher::new(16, entropy.clone())),
        token_keys: keys,
        refresh_keys: Arc::new(RefreshKeys::new(&[[5; 32]], entropy.clone()).unwrap()),
        cache,
        clock: clock.clone(),
        entropy,
    });
    Harness { store, accounts, clock, flags, auth, verifier, audit, tickets, outbox, database }
}

impl Harness {
    /// Closes the database, so that every later access fails.
    pub(crate) async fn close(&self) {
        match &self.database {
            TestDatabase::Sqlite(file) => file.close().await,
            TestDatabase::Postgres(server) => server.close().await,
        }
    }

    /// Returns the SQLite database, if the harness uses one.
    pub(crate) fn sqlite_database(&self) -> Option<&kith_testkit::SqliteDatabase> {
        match &self.database {
            TestDatabase::Sqlite(file) => Some(file),
            TestDatabase::Postgres(_) => None,
        }
    }

    /// Returns the events published since the last call.
    pub(crate) async fn published_events(&self) -> Vec<EventPayload> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.payloads()
    }

    /// Registers an account without an e-mail address.
    pub(crate) async fn register_anonymous(&self) -> Registration {
        self.auth.register_anonymous(None, ProfileInput::default(), &phone()).await.unwrap()
    }

    /// Verifies the access token and returns its actor.
    pub(crate) async fn actor_of(&self, credentials: &Credentials) -> Option<Actor> {
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
