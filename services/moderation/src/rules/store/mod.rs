//! Where the rules of the screen are kept.
//!
//! Every promise below has a case in `tests/rules/store.rs`, and every case runs on every adapter.

mod sql;

use async_trait::async_trait;
use kith_kernel::{Timestamp, UserId, audit::Entry};
use kith_screening_engine::Rules;
use kith_storage::StoreResult;

pub use self::sql::Sql;

/// What a store of rules promises. A version that was put is never changed and never goes.
#[async_trait]
pub trait Store: Send + Sync {
    /// The number of the newest version. `None` before the first was put.
    async fn newest(&self) -> StoreResult<Option<u32>>;

    /// A version.
    async fn version(&self, version: u32) -> StoreResult<Option<Kept>>;

    /// Keeps a version and its line in the audit trail, both or neither. `false`, and neither, if this version is there
    /// already: of those who put the same number at once, one does.
    async fn put(&self, new: &Kept, entry: &Entry) -> StoreResult<bool>;
}

/// A version as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// All rules of that version.
    pub rules: Rules,
    /// The rule that was put.
    pub name: String,
    /// Who put it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}
