//! AES-256-GCM with random nonces. One key can seal 2^32 values before a nonce collision becomes likely (NIST SP
//! 800-38D).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use kith_kernel::{Entropy, ErrorKind, PortError};

/// Length of a key and of a blind index, in bytes.
pub(super) const KEY_LENGTH: usize = 32;

pub(super) struct AeadKey([u8; KEY_LENGTH]);

impl AeadKey {
    pub(super) const fn new(key: &[u8; KEY_LENGTH]) -> Self {
        Self(*key)
    }

    fn key(&self) -> Result<LessSafeKey, PortError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| failed())
    }

    /// Returns the nonce followed by the sealed value.
    pub(super) fn seal(
        &self,
        associated_data: &[u8],
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, PortError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = plain.to_vec();
        self.key()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated_data), &mut sealed)
            .map_err(|_| failed())?;
        Ok([&nonce[..], &sealed].concat())
    }

    pub(super) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key()?.open_in_place(nonce, Aad::from(associated_data), &mut plain).map_err(|_| failed())?;
        Ok(opened.to_vec())
    }
}

fn failed() -> PortError {
    PortError::new(ErrorKind::Internal, "failed to seal or open a value")
}
