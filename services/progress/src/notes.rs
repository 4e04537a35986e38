//! What seals what people write for themselves.

use std::sync::Arc;

use kith_kernel::{
    CheckInId, PortError, ErrorKind,
    ports::{DataKey, FieldLocation, FieldEncryption},
};

use crate::{CheckIn, Journey, Note};

/// Seals notes by the key of their owner's journey: who destroys that key destroys all of them.
pub struct Notes {
    /// What seals.
    pub vault: Arc<dyn FieldEncryption>,
}

impl Notes {
    /// A key for somebody new.
    ///
    /// # Errors
    /// Only those of the vault.
    pub fn new_key(&self) -> Result<DataKey, PortError> {
        self.vault.new_data_key()
    }

    /// A note as it is kept.
    ///
    /// # Errors
    /// Only those of the vault.
    pub fn seal(&self, journey: &Journey, check_in: CheckInId, note: &Note) -> Result<Vec<u8>, PortError> {
        self.vault.seal(&journey.key, &place(journey, check_in), note.reveal().as_bytes())
    }

    /// What a check-in's note says; empty if it has none.
    ///
    /// # Errors
    /// Those of the vault: for a note that was not sealed for this place.
    pub fn open(&self, journey: &Journey, check_in: &CheckIn) -> Result<String, PortError> {
        let Some(sealed) = &check_in.note else { return Ok(String::new()) };
        let plain = self.vault.open(&journey.key, &place(journey, check_in.id), sealed)?;
        String::from_utf8(plain).map_err(|_| PortError::new(ErrorKind::Internal, "a note that is no text"))
    }
}

const fn place(journey: &Journey, check_in: CheckInId) -> FieldLocation {
    FieldLocation { table: "check_ins", column: "note", row: check_in.uuid(), owner: journey.owner.uuid() }
}
