//! Where flags are kept. Every promise below has a case in `tests/admin/store.rs`, and every case runs on every adapter.

mod sql;

use async_trait::async_trait;
use kith_kernel::audit::Entry;
use kith_storage::StoreResult;
use uuid::Uuid;

pub use self::sql::Sql;
use super::{Flag, Name};

/// What a store of flags promises.
#[async_trait]
pub trait Store: Send + Sync {
    /// The flag of this name.
    async fn flag(&self, name: &Name) -> StoreResult<Option<Flag>>;

    /// Up to `limit` flags behind the one of this id, by their ids.
    async fn flags(&self, after: Option<Uuid>, limit: i64) -> StoreResult<Vec<Flag>>;

    /// Adds a flag and writes it down, both or neither. A name in use is [`Taken`](kith_storage::StoreError::Taken) as `name`,
    /// an id in use as `id`.
    async fn add(&self, flag: &Flag, entries: &[Entry]) -> StoreResult<()>;

    /// Sets the flag of this name, if its version is still the one before this flag's, and writes it down: both or
    /// neither. Of many who set one version at once, one does; `false`, and nothing, for the others.
    async fn set(&self, flag: &Flag, entries: &[Entry]) -> StoreResult<bool>;
}
