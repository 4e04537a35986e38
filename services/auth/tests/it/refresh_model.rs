//! Rotation, replay and reuse of refresh tokens, compared with a model.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use kith_auth::{
    Error,
    domain::{ABSOLUTE_LIFETIME, Credentials, IDLE_TIMEOUT},
    keys::ACCESS_TOKEN_TTL,
};
use kith_kernel::{AccountEvent, EventPayload, Timestamp, ports::TokenVerifier as _};
use kith_testkit::block_on;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::harness::{Harness, postgres, sqlite};

fn is_ended(result: &Result<Credentials, Error>) -> bool {
    matches!(result, Err(Error::SessionEnded))
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn concurrent_refreshes_return_the_same_valid_successor(harness: &Harness) {
        let first = harness.register_anonymous().await.credentials;
        let attempts: Vec<_> = (0..64)
            .map(|_| {
                let (auth, token) = (Arc::clone(&harness.auth), first.refresh.clone());
                tokio::spawn(async move { auth.refresh(&token).await.unwrap() })
            })
            .collect();
        let mut successors = Vec::new();
        for attempt in attempts {
            successors.push(attempt.await.unwrap().refresh);
        }
        successors.sort();
        successors.dedup();
        assert_eq!(successors.len(), 1);
        let session = harness.store.find_session(first.session).await.unwrap().unwrap();
        assert_eq!((session.generation, session.ended_at), (1, None));
        assert!(!successors.contains(&first.refresh));
        let next = harness.auth.refresh(&successors[0]).await.unwrap();
        assert!(harness.actor_of(&next).await.is_some());
        assert_eq!(harness.published_events().await, []);
    }
}

#[test]
fn a_retry_returns_the_same_successor_until_its_access_token_is_used() {
    block_on(async {
        let harness = sqlite().await;
        let first = harness.register_anonymous().await.credentials;
        let second = harness.auth.refresh(&first.refresh).await.unwrap();
        // Use of the old access token does not confirm the rotation.
        assert!(harness.actor_of(&first).await.is_some());
        let again = harness.auth.refresh(&first.refresh).await.unwrap();
        assert_eq!(again.refresh, second.refresh);
        assert_ne!(again.access, second.access);
        let owner = harness.actor_of(&again).await.unwrap();
        assert!(is_ended(&harness.auth.refresh(&first.refresh).await));
        assert_eq!(harness.actor_of(&again).await, None);
        assert!(is_ended(&harness.auth.refresh(&second.refresh).await));
        let revoked = EventPayload::Account(AccountEvent::SessionRevoked { user: owner.user, session: owner.session });
        assert_eq!(harness.published_events().await, [revoked]);
    });
}

#[test]
fn reuse_of_a_token_after_its_successor_was_rotated_revokes_the_session() {
    block_on(async {
        let harness = sqlite().await;
        let first = harness.register_anonymous().await.credentials;
        let second = harness.auth.refresh(&first.refresh).await.unwrap();
        let third = harness.auth.refresh(&second.refresh).await.unwrap();
        assert!(is_ended(&harness.auth.refresh(&first.refresh).await));
        assert!(is_ended(&harness.auth.refresh(&third.refresh).await));
        assert_eq!(harness.actor_of(&third).await, None);
        assert_eq!(harness.published_events().await.len(), 1);
        let records = harness.audit.records_after(0, 10).await.unwrap();
        assert_eq!(records.len(), 1, "one record, although the token was used again");
        let subject = format!("session:{}", first.session);
        assert_eq!((records[0].action.as_str(), &records[0].subject), ("token_reused", &subject));
    });
}

#[test]
fn a_forged_token_has_no_effect() {
    block_on(async {
        let harness = sqlite().await;
        let first = harness.register_anonymous().await.credentials;
        let mut forged = first.refresh.clone().into_bytes();
        forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        for text in [forged.as_str(), "", "nonsense", &first.access] {
            assert!(matches!(harness.auth.refresh(text).await, Err(Error::InvalidRefreshToken)), "{text}");
        }
        assert!(harness.actor_of(&first).await.is_some());
        assert_eq!(harness.published_events().await, []);
    });
}

#[test]
fn a_session_ends_after_thirty_idle_days_or_ninety_days_in_total() {
    block_on(async {
        let harness = sqlite().await;
        let idle = harness.register_anonymous().await.credentials;
        let mut active = harness.register_anonymous().await.credentials;
        for _ in 0..4 {
            harness.clock.advance(Duration::from_hours(22 * 24));
            active = harness.auth.refresh(&active.refresh).await.unwrap();
        }
        assert!(is_ended(&harness.auth.refresh(&idle.refresh).await));
        harness.clock.advance(Duration::from_hours(2 * 24));
        assert!(is_ended(&harness.auth.refresh(&active.refresh).await));
    });
}

