//! Encryption of notes.

use std::sync::Arc;

use kith_kernel::{
    CheckInId, ErrorKind, PortError,
    ports::{DataKey, FieldEncryption, FieldLocation},
};

use crate::{CheckIn, Note, RecoveryProfile};

/// Encrypts notes with the data key of their owner's profile. Destroying that key makes all notes of the owner unreadable.
pub struct NoteCipher {
    pub encryption: Arc<dyn FieldEncryption>,
}

impl NoteCipher {
    /// Creates the data key of a new profile.
    ///
    /// # Errors
    /// Errors of the encryption port.
    pub fn new_data_key(&self) -> Result<DataKey, PortError> {
        self.encryption.new_data_key()
    }

    /// Encrypts the note of a check-in.
    ///
    /// # Errors
    /// Errors of the encryption port.
    pub fn encrypt(&self, profile: &RecoveryProfile, check_in: CheckInId, note: &Note) -> Result<Vec<u8>, PortError> {
        self.encryption.seal(&profile.data_key, &location(profile, check_in), note.expose().as_bytes())
    }

    /// Decrypts the note of a check-in. Empty if it has none.
    ///
    /// # Errors
    /// Errors of the encryption port, for example if the note was encrypted for another check-in or owner.
    pub fn decrypt(&self, profile: &RecoveryProfile, check_in: &CheckIn) -> Result<String, PortError> {
        let Some(ciphertext) = &check_in.note else { return Ok(String::new()) };
        let plaintext = self.encryption.open(&profile.data_key, &location(profile, check_in.id), ciphertext)?;
        String::from_utf8(plaintext).map_err(|_| PortError::new(ErrorKind::Internal, "decrypted note is not UTF-8"))
    }
}

const fn location(profile: &RecoveryProfile, check_in: CheckInId) -> FieldLocation {
    FieldLocation { table: "check_ins", column: "note", row: check_in.uuid(), owner: profile.owner.uuid() }
}
