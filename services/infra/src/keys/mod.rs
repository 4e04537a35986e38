//! The keys of the system, and what they seal.
//!
//! One secret, from the configuration, is what all keys but one come from: HKDF-SHA256 (RFC 5869) with a label for each
//! purpose, so that no two purposes share a key. When it is changed, the one before it still opens what it has sealed.
//! The key of blind indexes comes from a secret of its own, which is never changed: what was indexed could not be found.

mod seal;

use std::sync::Arc;

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use kith_kernel::{
    Entropy, PortError, ErrorKind,
    ports::{DataKey, FieldLocation, FieldEncryption},
};

use self::seal::{Sealer, TAG};

/// What an opaque data key begins with: wrapped by a secret, or the system's own.
const WRAPPED: u8 = 1;
const SYSTEM: u8 = 2;

/// The keys of one community. All nodes share the secrets.
pub struct Ring {
    /// The current one first.
    secrets: Vec<Secret>,
    index: Secret,
    entropy: Arc<dyn Entropy>,
}

struct Secret {
    bytes: [u8; 32],
    id: [u8; 4],
}

impl Secret {
    fn new(bytes: &[u8; 32]) -> Self {
        let derived = derive(bytes, "kith/key-id");
        let [a, b, c, d, ..] = derived;
        Self { bytes: *bytes, id: [a, b, c, d] }
    }
}

impl Ring {
    /// A ring of the secret that is used, those that were used before, and the one for blind indexes.
    #[must_use]
    pub fn new(current: &[u8; 32], previous: &[[u8; 32]], index: &[u8; 32], entropy: Arc<dyn Entropy>) -> Self {
        let secrets = std::iter::once(current).chain(previous).map(Secret::new).collect();
        Self { secrets, index: Secret::new(index), entropy }
    }

    /// The keys of one purpose: the one to use first, then those that may still be met.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.secrets.iter().map(|secret| derive(&secret.bytes, purpose)).collect()
    }

    fn secret(&self, id: [u8; 4]) -> Result<&Secret, PortError> {
        let found = self.secrets.iter().find(|secret| secret.id == id);
        found.ok_or_else(|| PortError::new(ErrorKind::Internal, "sealed by a secret that is not in the ring"))
    }

    fn current(&self) -> Result<&Secret, PortError> {
        self.secrets.first().ok_or_else(|| PortError::new(ErrorKind::Internal, "a ring without a secret"))
    }

    fn wrapper(secret: &Secret) -> Sealer {
        Sealer::new(&derive(&secret.bytes, "kith/wrap"))
    }

    /// What a data key seals with. `id` says which secret the system's own come from.
    fn sealer(&self, key: &DataKey, id: [u8; 4]) -> Result<Sealer, PortError> {
        match key.0.split_first() {
            Some((&WRAPPED, wrapped)) => {
                let (id, sealed) = wrapped.split_first_chunk::<4>().ok_or_else(broken)?;
                let plain = Self::wrapper(self.secret(*id)?).open(b"data key", sealed)?;
                Ok(Sealer::new(plain.as_slice().first_chunk::<32>().ok_or_else(broken)?))
            }
            Some((&SYSTEM, purpose)) => {
                let purpose = std::str::from_utf8(purpose).map_err(|_| broken())?;
                Ok(Sealer::new(&derive(&self.secret(id)?.bytes, &format!("kith/system/{purpose}"))))
            }
            _ => Err(broken()),
        }
    }
}

impl FieldEncryption for Ring {
    fn new_data_key(&self) -> Result<DataKey, PortError> {
        let secret = self.current()?;
        let sealed = Self::wrapper(secret).seal(b"data key", &self.entropy.secret(), &*self.entropy)?;
        Ok(DataKey([&[WRAPPED][..], &secret.id, &sealed].concat()))
    }

    fn system_key(&self, purpose: &'static str) -> DataKey {
        DataKey([&[SYSTEM][..], purpose.as_bytes()].concat())
    }

    fn seal(&self, key: &DataKey, place: &FieldLocation, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        let id = self.current()?.id;
        let sealed = self.sealer(key, id)?.seal(&associated(place), plain, &*self.entropy)?;
        Ok([&id[..], &sealed].concat())
    }

