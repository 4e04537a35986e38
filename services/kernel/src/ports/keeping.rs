//! What is kept for a short time, and what must not be read where it is kept.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use crate::Failure;

/// Keeps things for a short time, for whoever knows their name. Answered by `infra`.
#[async_trait]
pub trait Ephemeral: Send + Sync {
    /// Keeps it that long, in place of what was there.
    async fn put(&self, name: &str, value: Vec<u8>, lasts: Duration) -> Result<(), Failure>;

    /// Takes it out: of all who come at once, one gets it.
    async fn take(&self, name: &str) -> Result<Option<Vec<u8>>, Failure>;
}

/// Seals what must not be read where it is kept. Answered by `infra`.
pub trait Vault: Send + Sync {
    /// A new data key, wrapped. Whoever destroys it destroys what it sealed.
    ///
    /// # Errors
    /// Only faults of our own.
    fn new_data_key(&self) -> Result<DataKey, Failure>;

    /// The key of the system itself for one purpose: the same at each call, and kept nowhere.
    fn system_key(&self, purpose: &'static str) -> DataKey;

    /// Seals a value. It opens at its own place only: moved to another row, column or owner, it does not.
    ///
    /// # Errors
    /// Only faults of our own: a data key that is none.
    fn seal(&self, key: &DataKey, place: &Place, plain: &[u8]) -> Result<Vec<u8>, Failure>;

    /// Opens a value.
    ///
    /// # Errors
    /// [`Fault::Internal`](crate::Fault::Internal) for one that was not sealed here.
    fn open(&self, key: &DataKey, place: &Place, sealed: &[u8]) -> Result<Vec<u8>, Failure>;

    /// What stands for a text where it is looked up: the same for the same text, and nobody can tell which text it was.
    fn blind_index(&self, purpose: &'static str, text: &str) -> [u8; 32];
}

/// A data key as it is kept: wrapped.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey(pub Vec<u8>);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Where a sealed value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The table or collection.
    pub table: &'static str,
    /// The column or field.
    pub column: &'static str,
    /// The row or document.
    pub row: Uuid,
    /// Whose it is; nil for the system's own.
    pub owner: Uuid,
}
