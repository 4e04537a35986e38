//! Test harness: the slice on a database of its own, with stub accounts.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use kith_admin::{
    CachedFeatureFlags, Service,
    store::{Sql, Store},
};
use kith_kernel::{
    AccountStatus, Actor, ErrorKind, EventId, PageTokenCodec, PersonaId, PortError, Role, SystemEntropy, Timestamp,
    UserId,
    audit::{AuditAction, AuditEntry},
    ports::{
        AccountDirectory, AccountSummary, AuditLog, NewAccount, Persona, PersonaLookup, SetRole, SetRoleOutcome,
        StaffDirectory, StaffMember,
    },
};
use kith_storage::sql::SqlAuditLog;
use kith_testkit::{ManualClock, member};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) accounts: Arc<StubAccounts>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) flags: Arc<CachedFeatureFlags>,
    pub(crate) service: Arc<Service>,
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
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
    let accounts = Arc::new(StubAccounts { audit: audit.clone(), accounts: Mutex::default() });
    let flags = Arc::new(CachedFeatureFlags::new(store.clone(), clock.clone()));
    let service = Arc::new(Service {
        staff: accounts.clone(),
        accounts: accounts.clone(),
        personas: accounts.clone(),
        audit: audit.clone(),
        store: store.clone(),
        flags: flags.clone(),
        page_tokens: Arc::new(PageTokenCodec::new(&[7; 32])),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    });
    Harness { store, audit, accounts, clock, flags, service, _database: database }
}

impl Harness {
    /// Adds an account.
    pub(crate) fn account(&self, handle: &str, role: Role) -> Actor {
        let actor = Actor { role, ..member() };
        let account = Account { persona: actor.persona, handle: handle.to_owned(), role };
        self.accounts.accounts.lock().unwrap().insert(actor.user, account);
        actor
    }

    /// Action, subject and detail of every audit record, oldest first.
    pub(crate) async fn audit_records(&self) -> Vec<(String, String, String)> {
        let records = self.audit.records_after(0, 100).await.unwrap();
        records.into_iter().map(|record| (record.action, record.subject, record.detail)).collect()
    }
}

/// Accounts in memory.
pub(crate) struct StubAccounts {
    audit: Arc<dyn AuditLog>,
    accounts: Mutex<HashMap<UserId, Account>>,
}

#[derive(Clone)]
struct Account {
    persona: PersonaId,
    handle: String,
    role: Role,
}

impl Account {
    fn public_persona(&self) -> Persona {
        Persona { id: self.persona, handle: self.handle.clone(), avatar: 1, badges: Vec::new() }
    }
}

/// Bit that distinguishes the circle persona of an account from its public one.
const CIRCLE_PERSONA: u128 = 1 << 127;

impl StubAccounts {
    /// Persona of the account in a circle.
    pub(crate) fn circle_persona(actor: &Actor) -> PersonaId {
        PersonaId::from_uuid(uuid::Uuid::from_u128(actor.persona.uuid().as_u128() ^ CIRCLE_PERSONA))
    }

    fn role(&self, user: UserId) -> Option<Role> {
        self.accounts.lock().unwrap().get(&user).map(|account| account.role)
    }
}

#[async_trait]
impl PersonaLookup for StubAccounts {
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        let accounts = self.accounts.lock().unwrap();
        let found = accounts.values().filter(|account| personas.contains(&account.persona));
        Ok(found.map(|account| (account.persona, account.public_persona())).collect())
    }

    async fn account_of(&self, persona: PersonaId) -> Result<Option<UserId>, PortError> {
        let accounts = self.accounts.lock().unwrap();
        let personas_of = |public: PersonaId| [public.uuid().as_u128(), public.uuid().as_u128() ^ CIRCLE_PERSONA];
        let found = accounts.iter().find(|(_, it)| personas_of(it.persona).contains(&persona.uuid().as_u128()));
        Ok(found.map(|(user, _)| *user))
    }
}

#[async_trait]
impl AccountDirectory for StubAccounts {
    async fn create(&self, _: &NewAccount) -> Result<Persona, PortError> {
        Err(PortError::new(ErrorKind::Internal, "not supported by the stub"))
    }

    async fn status(&self, user: UserId) -> Result<Option<AccountSummary>, PortError> {
        let accounts = self.accounts.lock().unwrap();
        let summary = |account: &Account| AccountSummary {
            persona: account.persona,
            role: account.role,
            status: AccountStatus::Active,
        };
        Ok(accounts.get(&user).map(summary))
    }

    async fn suspend(&self, _: UserId, _: Timestamp, _: UserId) -> Result<(), PortError> {
        Ok(())
    }

    async fn reinstate(&self, _: UserId, _: UserId) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl StaffDirectory for StubAccounts {
    async fn staff(&self) -> Result<Vec<StaffMember>, PortError> {
        let accounts = self.accounts.lock().unwrap();
        let staff = accounts.values().filter(|account| account.role != Role::Member);
        Ok(staff.map(|account| StaffMember { persona: account.public_persona(), role: account.role }).collect())
    }

    async fn set_role(&self, order: &SetRole) -> Result<SetRoleOutcome, PortError> {
        let Some(current) = self.role(order.user) else {
            return Err(PortError::new(ErrorKind::NotFound, "no such account"));
        };
        if current == order.role {
            return Ok(SetRoleOutcome::Unchanged);
        }
        let admins = self.accounts.lock().unwrap().values().filter(|account| account.role == Role::Admin).count();
        if current == Role::Admin && admins == 1 {
            return Ok(SetRoleOutcome::LastAdmin);
        }
        self.audit.append(&[audit_entry(order)]).await?;
        self.accounts.lock().unwrap().get_mut(&order.user).unwrap().role = order.role;
        Ok(SetRoleOutcome::Changed)
    }
}

fn audit_entry(order: &SetRole) -> AuditEntry {
    let at = Timestamp::from_millis(1_700_000_000_000);
    AuditEntry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor: order.by,
        session: order.session,
        action: AuditAction::RoleGranted,
        subject: format!("account:{}", order.user),
        detail: format!("role={} account={}", order.role.as_str(), order.user),
    }
}