    fn open(&self, key: &DataKey, place: &FieldLocation, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let (id, sealed) = sealed.split_first_chunk::<4>().ok_or_else(broken)?;
        self.sealer(key, *id)?.open(&associated(place), sealed)
    }

    fn blind_index(&self, purpose: &'static str, text: &str) -> [u8; 32] {
        let key = derive(&self.index.bytes, &format!("kith/index/{purpose}"));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
        tag.as_ref().first_chunk::<TAG>().copied().unwrap_or_default()
    }
}

/// The place as associated data: no two places have the same bytes, since names hold no zero.
fn associated(place: &FieldLocation) -> Vec<u8> {
    [place.table.as_bytes(), &[0], place.column.as_bytes(), &[0], place.row.as_bytes(), place.owner.as_bytes()].concat()
}

fn derive(secret: &[u8; 32], purpose: &str) -> [u8; 32] {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            TAG
        }
    }
    let mut key = [0; TAG];
    let info = [purpose.as_bytes()];
    // It fails for more than 255 blocks only; this is one.
    let filled = Salt::new(HKDF_SHA256, b"kith").extract(secret).expand(&info, Length).map(|okm| okm.fill(&mut key));
    debug_assert!(matches!(filled, Ok(Ok(()))));
    key
}

fn broken() -> PortError {
    PortError::new(ErrorKind::Internal, "a sealed value is broken")
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;
    use uuid::Uuid;

    use super::*;

    fn ring(current: u8, previous: &[u8]) -> Ring {
        let previous: Vec<_> = previous.iter().map(|byte| [*byte; 32]).collect();
        Ring::new(&[current; 32], &previous, &[9; 32], Arc::new(SystemEntropy))
    }

    const PLACE: FieldLocation = FieldLocation { table: "a", column: "b", row: Uuid::nil(), owner: Uuid::nil() };

    #[test]
    fn what_is_sealed_opens_at_its_own_place_and_nowhere_else() {
        let ring = ring(1, &[]);
        let key = ring.new_data_key().unwrap();
        let sealed = ring.seal(&key, &PLACE, b"ann@example.org").unwrap();
        assert!(!sealed.windows(3).any(|window| window == b"ann"));
        assert_eq!(ring.open(&key, &PLACE, &sealed).unwrap(), b"ann@example.org");
        let elsewhere = [
            FieldLocation { table: "x", ..PLACE },
            FieldLocation { column: "x", ..PLACE },
            FieldLocation { row: Uuid::max(), ..PLACE },
            FieldLocation { owner: Uuid::max(), ..PLACE },
        ];
        for place in elsewhere {
            assert!(ring.open(&key, &place, &sealed).is_err(), "{place:?}");
        }
        assert!(ring.open(&ring.new_data_key().unwrap(), &PLACE, &sealed).is_err());
    }

    #[test]
    fn a_secret_that_was_changed_still_opens_and_one_that_is_gone_does_not() {
        let before = ring(1, &[]);
        for key in [before.new_data_key().unwrap(), before.system_key("outcomes")] {
            let sealed = before.seal(&key, &PLACE, b"x").unwrap();
            assert_eq!(ring(2, &[1]).open(&key, &PLACE, &sealed).unwrap(), b"x");
            assert!(ring(2, &[]).open(&key, &PLACE, &sealed).is_err());
        }
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice_and_its_index_always_does() {
        let ring = ring(1, &[]);
        let key = ring.system_key("outcomes");
        assert_ne!(ring.seal(&key, &PLACE, b"x").unwrap(), ring.seal(&key, &PLACE, b"x").unwrap());
        assert_eq!(ring.blind_index("email", "a@b"), self::ring(2, &[]).blind_index("email", "a@b"));
        assert_ne!(ring.blind_index("email", "a@b"), ring.blind_index("phone", "a@b"));
    }

    #[test]
    fn a_byte_that_was_changed_is_noticed() {
        let ring = ring(1, &[]);
        let key = ring.new_data_key().unwrap();
        let sealed = ring.seal(&key, &PLACE, b"x").unwrap();
        for at in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[at] ^= 1;
            let opened = ring.open(&key, &PLACE, &forged);
            // The first four bytes name a secret, which a wrapped key does not ask for.
            assert!(opened.is_err() || at < 4, "{at}");
        }
    }
}
