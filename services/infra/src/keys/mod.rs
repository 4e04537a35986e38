//! Key ring and field encryption.
//!
//! All keys except the blind index key are derived from one root secret with HKDF-SHA256 (RFC 5869) and a label per
//! purpose, so that no two purposes share a key. After a rotation, the previous secret still opens the values that it
//! sealed. The key of blind indexes has its own secret, which is never rotated: indexed values could not be found any
//! more.

mod aead;

use std::sync::Arc;

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use kith_kernel::{
    Entropy, ErrorKind, PortError,
    ports::{DataKey, FieldEncryption, FieldLocation},
};

use self::aead::{AeadKey, KEY_LENGTH};

/// First byte of a data key: wrapped under a root secret, or derived for the system.
const WRAPPED_KEY: u8 = 1;
const SYSTEM_KEY: u8 = 2;

/// Key ring of a deployment. All nodes have the same secrets.
pub struct KeyRing {
    /// The current secret first.
    secrets: Vec<RootSecret>,
    index: RootSecret,
    entropy: Arc<dyn Entropy>,
}

struct RootSecret {
    bytes: [u8; 32],
    id: [u8; 4],
}

impl RootSecret {
    fn new(bytes: &[u8; 32]) -> Self {
        let derived = derive(bytes, "kith/key-id");
        let [a, b, c, d, ..] = derived;
        Self { bytes: *bytes, id: [a, b, c, d] }
    }
}

impl KeyRing {
    /// Creates a key ring from the current root secret, the previous ones, and the secret for blind indexes.
    #[must_use]
    pub fn new(current: &[u8; 32], previous: &[[u8; 32]], index: &[u8; 32], entropy: Arc<dyn Entropy>) -> Self {
        let secrets = std::iter::once(current).chain(previous).map(RootSecret::new).collect();
        Self { secrets, index: RootSecret::new(index), entropy }
    }

    /// Returns the keys of a purpose: the current one first, then the previous ones.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.secrets.iter().map(|secret| derive(&secret.bytes, purpose)).collect()
    }

    fn secret(&self, id: [u8; 4]) -> Result<&RootSecret, PortError> {
        let found = self.secrets.iter().find(|secret| secret.id == id);
        found
            .ok_or_else(|| PortError::new(ErrorKind::Internal, "sealed with a root secret that is not in the key ring"))
    }

    fn current(&self) -> Result<&RootSecret, PortError> {
        self.secrets.first().ok_or_else(|| PortError::new(ErrorKind::Internal, "key ring has no root secret"))
    }

    fn wrapping_key(secret: &RootSecret) -> AeadKey {
        AeadKey::new(&derive(&secret.bytes, "kith/wrap"))
    }

    /// Resolves a data key. `id` names the root secret from which a system key is derived.
    fn aead_key(&self, key: &DataKey, id: [u8; 4]) -> Result<AeadKey, PortError> {
        match key.0.split_first() {
            Some((&WRAPPED_KEY, wrapped)) => {
                let (id, sealed) = wrapped.split_first_chunk::<4>().ok_or_else(malformed)?;
                let plain = Self::wrapping_key(self.secret(*id)?).open(b"data key", sealed)?;
                Ok(AeadKey::new(plain.as_slice().first_chunk::<32>().ok_or_else(malformed)?))
            }
            Some((&SYSTEM_KEY, purpose)) => {
                let purpose = std::str::from_utf8(purpose).map_err(|_| malformed())?;
                Ok(AeadKey::new(&derive(&self.secret(id)?.bytes, &format!("kith/system/{purpose}"))))
            }
            _ => Err(malformed()),
        }
    }
}

impl FieldEncryption for KeyRing {
    fn new_data_key(&self) -> Result<DataKey, PortError> {
        let secret = self.current()?;
        let sealed = Self::wrapping_key(secret).seal(b"data key", &self.entropy.secret(), &*self.entropy)?;
        Ok(DataKey([&[WRAPPED_KEY][..], &secret.id, &sealed].concat()))
    }

    fn system_key(&self, purpose: &'static str) -> DataKey {
        DataKey([&[SYSTEM_KEY][..], purpose.as_bytes()].concat())
    }

    fn seal(&self, key: &DataKey, location: &FieldLocation, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        let id = self.current()?.id;
        let sealed = self.aead_key(key, id)?.seal(&associated_data(location), plain, &*self.entropy)?;
        Ok([&id[..], &sealed].concat())
    }

