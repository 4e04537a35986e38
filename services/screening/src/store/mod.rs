//! Store of rule sets. Every promise has a contract case in `tests/it/store.rs`, which runs on every adapter.

mod sql;

use async_trait::async_trait;
use kith_kernel::{Timestamp, UserId, audit::AuditEntry};
use kith_screening_engine::RuleSet;
use kith_storage::StoreResult;

pub use self::sql::Sql;

/// Stores versions of the rule set. A stored version is never changed or deleted.
#[async_trait]
pub trait Store: Send + Sync {
    /// Returns the number of the newest version, or `None` if none is stored.
    async fn newest_version(&self) -> StoreResult<Option<u32>>;

    /// Returns a version.
    async fn find(&self, version: u32) -> StoreResult<Option<RuleSetVersion>>;

    /// Inserts a version and its audit entry in one transaction. Returns false without a change if the version exists.
    /// Of several concurrent inserts of one version, exactly one succeeds.
    async fn insert(&self, version: &RuleSetVersion, entry: &AuditEntry) -> StoreResult<bool>;
}

/// A stored version of the rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetVersion {
    /// All rules of the version, with its number.
    pub rules: RuleSet,
    /// Name of the rule that the version added or replaced.
    pub changed_rule: String,
    /// Admin who made the change.
    pub author: UserId,
    pub at: Timestamp,
}
