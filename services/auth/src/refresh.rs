//! Refresh tokens: the session id, a 256-bit random secret and a 128-bit HMAC-SHA256 of both, in base64url. Forged
//! tokens are rejected before the store is queried, so they cannot end a session.
//!
//! The database stores SHA-256 digests of tokens. It also stores the successor of a rotated token, so that a client
//! whose response was lost can retry. The successor is encrypted with AES-256-GCM under a key derived from the rotated
//! token by HKDF-SHA256: the database alone does not suffice to decrypt it.

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
    domain::{Digest, secret_type},
    error::InvalidSigningKeys,
};

const ID_LEN: usize = 16;
const SECRET_LEN: usize = 32;
const MAC_LEN: usize = 16;
const PAYLOAD_LEN: usize = ID_LEN + SECRET_LEN;
const TOKEN_LEN: usize = PAYLOAD_LEN + MAC_LEN;

/// Issues and parses refresh tokens.
pub struct RefreshKeys {
    current: hmac::Key,
    /// Keys that verify but no longer sign.
    previous: Vec<hmac::Key>,
    entropy: Arc<dyn Entropy>,
}

/// Authentic refresh token.
pub struct RefreshToken(Zeroizing<[u8; TOKEN_LEN]>);

secret_type!(RefreshKeys, RefreshToken);

impl RefreshKeys {
    /// Creates keys that all nodes share. The first key signs, all keys verify.
    ///
    /// # Errors
    /// [`InvalidSigningKeys`] if `keys` is empty.
    pub fn new(keys: &[[u8; 32]], entropy: Arc<dyn Entropy>) -> Result<Self, InvalidSigningKeys> {
        let mut keys = keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key));
        let current = keys.next().ok_or(InvalidSigningKeys)?;
        Ok(Self { current, previous: keys.collect(), entropy })
    }

    /// Issues a new token for this session.
    #[must_use]
    pub fn issue(&self, session: SessionId) -> RefreshToken {
        let secret = Zeroizing::new(self.entropy.secret());
        let mut token = Zeroizing::new([0; TOKEN_LEN]);
        let payload = session.uuid().into_bytes().into_iter().chain(secret.iter().copied());
        for (slot, byte) in token.iter_mut().zip(payload) {
            *slot = byte;
        }
        let mac = hmac::sign(&self.current, token.get(..PAYLOAD_LEN).unwrap_or_default());
        for (slot, byte) in token.iter_mut().skip(PAYLOAD_LEN).zip(mac.as_ref()) {
            *slot = *byte;
        }
        RefreshToken(token)
    }

    /// Parses a token. Returns `None` if it was not issued by this server.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<RefreshToken> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let token = Zeroizing::new(<[u8; TOKEN_LEN]>::try_from(bytes.as_slice()).ok()?);
        let (payload, mac) = token.split_at_checked(PAYLOAD_LEN)?;
        let is_authentic = std::iter::once(&self.current).chain(&self.previous).any(|key| {
            let expected = hmac::sign(key, payload);
            let expected = expected.as_ref().get(..MAC_LEN).unwrap_or_default();
            verify_slices_are_equal(expected, mac).is_ok()
        });
        is_authentic.then_some(RefreshToken(token))
    }

    /// Encrypts `successor` under a key derived from `token`.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library fails.
    pub fn seal_successor(&self, token: &RefreshToken, successor: &RefreshToken) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        self.entropy.fill(&mut nonce);
        let mut sealed = successor.0.to_vec();
        token
            .successor_key()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .map_err(|_| Error::Crypto("failed to encrypt refresh token"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts the successor of `token`.
    ///
    /// # Errors
    /// [`Error::Crypto`] if it was encrypted for another token.
    pub fn open_successor(&self, token: &RefreshToken, sealed: &[u8]) -> Result<RefreshToken, Error> {
        const CORRUPT: Error = Error::Crypto("encrypted refresh token is corrupt");
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CORRUPT)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let opened = token
            .successor_key()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut plain)
            .map_err(|_| CORRUPT)?;
        Ok(RefreshToken(Zeroizing::new(<[u8; TOKEN_LEN]>::try_from(&*opened).map_err(|_| CORRUPT)?)))
    }
}

impl RefreshToken {
    #[must_use]
    pub fn session(&self) -> SessionId {
        let id = self.0.first_chunk::<ID_LEN>().copied().unwrap_or_default();
        SessionId::from_uuid(Uuid::from_bytes(id))
    }

    /// Encodes the token for the client.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// Returns the digest under which the token is stored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let digest = digest::digest(&digest::SHA256, self.0.as_slice());
        digest.as_ref().first_chunk().copied().unwrap_or_default()
    }

    fn successor_key(&self) -> Result<LessSafeKey, Error> {
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
            .map_err(|_| Error::Crypto("failed to derive key from refresh token"))
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
    fn a_token_is_accepted_under_every_configured_key_and_no_other() {
        let session = session();
        let token = keys(&[1]).issue(session);
        let read = keys(&[2, 1]).parse(&token.encode()).unwrap();
        assert_eq!((read.session(), read.digest()), (session, token.digest()));
        assert!(keys(&[2]).parse(&token.encode()).is_none());
        assert!(RefreshKeys::new(&[], Arc::new(SystemEntropy)).is_err());
        assert_ne!(keys(&[1]).issue(session).digest(), token.digest());
    }

    #[test]
    fn a_token_with_any_changed_character_is_rejected() {
        let keys = keys(&[1]);
        let text = keys.issue(session()).encode();
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert!(keys.parse(&String::from_utf8(forged).unwrap()).is_none(), "{at}");
        }
        for foreign in ["", "AAAA", "not a token", &text[1..], &format!("{text}A"), &format!("{text}=")] {
            assert!(keys.parse(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn a_successor_is_decrypted_only_with_its_predecessor() {
        let (keys, session) = (keys(&[1]), session());
        let (token, successor) = (keys.issue(session), keys.issue(session));
        let sealed = keys.seal_successor(&token, &successor).unwrap();
        assert_eq!(keys.open_successor(&token, &sealed).unwrap().digest(), successor.digest());
        assert!(keys.open_successor(&successor, &sealed).is_err());
        assert!(keys.open_successor(&token, &sealed[1..]).is_err());
        assert!(keys.open_successor(&token, b"short").is_err());
    }

    #[test]
    fn the_debug_output_of_a_token_is_opaque() {
        assert_eq!(format!("{:?}", keys(&[1]).issue(session())), "RefreshToken(..)");
    }
}