    fn open(&self, key: &DataKey, location: &FieldLocation, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let (id, sealed) = sealed.split_first_chunk::<4>().ok_or_else(malformed)?;
        self.aead_key(key, *id)?.open(&associated_data(location), sealed)
    }

    fn blind_index(&self, purpose: &'static str, text: &str) -> [u8; 32] {
        let key = derive(&self.index.bytes, &format!("kith/index/{purpose}"));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
        tag.as_ref().first_chunk::<KEY_LENGTH>().copied().unwrap_or_default()
    }
}

/// Encodes the location as associated data. The encoding is unique, since names contain no zero byte.
fn associated_data(location: &FieldLocation) -> Vec<u8> {
    [
        location.table.as_bytes(),
        &[0],
        location.column.as_bytes(),
        &[0],
        location.row.as_bytes(),
        location.owner.as_bytes(),
    ]
    .concat()
}

fn derive(secret: &[u8; 32], purpose: &str) -> [u8; 32] {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            KEY_LENGTH
        }
    }
    let mut key = [0; KEY_LENGTH];
    let info = [purpose.as_bytes()];
    // HKDF fails only for outputs of more than 255 blocks; this is one block.
    let filled = Salt::new(HKDF_SHA256, b"kith").extract(secret).expand(&info, Length).map(|okm| okm.fill(&mut key));
    debug_assert!(matches!(filled, Ok(Ok(()))));
    key
}

fn malformed() -> PortError {
    PortError::new(ErrorKind::Internal, "malformed sealed value")
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;
    use uuid::Uuid;

    use super::*;

    fn ring(current: u8, previous: &[u8]) -> KeyRing {
        let previous: Vec<_> = previous.iter().map(|byte| [*byte; 32]).collect();
        KeyRing::new(&[current; 32], &previous, &[9; 32], Arc::new(SystemEntropy))
    }

    const LOCATION: FieldLocation = FieldLocation { table: "a", column: "b", row: Uuid::nil(), owner: Uuid::nil() };

    #[test]
    fn a_sealed_value_opens_only_with_its_key_and_location() {
        let ring = ring(1, &[]);
        let key = ring.new_data_key().unwrap();
        let sealed = ring.seal(&key, &LOCATION, b"ann@example.org").unwrap();
        assert!(!sealed.windows(3).any(|window| window == b"ann"));
        assert_eq!(ring.open(&key, &LOCATION, &sealed).unwrap(), b"ann@example.org");
        let elsewhere = [
            FieldLocation { table: "x", ..LOCATION },
            FieldLocation { column: "x", ..LOCATION },
            FieldLocation { row: Uuid::max(), ..LOCATION },
            FieldLocation { owner: Uuid::max(), ..LOCATION },
        ];
        for location in elsewhere {
            assert!(ring.open(&key, &location, &sealed).is_err(), "{location:?}");
        }
        assert!(ring.open(&ring.new_data_key().unwrap(), &LOCATION, &sealed).is_err());
    }

    #[test]
    fn a_previous_secret_still_opens_values_and_a_removed_one_does_not() {
        let before = ring(1, &[]);
        for key in [before.new_data_key().unwrap(), before.system_key("idempotency")] {
            let sealed = before.seal(&key, &LOCATION, b"x").unwrap();
            assert_eq!(ring(2, &[1]).open(&key, &LOCATION, &sealed).unwrap(), b"x");
            assert!(ring(2, &[]).open(&key, &LOCATION, &sealed).is_err());
        }
    }

    #[test]
    fn sealing_is_randomized_and_the_blind_index_is_deterministic() {
        let ring = ring(1, &[]);
        let key = ring.system_key("idempotency");
        assert_ne!(ring.seal(&key, &LOCATION, b"x").unwrap(), ring.seal(&key, &LOCATION, b"x").unwrap());
        assert_eq!(ring.blind_index("email", "a@b"), self::ring(2, &[]).blind_index("email", "a@b"));
        assert_ne!(ring.blind_index("email", "a@b"), ring.blind_index("phone", "a@b"));
    }

    #[test]
    fn a_changed_byte_is_detected() {
        let ring = ring(1, &[]);
        let key = ring.new_data_key().unwrap();
        let sealed = ring.seal(&key, &LOCATION, b"x").unwrap();
        for at in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[at] ^= 1;
            let opened = ring.open(&key, &LOCATION, &forged);
            // The first four bytes name a root secret, which a wrapped key does not use.
            assert!(opened.is_err() || at < 4, "{at}");
        }
    }
}
