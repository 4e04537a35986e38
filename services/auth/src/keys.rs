//! Access tokens: JWTs as RFC 9068 has them, signed with Ed25519, good for ten minutes, checked as RFC 8725 asks.

use std::time::Duration;

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use kith_kernel::{PersonaId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Error, domain::opaque, error::UnusableKeys};

/// How long a token is good.
pub const LIFETIME: Duration = Duration::from_mins(10);
/// How far the clocks of two nodes may be apart. Nothing is ever good longer for it.
const LEEWAY: Duration = Duration::from_secs(5);
/// Ours are about 500 characters: what is longer is not even read.
const LONGEST: usize = 2_048;
/// RFC 9068, 2.1: no other kind of JWT passes for an access token.
const TYPE: &str = "at+jwt";

/// The keys that sign access tokens.
pub struct Keys {
    first: Key,
    others: Vec<Key>,
    issuer: String,
    audience: String,
    validation: Validation,
}

struct Key {
    /// The one header that tokens of this key have.
    header: Header,
    id: String,
    public: Vec<u8>,
    signs: EncodingKey,
    verifies: DecodingKey,
}

opaque!(Keys);

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Whose it is.
    pub user: UserId,
    /// The device it was given to.
    pub session: SessionId,
    /// How its owner appears in public.
    pub persona: PersonaId,
    /// How often the session's refresh token had been traded.
    pub generation: i64,
    /// When it is worth nothing any more, in whole seconds.
    pub expires_at: Timestamp,
}

/// The claims as they are written.
#[derive(Serialize, Deserialize)]
struct Written {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    per: String,
    #[serde(rename = "gen")]
    generation: i64,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    jti: String,
}

impl Keys {
    /// The keys of these seeds: the first signs, all of them verify. All nodes share them.
    ///
    /// # Errors
    /// [`UnusableKeys`] if there is none, or the library takes one for none.
    pub fn new(seeds: &[[u8; 32]], issuer: &str, audience: &str) -> Result<Self, UnusableKeys> {
        let mut keys = seeds.iter().map(Key::new);
        let first = keys.next().ok_or(UnusableKeys)??;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library asks the machine for the time; `read` asks the port.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let others = keys.collect::<Result<_, _>>()?;
        Ok(Self { first, others, issuer: issuer.to_owned(), audience: audience.to_owned(), validation })
    }

    /// When a token ends that is made now, in a session that ends at `session_ends`.
    #[must_use]
    pub fn expiry(now: Timestamp, session_ends: Timestamp) -> Timestamp {
        Timestamp::from_millis(seconds(now.after(LIFETIME).min(session_ends)).saturating_mul(1_000))
    }

    /// A token that says this. `unique` makes it unlike every other.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library fails.
    pub fn sign(&self, claims: &Claims, unique: [u8; 16], now: Timestamp) -> Result<String, Error> {
        let written = Written {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.user.to_string(),
            sid: claims.session.to_string(),
            per: claims.persona.to_string(),
            generation: claims.generation,
            iat: seconds(now),
            nbf: None,
            exp: seconds(claims.expires_at),
            jti: URL_SAFE_NO_PAD.encode(unique),
        };
        encode(&self.first.header, &written, &self.first.signs)
            .map_err(|_| Error::Crypto("a token could not be signed"))
    }

    /// What a token says; `None` if it is none of ours, or not now.
    #[must_use]
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        let header = decode_header(token).ok()?;
        // Nothing in a header is followed: not a key, not an address of one, not an algorithm.
        let key = std::iter::once(&self.first).chain(&self.others).find(|key| key.header == header)?;
        let written: Written = decode(token, &key.verifies, &self.validation).ok()?.claims;
        self.read(&written, now)
    }

    fn read(&self, written: &Written, now: Timestamp) -> Option<Claims> {
        let soon = seconds(now.after(LEEWAY));
        let is_ours = written.iss == self.issuer && written.aud == self.audience && !written.jti.is_empty();
        let begun = written.iat <= soon && written.nbf.is_none_or(|nbf| nbf <= soon);
        let lifetime = written.exp.checked_sub(written.iat)?;
        let is_short = u64::try_from(lifetime).is_ok_and(|lifetime| lifetime <= LIFETIME.as_secs());
        let expires_at = Timestamp::from_millis(written.exp.checked_mul(1_000)?);
        if !is_ours || !begun || !is_short || now >= expires_at || written.generation < 0 {
            return None;
        }
        Some(Claims {
            user: written.sub.parse().ok()?,
            session: written.sid.parse().ok()?,
            persona: written.per.parse().ok()?,
            generation: written.generation,
            expires_at,
        })
    }

    /// The public keys, for whoever verifies elsewhere (RFC 7517, RFC 8037).
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = std::iter::once(&self.first).chain(&self.others).map(Key::jwk).collect();
        json!({ "keys": keys })
    }
}

impl Key {
    fn new(seed: &[u8; 32]) -> Result<Self, UnusableKeys> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| UnusableKeys)?;
        let private = pair.to_pkcs8().map_err(|_| UnusableKeys)?;
        let public = pair.public_key().as_ref().to_vec();
        // 72 bits: two keys of one ring do not meet.
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, &public).as_ref().get(..9).unwrap_or_default());
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(id.clone()), ..Header::new(Algorithm::EdDSA) };
        let (signs, verifies) = (EncodingKey::from_ed_der(private.as_ref()), DecodingKey::from_ed_der(&public));
        Ok(Self { header, id, public, signs, verifies })
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(&self.public);
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "alg": "EdDSA", "use": "sig" })
    }
}

const fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1_000)
}
