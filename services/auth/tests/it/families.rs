//! Families of refresh tokens: what is traded, repeated, and stolen.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use kith_auth::{
    Error,
    domain::{ABSOLUTE, Credentials, IDLE},
    keys::LIFETIME,
};
use kith_kernel::{AccountEvent, EventPayload, Timestamp, ports::TokenVerifier as _};
use kith_testkit::block_on;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::harness::{Harness, postgres, sqlite};

fn ended(answer: &Result<Credentials, Error>) -> bool {
    matches!(answer, Err(Error::SessionEnded))
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn of_many_who_refresh_at_once_all_get_the_same_successor_and_it_is_good(harness: &Harness) {
        let first = harness.anonymous().await.credentials;
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
        let session = harness.store.session(first.session).await.unwrap().unwrap();
        assert_eq!((session.generation, session.ended_at), (1, None));
        assert!(!successors.contains(&first.refresh));
        let next = harness.auth.refresh(&successors[0]).await.unwrap();
        assert!(harness.whose(&next).await.is_some());
        assert_eq!(harness.announced().await, []);
    }
}

#[test]
fn a_retry_gets_the_same_successor_until_its_access_token_was_seen() {
    block_on(async {
        let harness = sqlite().await;
        let first = harness.anonymous().await.credentials;
        let second = harness.auth.refresh(&first.refresh).await.unwrap();
        // The old access token says nothing about the new one.
        assert!(harness.whose(&first).await.is_some());
        let again = harness.auth.refresh(&first.refresh).await.unwrap();
        assert_eq!(again.refresh, second.refresh);
        assert_ne!(again.access, second.access);
        let owner = harness.whose(&again).await.unwrap();
        assert!(ended(&harness.auth.refresh(&first.refresh).await));
        assert_eq!(harness.whose(&again).await, None);
        assert!(ended(&harness.auth.refresh(&second.refresh).await));
        let revoked = EventPayload::Account(AccountEvent::SessionRevoked { user: owner.user, session: owner.session });
        assert_eq!(harness.announced().await, [revoked]);
    });
}

#[test]
fn a_token_that_comes_back_after_its_successor_was_traded_ends_the_family() {
    block_on(async {
        let harness = sqlite().await;
        let first = harness.anonymous().await.credentials;
        let second = harness.auth.refresh(&first.refresh).await.unwrap();
        let third = harness.auth.refresh(&second.refresh).await.unwrap();
        assert!(ended(&harness.auth.refresh(&first.refresh).await));
        assert!(ended(&harness.auth.refresh(&third.refresh).await));
        assert_eq!(harness.whose(&third).await, None);
        assert_eq!(harness.announced().await.len(), 1);
        let written = harness.audit.records_after(0, 10).await.unwrap();
        assert_eq!(written.len(), 1, "once, however often it comes");
        let about = format!("session:{}", first.session);
        assert_eq!((written[0].action.as_str(), &written[0].subject), ("token_reused", &about));
    });
}

#[test]
fn a_token_that_was_made_up_changes_nothing() {
    block_on(async {
        let harness = sqlite().await;
        let first = harness.anonymous().await.credentials;
        let mut forged = first.refresh.clone().into_bytes();
        forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        for text in [forged.as_str(), "", "nonsense", &first.access] {
            assert!(matches!(harness.auth.refresh(text).await, Err(Error::TokenInvalid)), "{text}");
        }
        assert!(harness.whose(&first).await.is_some());
        assert_eq!(harness.announced().await, []);
    });
}

#[test]
fn a_session_ends_after_thirty_idle_days_and_after_ninety_days_at_most() {
    block_on(async {
        let harness = sqlite().await;
        let idle = harness.anonymous().await.credentials;
        let mut busy = harness.anonymous().await.credentials;
        for _ in 0..4 {
            harness.clock.advance(Duration::from_hours(22 * 24));
            busy = harness.auth.refresh(&busy.refresh).await.unwrap();
        }
        assert!(ended(&harness.auth.refresh(&idle.refresh).await));
        harness.clock.advance(Duration::from_hours(2 * 24));
        assert!(ended(&harness.auth.refresh(&busy.refresh).await));
    });
}

/// What somebody does with the tokens of one session.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The owner refreshes.
    Refresh,
    /// The owner's last reply was lost, and they ask again.
    Retry,
    /// Somebody uses the refresh token of any generation.
    Replay(usize),
    /// The owner calls with the access token of any generation.
    See(usize),
    /// Somebody makes up a token.
    Forge(u8),
    /// The owner leaves.
    Logout,
    /// Time passes.
    Wait(Duration),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => Just(Step::Refresh),
        4 => Just(Step::Retry),
        2 => (0..8_usize).prop_map(Step::Replay),
        4 => (0..8_usize).prop_map(Step::See),
        1 => any::<u8>().prop_map(Step::Forge),
        1 => Just(Step::Logout),
        1 => (0..40_u64).prop_map(|days| Step::Wait(Duration::from_hours(24 * days))),
        2 => (0..400_u64).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
    ];
    prop::collection::vec(step, 1..24)
}

