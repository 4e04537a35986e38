//! Store of feature flags. Every promise has a contract case in `tests/it/store.rs`, which runs on every adapter.

mod sql;

use async_trait::async_trait;
use kith_kernel::audit::AuditEntry;
use kith_storage::StoreResult;
use uuid::Uuid;

pub use self::sql::Sql;
use crate::{Flag, FlagName};

/// Stores feature flags.
#[async_trait]
pub trait Store: Send + Sync {
    /// Returns the flag of this name.
    async fn find(&self, name: &FlagName) -> StoreResult<Option<Flag>>;

    /// Returns up to `limit` flags with an id above `after`, ordered by id.
    async fn list(&self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<Flag>>;

    /// Inserts a flag and its audit entries in one transaction. A name in use is
    /// [`UniqueViolation`](kith_storage::StoreError::UniqueViolation) with the key `name`, an id in use with the key `id`.
    async fn insert(&self, flag: &Flag, entries: &[AuditEntry]) -> StoreResult<()>;

    /// Replaces the flag of this name and appends audit entries in one transaction, if the stored version is the one
    /// before `flag.version`. Returns false without a change otherwise. Of several concurrent updates of one version,
    /// exactly one succeeds.
    async fn update(&self, flag: &Flag, entries: &[AuditEntry]) -> StoreResult<bool>;
}
