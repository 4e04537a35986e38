//! AES-256-GCM with a random nonce: 2^32 values under one key before two nonces are likely to meet (NIST SP 800-38D).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use kith_kernel::{Entropy, PortError, ErrorKind};

/// The bytes of a key, and of an index.
pub(super) const TAG: usize = 32;

/// One key.
pub(super) struct Sealer([u8; TAG]);

impl Sealer {
    pub(super) const fn new(key: &[u8; TAG]) -> Self {
        Self(*key)
    }

    fn key(&self) -> Result<LessSafeKey, PortError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| failed())
    }

    /// The nonce, then what is sealed.
    pub(super) fn seal(&self, associated: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, PortError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = plain.to_vec();
        self.key()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut sealed)
            .map_err(|_| failed())?;
        Ok([&nonce[..], &sealed].concat())
    }

    pub(super) fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key()?.open_in_place(nonce, Aad::from(associated), &mut plain).map_err(|_| failed())?;
        Ok(opened.to_vec())
    }
}

fn failed() -> PortError {
    PortError::new(ErrorKind::Internal, "a value cannot be sealed or opened")
}
