//! Access tokens that must be rejected.

use std::time::Duration;

use aws_lc_rs::{
    digest, hmac,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_auth::domain::Credentials;
use kith_kernel::{Actor, ports::TokenVerifier as _};
use kith_testkit::block_on;
use serde_json::{Value, json};

use crate::harness::{AUDIENCE, Harness, ISSUER, SEED, sqlite};

type Signer<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn jwt(header: &Value, claims: &Value, sign: Signer<'_>) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn pair(seed: [u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
}

fn kid(pair: &Ed25519KeyPair) -> String {
    URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, pair.public_key().as_ref()).as_ref()[..9])
}

/// Returns the value with one field replaced, or removed if `other` is null.
fn with_field(value: &Value, field: &str, other: Value) -> Value {
    let mut changed = value.clone();
    let fields = changed.as_object_mut().unwrap();
    if other.is_null() {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), other);
    }
    changed
}

/// Signs with the server's own key.
fn sign(header: &Value, claims: &Value) -> String {
    let pair = pair(SEED);
    jwt(header, claims, &|message| pair.sign(message).as_ref().to_vec())
}

struct Forger {
    harness: Harness,
    owner: Actor,
    credentials: Credentials,
    header: Value,
    claims: Value,
}

impl Forger {
    async fn new() -> Self {
        let harness = sqlite().await;
        let credentials = harness.register_anonymous().await.credentials;
        let owner = harness.actor_of(&credentials).await.unwrap();
        let now = harness.now().millis() / 1_000;
        let header = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid(&pair(SEED)) });
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": owner.user.to_string(), "sid": owner.session.to_string(),
            "per": owner.persona.to_string(), "gen": 0, "iat": now, "exp": now + 300, "jti": "x",
        });
        Self { harness, owner, credentials, header, claims }
    }

    async fn is_accepted(&self, token: &str) -> bool {
        self.harness.verifier.verify(token).await.unwrap().is_some()
    }

    fn with_claim(&self, claim: &str, value: Value) -> String {
        sign(&self.header, &with_field(&self.claims, claim, value))
    }

    fn with_header(&self, field: &str, value: Value) -> String {
        sign(&with_field(&self.header, field, value), &self.claims)
    }
}

#[test]
fn valid_tokens_of_the_forger_are_accepted() {
    block_on(async {
        let forger = Forger::new().await;
        let now = forger.claims["iat"].as_i64().unwrap();
        assert!(forger.is_accepted(&sign(&forger.header, &forger.claims)).await);
        assert!(forger.is_accepted(&forger.with_claim("nbf", json!(now))).await);
        assert!(forger.is_accepted(&forger.with_claim("iat", json!(now + 5))).await);
        let second = pair([4; 32]);
        let header = with_field(&forger.header, "kid", json!(kid(&second)));
        let token = jwt(&header, &forger.claims, &|message| second.sign(message).as_ref().to_vec());
        assert!(forger.is_accepted(&token).await);
    });
}

#[test]
fn tokens_with_wrong_claims_are_rejected() {
    block_on(async {
        let forger = Forger::new().await;
        let now = forger.claims["iat"].as_i64().unwrap();
        let unknown = kith_testkit::user().to_string();
        let wrong = [
            ("iss", json!("https://elsewhere.example")),
            ("iss", json!([ISSUER])),
            ("iss", Value::Null),
            ("iss", json!(7)),
            ("aud", json!("elsewhere")),
            ("aud", json!([AUDIENCE, "elsewhere"])),
            ("aud", Value::Null),
            ("aud", json!(true)),
            ("sub", json!(unknown)),
            ("sub", json!(7)),
            ("sub", json!("me")),
            ("sub", Value::Null),
            ("sid", json!(unknown)),
            ("sid", json!({})),
            ("sid", Value::Null),
            ("per", json!([])),
            ("per", Value::Null),
            ("gen", json!("0")),
            ("gen", json!(1)),
            ("gen", json!(-1)),
            ("gen", json!(0.5)),
            ("gen", Value::Null),
            ("exp", json!(now)),
            ("exp", json!(now - 1)),
            ("exp", json!((now + 300).to_string())),
            ("exp", json!(i64::MAX)),
            ("exp", json!(now + 601)),
            ("exp", json!(1e300)),
            ("exp", Value::Null),
            ("iat", json!(now + 6)),
            ("iat", json!("now")),
            ("iat", Value::Null),
            ("nbf", json!(now + 6)),
            ("nbf", json!("soon")),
            ("jti", json!("")),
            ("jti", Value::Null),
            ("jti", json!(7)),
        ];
        for (claim, value) in wrong {
            assert!(!forger.is_accepted(&forger.with_claim(claim, value.clone())).await, "{claim}: {value}");
        }
        for claims in [json!([]), json!("claims"), json!({}), json!(7)] {
            assert!(!forger.is_accepted(&sign(&forger.header, &claims)).await, "{claims}");
        }
    });
}

