//! Access tokens: JWTs by RFC 9068, signed with Ed25519 and valid for ten minutes. Validation follows RFC 8725.

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

use crate::{Error, domain::secret_type, error::InvalidSigningKeys};

/// Lifetime of an access token.
pub const ACCESS_TOKEN_TTL: Duration = Duration::from_mins(10);
/// Tolerated clock difference between nodes. Applies to `iat` and `nbf` only, so it does not extend the lifetime.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5);
/// Maximum length of a token, in bytes. Longer texts are rejected without decoding; issued tokens have about 500.
const MAX_TOKEN_LENGTH: usize = 2_048;
/// Header `typ` (RFC 9068, section 2.1). Distinguishes access tokens from other JWTs.
const TOKEN_TYPE: &str = "at+jwt";

/// Keys that sign and verify access tokens.
pub struct TokenKeys {
    current: SigningKey,
    /// Keys that verify but no longer sign.
    previous: Vec<SigningKey>,
    issuer: String,
    audience: String,
    validation: Validation,
}

struct SigningKey {
    /// Expected header of every token of this key.
    header: Header,
    id: String,
    public: Vec<u8>,
    encoding_key: EncodingKey,
    decoding_key: DecodingKey,
}

secret_type!(TokenKeys);

/// Validated claims of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    pub user: UserId,
    pub session: SessionId,
    /// Public persona of the user.
    pub persona: PersonaId,
    /// Number of rotations of the session's refresh token before this token was issued.
    pub generation: i64,
    /// Expiry, in whole seconds.
    pub expires_at: Timestamp,
}

/// Claims as encoded in a token.
#[derive(Serialize, Deserialize)]
struct RawClaims {
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

impl TokenKeys {
    /// Creates keys from Ed25519 seeds, which all nodes share. The first key signs, all keys verify.
    ///
    /// # Errors
    /// [`InvalidSigningKeys`] if there is no seed or the library rejects one.
    pub fn new(seeds: &[[u8; 32]], issuer: &str, audience: &str) -> Result<Self, InvalidSigningKeys> {
        let mut keys = seeds.iter().map(SigningKey::new);
        let current = keys.next().ok_or(InvalidSigningKeys)??;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library reads the system clock; `validate` compares with the injected time instead.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let previous = keys.collect::<Result<_, _>>()?;
        Ok(Self { current, previous, issuer: issuer.to_owned(), audience: audience.to_owned(), validation })
    }

    /// Returns the expiry of a token issued at `now` in a session that ends at `session_expires_at`.
    #[must_use]
    pub fn expiry(now: Timestamp, session_expires_at: Timestamp) -> Timestamp {
        Timestamp::from_millis(seconds(now.after(ACCESS_TOKEN_TTL).min(session_expires_at)).saturating_mul(1_000))
    }

    /// Returns a signed token. `token_id` is its `jti` and must be unique.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library fails.
    pub fn sign(&self, claims: &Claims, token_id: [u8; 16], now: Timestamp) -> Result<String, Error> {
        let raw = RawClaims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.user.to_string(),
            sid: claims.session.to_string(),
            per: claims.persona.to_string(),
            generation: claims.generation,
            iat: seconds(now),
            nbf: None,
            exp: seconds(claims.expires_at),
            jti: URL_SAFE_NO_PAD.encode(token_id),
        };
        encode(&self.current.header, &raw, &self.current.encoding_key)
            .map_err(|_| Error::Crypto("failed to sign access token"))
    }

    /// Returns the claims of a token. Returns `None` if the token is invalid, expired or not valid yet.
    #[must_use]
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Claims> {
        if token.len() > MAX_TOKEN_LENGTH {
            return None;
        }
        let header = decode_header(token).ok()?;
        // The header must equal that of a known key, so it cannot select a key, a key URL or an algorithm.
        let key = std::iter::once(&self.current).chain(&self.previous).find(|key| key.header == header)?;
        let raw: RawClaims = decode(token, &key.decoding_key, &self.validation).ok()?.claims;
        self.validate(&raw, now)
    }

    fn validate(&self, raw: &RawClaims, now: Timestamp) -> Option<Claims> {
        let latest_start = seconds(now.after(MAX_CLOCK_SKEW));
        let is_own_issuer = raw.iss == self.issuer && raw.aud == self.audience && !raw.jti.is_empty();
        let has_started = raw.iat <= latest_start && raw.nbf.is_none_or(|nbf| nbf <= latest_start);
        let lifetime = raw.exp.checked_sub(raw.iat)?;
        let is_short = u64::try_from(lifetime).is_ok_and(|lifetime| lifetime <= ACCESS_TOKEN_TTL.as_secs());
        let expires_at = Timestamp::from_millis(raw.exp.checked_mul(1_000)?);
        if !is_own_issuer || !has_started || !is_short || now >= expires_at || raw.generation < 0 {
            return None;
        }
        Some(Claims {
            user: raw.sub.parse().ok()?,
            session: raw.sid.parse().ok()?,
            persona: raw.per.parse().ok()?,
            generation: raw.generation,
            expires_at,
        })
    }

    /// Returns the public keys as a JWK set (RFC 7517, RFC 8037), for verification by other systems.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = std::iter::once(&self.current).chain(&self.previous).map(SigningKey::jwk).collect();
        json!({ "keys": keys })
    }
}

impl SigningKey {
    fn new(seed: &[u8; 32]) -> Result<Self, InvalidSigningKeys> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidSigningKeys)?;
        let private = pair.to_pkcs8().map_err(|_| InvalidSigningKeys)?;
        let public = pair.public_key().as_ref().to_vec();
        // 72 bits are enough to avoid collisions between the few keys of one ring.
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, &public).as_ref().get(..9).unwrap_or_default());
        let header =
            Header { typ: Some(TOKEN_TYPE.to_owned()), kid: Some(id.clone()), ..Header::new(Algorithm::EdDSA) };
        let (encoding_key, decoding_key) =
            (EncodingKey::from_ed_der(private.as_ref()), DecodingKey::from_ed_der(&public));
        Ok(Self { header, id, public, encoding_key, decoding_key })
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(&self.public);
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "alg": "EdDSA", "use": "sig" })
    }
}

const fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1_000)
}
