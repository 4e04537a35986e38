//! Storage of credentials and sessions.
//!
//! Every guarantee below has a contract case in `tests/it/store.rs`.

mod sql;

use async_trait::async_trait;
use kith_kernel::{Event, SessionId, Timestamp, UserId, audit, ports::DataKey};
use kith_storage::StoreResult;

pub use self::sql::Sql;
use crate::domain::{Digest, Session, secret_type};

/// Credentials of a new account.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCredentials {
    pub account: UserId,
    /// Wrapped key that encrypts the fields of the account.
    pub data_key: DataKey,
    pub recovery_digest: Digest,
    /// `None` for an anonymous account.
    pub email: Option<EmailCredentials>,
    pub created_at: Timestamp,
}

/// E-mail address and password, as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailCredentials {
    pub encrypted_email: Vec<u8>,
    /// Blind index by which the address is looked up.
    pub email_index: Digest,
    /// PHC string.
    pub password_hash: String,
}

/// Account and password hash of an e-mail address.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginRecord {
    pub account: UserId,
    /// PHC string.
    pub password_hash: String,
}

secret_type!(NewCredentials, EmailCredentials, LoginRecord);

/// Builds the event of a revoked session. The store learns only inside its transaction which sessions it has to end.
pub type RevocationEvent<'a> = &'a (dyn Fn(SessionId) -> Event + Send + Sync);

/// Storage of credentials and sessions.
///
/// Each write is atomic: a call that fails or returns false changes nothing. The purges delete in batches instead.
#[async_trait]
pub trait Store: Send + Sync {
    /// Inserts the credentials of a new account and its first session.
    ///
    /// # Errors
    /// [`UniqueViolation`](kith_storage::StoreError::UniqueViolation) of `owner` if the account has credentials,
    /// otherwise of `email_index` if the address is in use.
    async fn enroll(&self, credentials: &NewCredentials, session: &Session) -> StoreResult<()>;

    /// Repeats an enrollment whose response was lost: replaces the recovery code, and all sessions by `session`.
    /// Returns false if the account does not exist or has a different `email_index`.
    async fn enroll_retry(
        &self,
        recovery_digest: &Digest,
        email_index: Option<&Digest>,
        session: &Session,
        event_for: RevocationEvent<'_>,
    ) -> StoreResult<bool>;

    /// Adds an e-mail address and a password to an anonymous account. Returns false if the account does not exist or
    /// has an address.
    ///
    /// # Errors
    /// [`UniqueViolation`](kith_storage::StoreError::UniqueViolation) of `email_index` if the address is in use.
    async fn upgrade(&self, account: UserId, email: &EmailCredentials) -> StoreResult<bool>;

    async fn find_by_email_index(&self, email_index: &Digest) -> StoreResult<Option<LoginRecord>>;

    async fn find_by_recovery_digest(&self, recovery_digest: &Digest) -> StoreResult<Option<UserId>>;

    /// Returns true if the account has an e-mail address.
    async fn has_email(&self, account: UserId) -> StoreResult<bool>;

    /// Returns the wrapped key that encrypts the fields of the account.
    async fn data_key(&self, account: UserId) -> StoreResult<Option<DataKey>>;

    /// Records a login attempt with this address by the rules of
    /// [`policy::record_attempt`](crate::policy::record_attempt). Returns the time of the next permitted attempt if
    /// this one is rejected. The limit also holds for concurrent attempts.
    async fn record_attempt(&self, email_index: &Digest, now: Timestamp) -> StoreResult<Option<Timestamp>>;

    /// Deletes the attempts with this address. Called after a successful login.
    async fn clear_attempts(&self, email_index: &Digest) -> StoreResult<()>;

    /// Deletes the attempts of all addresses whose last attempt was before this time. Returns the number of addresses.
    async fn purge_attempts(&self, before: Timestamp) -> StoreResult<u64>;

    /// Replaces a password hash. Returns false if `previous` is not the stored hash.
    async fn update_hash(&self, account: UserId, previous: &str, hash: &str) -> StoreResult<bool>;

    /// Inserts a session and ends the oldest sessions of its account, so that at most `limit` are live. Returns the
    /// ended sessions.
    async fn create_session(
        &self,
        session: &Session,
        limit: u32,
        event_for: RevocationEvent<'_>,
    ) -> StoreResult<Vec<SessionId>>;

    /// Returns a session, ended or not.
    async fn find_session(&self, id: SessionId) -> StoreResult<Option<Session>>;

    /// Saves the result of [`Session::rotated`]. Of several concurrent rotations of one refresh token, exactly one
    /// returns true. Returns false if the session has ended.
    async fn rotate(&self, rotated: &Session) -> StoreResult<bool>;

    /// Deletes the pending retry of the rotation to this generation. Returns false if there is none.
    async fn confirm_rotation(&self, id: SessionId, generation: i64) -> StoreResult<bool>;

    /// Ends a live session of this account and saves the events and audit entries in the same transaction. Returns
    /// false if there is no such session.
    async fn end_session(
        &self,
        id: SessionId,
        account: UserId,
        now: Timestamp,
        events: &[Event],
        entries: &[audit::AuditEntry],
    ) -> StoreResult<bool>;

    /// Returns up to `limit` live sessions of the account that are older than `before`, newest first.
    async fn list_sessions(
        &self,
        account: UserId,
        before: Option<SessionId>,
        now: Timestamp,
        limit: i64,
    ) -> StoreResult<Vec<Session>>;

    /// Deletes sessions that ended or expired before this time. Returns their number.
    async fn purge_sessions(&self, ended_before: Timestamp) -> StoreResult<u64>;
}
