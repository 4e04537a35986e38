//! Where it is kept by what accounts are entered, and which devices are in.
//!
//! Every promise below has a case in `tests/it/store.rs`.

mod sql;

use async_trait::async_trait;
use kith_kernel::{Event, SessionId, Timestamp, UserId, audit, ports::DataKey};
use kith_storage::StoreResult;

pub use self::sql::Sql;
use crate::domain::{Digest, Session, opaque};

/// By what an account is entered from its first day.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Which account.
    pub account: UserId,
    /// What seals what is kept of it, wrapped.
    pub data_key: DataKey,
    /// The digest of its recovery code.
    pub recovery: Digest,
    /// Its e-mail address and password, if it has them.
    pub entrance: Option<Entrance>,
    /// When.
    pub created_at: Timestamp,
}

/// An e-mail address and its password, as they are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Entrance {
    /// The address, sealed.
    pub email: Vec<u8>,
    /// What it is looked up by.
    pub email_index: Digest,
    /// The hash of the password, as a PHC string.
    pub password: String,
}

/// Whom an e-mail address lets in, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Which account.
    pub account: UserId,
    /// The hash of its password, as a PHC string.
    pub password: String,
}

opaque!(Enrolment, Entrance, AuditEntry);

/// What happened when a session was ended.
pub type Revoked<'a> = &'a (dyn Fn(SessionId) -> Event + Send + Sync);

/// What a store of sessions promises.
#[async_trait]
pub trait Store: Send + Sync {
    /// Keeps all that a new account is entered by, with its first session: everything or nothing. An account that is
    /// known is [`Taken`](kith_storage::StoreError::UniqueViolation) as `owner`, whatever else is; an address as `email_index`.
    async fn enroll(&self, enrolment: &Enrolment, session: &Session) -> StoreResult<()>;

    /// Gives an account another recovery code, and one session in place of all that it had: the first enrolment was
    /// never heard of. `false`, and nothing, if the account has another address than `email_index`, or is not known.
    async fn enroll_again(
        &self,
        recovery: &Digest,
        email_index: Option<&Digest>,
        session: &Session,
        revoked: Revoked<'_>,
    ) -> StoreResult<bool>;

    /// Gives an account an address and a password. `false`, and nothing, if it has some, or is not known. An address of
    /// another account is [`Taken`](kith_storage::StoreError::UniqueViolation) as `email_index`.
    async fn upgrade(&self, account: UserId, entrance: &Entrance) -> StoreResult<bool>;

    /// Whom an address lets in.
    async fn by_email(&self, email_index: &Digest) -> StoreResult<Option<AuditEntry>>;

    /// Whom a recovery code lets in.
    async fn by_recovery(&self, recovery: &Digest) -> StoreResult<Option<UserId>>;

    /// Whether an account has an address.
    async fn has_email(&self, account: UserId) -> StoreResult<bool>;

    /// What seals what is kept of an account.
    async fn data_key(&self, account: UserId) -> StoreResult<Option<DataKey>>;

    /// Counts one more attempt to enter by an address, as [`attempt`](crate::policy::attempt) says. Of all who come at
    /// once, as many are counted as may come. For the others nothing is, and they hear when the next may be made.
    async fn attempt(&self, email_index: &Digest, now: Timestamp) -> StoreResult<Option<Timestamp>>;

    /// Forgets the attempts to enter by an address: one succeeded.
    async fn entered(&self, email_index: &Digest) -> StoreResult<()>;

    /// Forgets attempts that were made before this moment, and says of how many addresses.
    async fn forget_attempts(&self, before: Timestamp) -> StoreResult<u64>;

    /// Keeps another hash of the same password. `false`, and nothing, if `former` is not the one that is kept.
    async fn rehash(&self, account: UserId, former: &str, hash: &str) -> StoreResult<bool>;

    /// Begins a session, and ends the oldest of its account until `at_most` live: with their events, both or neither.
    /// Says which it ended.
    async fn open(&self, session: &Session, at_most: u32, revoked: Revoked<'_>) -> StoreResult<Vec<SessionId>>;

    /// A session, ended or not.
    async fn session(&self, id: SessionId) -> StoreResult<Option<Session>>;

    /// Puts a session in place of what it was, as [`Session::traded`] made it. Of all who trade one refresh token, one
    /// does; `false`, and nothing, for the others, and if the session has ended.
    async fn trade(&self, traded: &Session) -> StoreResult<bool>;

    /// Forgets how to answer a retry of the trade that made this generation. `false`, and nothing, if there is no such
    /// thing any more.
    async fn confirm(&self, id: SessionId, generation: i64) -> StoreResult<bool>;

    /// Ends a live session of this account, with its events and what is written down of it: all or nothing. `false`, and
    /// nothing, if there is none.
    async fn end(
        &self,
        id: SessionId,
        account: UserId,
        now: Timestamp,
        events: &[Event],
        entries: &[audit::AuditEntry],
    ) -> StoreResult<bool>;

    /// Up to `limit` live sessions of an account that are older than `before`, newest first.
    async fn list(
        &self,
        account: UserId,
        before: Option<SessionId>,
        now: Timestamp,
        limit: i64,
    ) -> StoreResult<Vec<Session>>;

    /// Forgets sessions that ended or expired before this moment, and says how many.
    async fn forget(&self, over_since: Timestamp) -> StoreResult<u64>;
}
