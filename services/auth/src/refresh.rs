//! Refresh tokens: a session's id, 256 bits that nobody can guess, and 128 bits of an HMAC-SHA256 over both, in
//! base64url. Who makes one up is told so before any store is asked, and ends nobody's session with it.
//!
//! The database keeps SHA-256 digests of tokens. The successor of a traded token is kept too, for the retry of a trade
//! whose reply was lost: sealed by AES-256-GCM under a key that comes from the traded token itself (HKDF-SHA256), so that
//! the database alone opens nothing.

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    constant_time::verify_slices_are_equal,
    digest,
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_kernel::{Entropy, SessionId};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Error,
    domain::{Digest, opaque},
    error::UnusableKeys,
};

const ID: usize = 16;
const SECRET: usize = 32;
const MAC: usize = 16;
const SIGNED: usize = ID + SECRET;
const TOKEN: usize = SIGNED + MAC;

/// Makes refresh tokens and knows its own.
pub struct RefreshKeys {
    first: hmac::Key,
    others: Vec<hmac::Key>,
    entropy: Arc<dyn Entropy>,
}

/// A refresh token that was made here.
pub struct RefreshToken(Zeroizing<[u8; TOKEN]>);

opaque!(RefreshKeys, RefreshToken);

impl RefreshKeys {
    /// The first of these keys signs, all of them verify. All nodes share them.
    ///
    /// # Errors
    /// [`UnusableKeys`] if there is none.
    pub fn new(keys: &[[u8; 32]], entropy: Arc<dyn Entropy>) -> Result<Self, UnusableKeys> {
        let mut keys = keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key));
        let first = keys.next().ok_or(UnusableKeys)?;
        Ok(Self { first, others: keys.collect(), entropy })
    }

    /// A new token of this session.
    #[must_use]
    pub fn mint(&self, session: SessionId) -> RefreshToken {
        let secret = Zeroizing::new(self.entropy.secret());
        let mut token = Zeroizing::new([0; TOKEN]);
        let signed = session.uuid().into_bytes().into_iter().chain(secret.iter().copied());
        for (slot, byte) in token.iter_mut().zip(signed) {
            *slot = byte;
        }
        let mac = hmac::sign(&self.first, token.get(..SIGNED).unwrap_or_default());
        for (slot, byte) in token.iter_mut().skip(SIGNED).zip(mac.as_ref()) {
            *slot = *byte;
        }
        RefreshToken(token)
    }

    /// The token that a text is; `None` if it was not made here.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<RefreshToken> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let token = Zeroizing::new(<[u8; TOKEN]>::try_from(bytes.as_slice()).ok()?);
        let (signed, mac) = token.split_at_checked(SIGNED)?;
        let made_here = std::iter::once(&self.first).chain(&self.others).any(|key| {
            let expected = hmac::sign(key, signed);
            let expected = expected.as_ref().get(..MAC).unwrap_or_default();
            verify_slices_are_equal(expected, mac).is_ok()
        });
        made_here.then_some(RefreshToken(token))
    }

    /// Seals `successor` so that only `token` opens it.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library fails.
    pub fn seal(&self, token: &RefreshToken, successor: &RefreshToken) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        self.entropy.fill(&mut nonce);
        let mut sealed = successor.0.to_vec();
        token
            .sealer()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .map_err(|_| Error::Crypto("a successor could not be sealed"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The successor that `token` opens.
    ///
    /// # Errors
    /// [`Error::Crypto`] if it was not sealed by this token.
    pub fn open(&self, token: &RefreshToken, sealed: &[u8]) -> Result<RefreshToken, Error> {
        const BROKEN: Error = Error::Crypto("a sealed successor is broken");
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(BROKEN)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let opened = token
            .sealer()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut plain)
            .map_err(|_| BROKEN)?;
        Ok(RefreshToken(Zeroizing::new(<[u8; TOKEN]>::try_from(&*opened).map_err(|_| BROKEN)?)))
    }
}

impl RefreshToken {
    /// Whose it is.
    #[must_use]
    pub fn session(&self) -> SessionId {
        let id = self.0.first_chunk::<ID>().copied().unwrap_or_default();
        SessionId::from_uuid(Uuid::from_bytes(id))
    }

    /// As its device keeps it.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// As the store keeps it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let digest = digest::digest(&digest::SHA256, self.0.as_slice());
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }

    fn sealer(&self) -> Result<LessSafeKey, Error> {
        struct Length;
        impl KeyType for Length {
            fn len(&self) -> usize {
                32
            }
        }
        let mut key = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, b"kith")
            .extract(self.0.as_slice())
            .expand(&[b"kith/successor"], Length)
            .and_then(|okm| okm.fill(&mut *key))
            .and_then(|()| UnboundKey::new(&AES_256_GCM, &*key))
            .map(LessSafeKey::new)
            .map_err(|_| Error::Crypto("no key comes from a token"))
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{SystemEntropy, Timestamp};

    use super::*;

    fn keys(bytes: &[u8]) -> RefreshKeys {
        let keys: Vec<_> = bytes.iter().map(|byte| [*byte; 32]).collect();
        RefreshKeys::new(&keys, Arc::new(SystemEntropy)).unwrap()
    }

    fn session() -> SessionId {
        SessionId::new(Timestamp::from_millis(1), &SystemEntropy)
    }

    #[test]
    fn a_token_reads_back_under_every_key_of_the_ring_and_no_other() {
        let session = session();
        let token = keys(&[1]).mint(session);
        let read = keys(&[2, 1]).read(&token.text()).unwrap();
        assert_eq!((read.session(), read.digest()), (session, token.digest()));
        assert!(keys(&[2]).read(&token.text()).is_none());
        assert!(RefreshKeys::new(&[], Arc::new(SystemEntropy)).is_err());
        assert_ne!(keys(&[1]).mint(session).digest(), token.digest());
    }

    #[test]
    fn a_token_with_any_sign_changed_was_not_made_here() {
        let keys = keys(&[1]);
        let text = keys.mint(session()).text();
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert!(keys.read(&String::from_utf8(forged).unwrap()).is_none(), "{at}");
        }
        for foreign in ["", "AAAA", "not a token", &text[1..], &format!("{text}A"), &format!("{text}=")] {
            assert!(keys.read(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn a_successor_opens_with_the_token_before_it_and_no_other() {
        let (keys, session) = (keys(&[1]), session());
        let (token, successor) = (keys.mint(session), keys.mint(session));
        let sealed = keys.seal(&token, &successor).unwrap();
        assert_eq!(keys.open(&token, &sealed).unwrap().digest(), successor.digest());
        assert!(keys.open(&successor, &sealed).is_err());
        assert!(keys.open(&token, &sealed[1..]).is_err());
        assert!(keys.open(&token, b"short").is_err());
    }

    #[test]
    fn a_token_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", keys(&[1]).mint(session())), "RefreshToken(..)");
    }
}