/// Use of the tokens of one session.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Uses the current refresh token.
    Refresh,
    /// Repeats the last refresh, as if its response had been lost.
    Retry,
    /// Uses the refresh token of any generation.
    Replay(usize),
    /// Uses the access token of any generation.
    Verify(usize),
    /// Uses the current refresh token with one character changed.
    Forge(u8),
    Logout,
    Wait(Duration),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => Just(Step::Refresh),
        4 => Just(Step::Retry),
        2 => (0..8_usize).prop_map(Step::Replay),
        4 => (0..8_usize).prop_map(Step::Verify),
        1 => any::<u8>().prop_map(Step::Forge),
        1 => Just(Step::Logout),
        1 => (0..40_u64).prop_map(|days| Step::Wait(Duration::from_hours(24 * days))),
        2 => (0..400_u64).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
    ];
    prop::collection::vec(step, 1..24)
}

/// Expected state of a session.
struct Model {
    /// Per generation: the credentials that were issued last, with the expiry of the access token.
    tokens: Vec<(Credentials, Timestamp)>,
    confirmed: bool,
    ended: bool,
    expires_at: Timestamp,
    absolute_expiry: Timestamp,
}

impl Model {
    fn is_live(&self, now: Timestamp) -> bool {
        !self.ended && now < self.expires_at
    }

    async fn refresh(&mut self, harness: &Harness, index: usize) {
        let (now, newest) = (harness.now(), self.tokens.len() - 1);
        let result = harness.auth.refresh(&self.tokens[index].0.refresh).await;
        if !self.is_live(now) {
            assert!(is_ended(&result));
        } else if index == newest {
            let issued = result.unwrap();
            assert!(self.tokens.iter().all(|(known, _)| known.refresh != issued.refresh));
            self.expires_at = now.after(IDLE_TIMEOUT).min(self.absolute_expiry);
            self.confirmed = false;
            self.tokens.push((issued, now.after(ACCESS_TOKEN_TTL).min(self.expires_at)));
        } else if index + 1 == newest && !self.confirmed {
            let issued = result.unwrap();
            assert_eq!(issued.refresh, self.tokens[newest].0.refresh);
            self.tokens[newest] = (issued, now.after(ACCESS_TOKEN_TTL).min(self.expires_at));
        } else {
            assert!(is_ended(&result));
            self.ended = true;
        }
    }

    async fn verify(&mut self, harness: &Harness, index: usize) {
        let (now, newest) = (harness.now(), self.tokens.len() - 1);
        let (credentials, expires_at) = &self.tokens[index];
        let actor = harness.verifier.verify(&credentials.access).await.unwrap();
        // Tokens expire on whole seconds; the model counts milliseconds.
        let expiry = Timestamp::from_millis(expires_at.millis() / 1_000 * 1_000);
        assert_eq!(actor.is_some(), self.is_live(now) && now < expiry);
        if actor.is_some() && index == newest {
            self.confirmed = true;
        }
    }
}

async fn run(harness: &Harness, steps: &[Step]) {
    let first = harness.register_anonymous().await.credentials;
    let owner = harness.actor_of(&first).await.unwrap();
    let start = harness.now();
    let tokens = vec![(first, start.after(ACCESS_TOKEN_TTL))];
    let (expires_at, absolute_expiry) = (start.after(IDLE_TIMEOUT), start.after(ABSOLUTE_LIFETIME));
    let mut model = Model { tokens, confirmed: true, ended: false, expires_at, absolute_expiry };
    for step in steps {
        let newest = model.tokens.len() - 1;
        match *step {
            Step::Refresh => model.refresh(harness, newest).await,
            Step::Retry => model.refresh(harness, newest.saturating_sub(1)).await,
            Step::Replay(index) => model.refresh(harness, index % (newest + 1)).await,
            Step::Verify(index) => model.verify(harness, index % (newest + 1)).await,
            Step::Forge(at) => {
                let mut text = model.tokens[newest].0.refresh.clone().into_bytes();
                let at = usize::from(at) % text.len();
                text[at] = if text[at] == b'A' { b'B' } else { b'A' };
                let result = harness.auth.refresh(&String::from_utf8(text).unwrap()).await;
                assert!(matches!(result, Err(Error::InvalidRefreshToken)));
            }
            Step::Logout => {
                harness.auth.logout(&owner).await.unwrap();
                model.ended = true;
            }
            Step::Wait(span) => harness.clock.advance(span),
        }
        let sessions = harness.store.list_sessions(owner.user, None, harness.now(), 10).await.unwrap();
        assert_eq!(sessions.len(), usize::from(model.is_live(harness.now())));
    }
}

type HarnessWithRuntime = (Runtime, Harness);

static SQLITE: LazyLock<HarnessWithRuntime> = LazyLock::new(|| with_runtime(sqlite()));
static POSTGRES: LazyLock<HarnessWithRuntime> = LazyLock::new(|| with_runtime(postgres()));

fn with_runtime(harness: impl Future<Output = Harness>) -> HarnessWithRuntime {
    let runtime = Runtime::new().unwrap();
    let harness = runtime.block_on(harness);
    (runtime, harness)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(300)))]

    #[test]
    fn random_histories_match_the_model_on_sqlite(steps in steps()) {
        let (runtime, harness) = &*SQLITE;
        runtime.block_on(run(harness, &steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(60)))]

    #[test]
    fn random_histories_match_the_model_on_postgres(steps in steps()) {
        let (runtime, harness) = &*POSTGRES;
        runtime.block_on(run(harness, &steps));
    }
}
