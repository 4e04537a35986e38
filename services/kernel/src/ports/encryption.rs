//! Encryption of personal fields.

use std::fmt;

use uuid::Uuid;

use crate::PortError;

/// Encrypts personal fields at rest. Implemented by `infra`.
pub trait FieldEncryption: Send + Sync {
    /// Creates a data key, wrapped under the key ring. Destroying a data key makes all values sealed under it unreadable.
    ///
    /// # Errors
    /// Internal errors only.
    fn new_data_key(&self) -> Result<DataKey, PortError>;

    /// Returns the key of the system for a purpose. It is derived on each call and never stored.
    fn system_key(&self, purpose: &'static str) -> DataKey;

    /// Seals a value. It can be opened only with the same location: not after it was moved to another row, column or
    /// owner.
    ///
    /// # Errors
    /// Internal errors only, for example an invalid data key.
    fn seal(&self, key: &DataKey, location: &FieldLocation, plain: &[u8]) -> Result<Vec<u8>, PortError>;

    /// Opens a sealed value.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if it was not sealed with this key at this location.
    fn open(&self, key: &DataKey, location: &FieldLocation, sealed: &[u8]) -> Result<Vec<u8>, PortError>;

    /// Returns a keyed digest for equality look-ups. Equal texts have equal digests; the text cannot be recovered.
    fn blind_index(&self, purpose: &'static str, text: &str) -> [u8; 32];
}

/// A wrapped data key, as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey(pub Vec<u8>);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Location of a sealed field, used as associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldLocation {
    /// Table or collection.
    pub table: &'static str,
    /// Column or field.
    pub column: &'static str,
    /// Row or document.
    pub row: Uuid,
    /// Account that owns the value; nil for values of the system.
    pub owner: Uuid,
}