#[test]
fn tokens_with_a_wrong_header_are_rejected() {
    block_on(async {
        let forger = Forger::new().await;
        let x = URL_SAFE_NO_PAD.encode(pair(SEED).public_key().as_ref());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        let wrong = [
            ("typ", json!("JWT")),
            ("typ", json!("at+JWT")),
            ("typ", json!("refresh+jwt")),
            ("typ", Value::Null),
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("ES256")),
            ("alg", json!("eddsa")),
            ("alg", Value::Null),
            ("kid", json!("unknown")),
            ("kid", json!("../../etc/passwd")),
            ("kid", Value::Null),
            ("kid", json!(7)),
            ("jwk", jwk),
            ("jku", json!("https://elsewhere.example/keys")),
            ("x5u", json!("https://elsewhere.example/cert")),
            ("x5c", json!(["MII"])),
            ("crit", json!(["exp"])),
            ("cty", json!("JWT")),
            ("zip", json!("DEF")),
            ("extra", json!(1)),
        ];
        for (field, value) in wrong {
            assert!(!forger.is_accepted(&forger.with_header(field, value.clone())).await, "{field}: {value}");
        }
    });
}

#[test]
fn tokens_without_a_signature_of_a_known_key_are_rejected() {
    block_on(async {
        let forger = Forger::new().await;
        let other = pair([9; 32]);
        let public = pair(SEED).public_key().as_ref().to_vec();
        let by_other = |message: &[u8]| other.sign(message).as_ref().to_vec();
        let by_hmac =
            |message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), message).as_ref().to_vec();
        let own_kid = with_field(&forger.header, "kid", json!(kid(&other)));
        let x = URL_SAFE_NO_PAD.encode(other.public_key().as_ref());
        let embedded = with_field(&own_kid, "jwk", json!({ "kty": "OKP", "crv": "Ed25519", "x": x }));
        let forged = [
            jwt(&forger.header, &forger.claims, &by_other),
            jwt(&own_kid, &forger.claims, &by_other),
            jwt(&embedded, &forger.claims, &by_other),
            jwt(&with_field(&forger.header, "alg", json!("HS256")), &forger.claims, &by_hmac),
            jwt(&forger.header, &forger.claims, &by_hmac),
            jwt(&with_field(&forger.header, "alg", json!("none")), &forger.claims, &|_| Vec::new()),
            jwt(&forger.header, &forger.claims, &|_| Vec::new()),
            jwt(&forger.header, &forger.claims, &|_| vec![0; 64]),
        ];
        for token in forged {
            assert!(!forger.is_accepted(&token).await, "{token}");
        }
    });
}

#[test]
fn texts_other_than_a_complete_access_token_are_rejected() {
    block_on(async {
        let forger = Forger::new().await;
        let token = &forger.credentials.access;
        let parts: Vec<&str> = token.split('.').collect();
        let ticket = forger.harness.tickets.issue(&forger.owner).await.unwrap().text;
        let foreign = [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "null".to_owned(),
            "ü".repeat(40),
            forger.credentials.refresh.clone(),
            ticket,
            parts[1].to_owned(),
            format!("{}.{}", parts[0], parts[1]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{token}."),
            format!(" {token}"),
            format!("{token}="),
            format!("Bearer {token}"),
            token[1..].to_owned(),
            token[..token.len() - 1].to_owned(),
            format!("{token}{}", "A".repeat(4_000)),
            token.replace('.', ".."),
            token.to_uppercase(),
        ];
        for text in foreign {
            assert!(!forger.is_accepted(&text).await, "{text}");
        }
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert!(!forger.is_accepted(&String::from_utf8(forged).unwrap()).await, "{at}");
        }
        assert!(forger.is_accepted(token).await);
    });
}

#[test]
fn a_token_expires_after_ten_minutes() {
    block_on(async {
        let forger = Forger::new().await;
        let left = forger.credentials.access_expires_at.millis() - forger.harness.now().millis();
        assert!((599_000..=600_000).contains(&left), "{left}");
        forger.harness.clock.advance(Duration::from_millis(u64::try_from(left).unwrap() - 1));
        assert!(forger.is_accepted(&forger.credentials.access).await);
        forger.harness.clock.advance(Duration::from_millis(1));
        assert!(!forger.is_accepted(&forger.credentials.access).await);
    });
}

#[test]
fn the_published_keys_are_the_public_parts_of_the_signing_keys() {
    block_on(async {
        let forger = Forger::new().await;
        let published = forger.harness.auth.token_keys.jwks();
        assert_eq!(published["keys"].as_array().unwrap().len(), 2);
        let first = &published["keys"][0];
        assert_eq!(first["kid"], json!(kid(&pair(SEED))));
        assert_eq!(first["x"], json!(URL_SAFE_NO_PAD.encode(pair(SEED).public_key().as_ref())));
        assert_eq!(first["d"], Value::Null);
        assert!(kith_auth::TokenKeys::new(&[], ISSUER, AUDIENCE).is_err());
    });
}