/// What must be true of a session, told without a database.
struct Model {
    /// One for each generation: the refresh token, and the newest access token with its end.
    tokens: Vec<(Credentials, Timestamp)>,
    confirmed: bool,
    ended: bool,
    expires_at: Timestamp,
    closes_at: Timestamp,
}

impl Model {
    fn live(&self, now: Timestamp) -> bool {
        !self.ended && now < self.expires_at
    }

    async fn use_refresh(&mut self, harness: &Harness, which: usize) {
        let (now, newest) = (harness.now(), self.tokens.len() - 1);
        let answer = harness.auth.refresh(&self.tokens[which].0.refresh).await;
        if !self.live(now) {
            assert!(ended(&answer));
        } else if which == newest {
            let given = answer.unwrap();
            assert!(self.tokens.iter().all(|(known, _)| known.refresh != given.refresh));
            self.expires_at = now.after(IDLE).min(self.closes_at);
            self.confirmed = false;
            self.tokens.push((given, now.after(LIFETIME).min(self.expires_at)));
        } else if which + 1 == newest && !self.confirmed {
            let given = answer.unwrap();
            assert_eq!(given.refresh, self.tokens[newest].0.refresh);
            self.tokens[newest] = (given, now.after(LIFETIME).min(self.expires_at));
        } else {
            assert!(ended(&answer));
            self.ended = true;
        }
    }

    async fn see(&mut self, harness: &Harness, which: usize) {
        let (now, newest) = (harness.now(), self.tokens.len() - 1);
        let (credentials, expires_at) = &self.tokens[which];
        let seen = harness.verifier.verify(&credentials.access).await.unwrap();
        // Tokens end on whole seconds, the model to the millisecond.
        let good = Timestamp::from_millis(expires_at.millis() / 1_000 * 1_000);
        assert_eq!(seen.is_some(), self.live(now) && now < good);
        if seen.is_some() && which == newest {
            self.confirmed = true;
        }
    }
}

async fn run(harness: &Harness, steps: &[Step]) {
    let first = harness.anonymous().await.credentials;
    let owner = harness.whose(&first).await.unwrap();
    let start = harness.now();
    let tokens = vec![(first, start.after(LIFETIME))];
    let (expires_at, closes_at) = (start.after(IDLE), start.after(ABSOLUTE));
    let mut model = Model { tokens, confirmed: true, ended: false, expires_at, closes_at };
    for step in steps {
        let newest = model.tokens.len() - 1;
        match *step {
            Step::Refresh => model.use_refresh(harness, newest).await,
            Step::Retry => model.use_refresh(harness, newest.saturating_sub(1)).await,
            Step::Replay(which) => model.use_refresh(harness, which % (newest + 1)).await,
            Step::See(which) => model.see(harness, which % (newest + 1)).await,
            Step::Forge(at) => {
                let mut text = model.tokens[newest].0.refresh.clone().into_bytes();
                let at = usize::from(at) % text.len();
                text[at] = if text[at] == b'A' { b'B' } else { b'A' };
                let answer = harness.auth.refresh(&String::from_utf8(text).unwrap()).await;
                assert!(matches!(answer, Err(Error::TokenInvalid)));
            }
            Step::Logout => {
                harness.auth.logout(&owner).await.unwrap();
                model.ended = true;
            }
            Step::Wait(span) => harness.clock.advance(span),
        }
        let live = harness.store.list(owner.user, None, harness.now(), 10).await.unwrap();
        assert_eq!(live.len(), usize::from(model.live(harness.now())));
    }
}

type HarnessWithRuntime = (Runtime, Harness);

static FILE: LazyLock<HarnessWithRuntime> = LazyLock::new(|| with_runtime(sqlite()));
static SERVER: LazyLock<HarnessWithRuntime> = LazyLock::new(|| with_runtime(postgres()));

fn with_runtime(harness: impl Future<Output = Harness>) -> HarnessWithRuntime {
    let runtime = Runtime::new().unwrap();
    let harness = runtime.block_on(harness);
    (runtime, harness)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(300)))]

    #[test]
    fn any_history_of_a_session_goes_as_the_model_says(steps in steps()) {
        let (runtime, harness) = &*FILE;
        runtime.block_on(run(harness, &steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(60)))]

    #[test]
    fn any_history_of_a_session_goes_as_the_model_says_on_a_server(steps in steps()) {
        let (runtime, harness) = &*SERVER;
        runtime.block_on(run(harness, &steps));
    }
}
