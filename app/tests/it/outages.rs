//! Behaviour of the HTTP stack while a dependency is unavailable (docs/adr/0012).

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use kith_app::http::HttpDeps;
use kith_kernel::{
    Actor, ErrorKind, MethodPolicy, OnLimiterFailure, PortError,
    ports::{ClaimResult, IdempotencyKey, IdempotencyStore, RateLimitDecision, RateLimiter, TokenVerifier},
};
use kith_proto::details::RetryInfo;
use kith_testkit::block_on;

use crate::{
    harness::{CREATE, FEED, Harness, REGISTER, method_policies},
    layers::{detail, reason},
};

/// Port that is always unavailable and counts its calls.
#[derive(Default)]
struct Unavailable(AtomicU32);

impl Unavailable {
    fn fail<T>(&self) -> Result<T, PortError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(PortError::new(ErrorKind::Unavailable, "no answer"))
    }
}

#[async_trait]
impl TokenVerifier for Unavailable {
    async fn verify(&self, _: &str) -> Result<Option<Actor>, PortError> {
        self.fail()
    }
}

#[async_trait]
impl RateLimiter for Unavailable {
    async fn check(&self, _: &str, _: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        self.fail()
    }
}

#[async_trait]
impl IdempotencyStore for Unavailable {
    async fn claim(&self, _: &IdempotencyKey, _: &[u8]) -> Result<ClaimResult, PortError> {
        self.fail()
    }

    async fn complete(&self, _: &IdempotencyKey, _: &[u8]) -> Result<(), PortError> {
        self.fail()
    }

    async fn release(&self, _: &IdempotencyKey) -> Result<(), PortError> {
        self.fail()
    }
}

/// Sends a request that must fail as unavailable with a retry delay. Returns the reason of the error.
async fn unavailable_reason(harness: &Harness, request: Request<Body>) -> String {
    let (status, _, error) = harness.json(request).await;
    assert_eq!((status, &error["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"unavailable".into()));
    let retry: RetryInfo = detail(&error, "google.rpc.RetryInfo");
    assert!(retry.retry_delay.is_some());
    reason(&error)
}

#[test]
fn calls_with_a_token_fail_while_sessions_cannot_be_read() {
    block_on(async {
        let verifier = Arc::new(Unavailable::default());
        let tokens = verifier.clone();
        let harness = Harness::with_deps(move |deps: &mut HttpDeps| deps.tokens = tokens).await;
        for path in [FEED, CREATE, REGISTER] {
            let request = harness.call(path).body(Body::from("{}")).unwrap();
            assert_eq!(unavailable_reason(&harness, request).await, "AUTHENTICATION_FAILED", "{path}");
        }
        assert_eq!(verifier.0.load(Ordering::SeqCst), 3);
        // Calls without a token are anonymous and need no verifier.
        let request =
            |path| Request::post(path).header("content-type", "application/json").body(Body::from("{}")).unwrap();
        assert_eq!(harness.send(request(REGISTER)).await.status(), StatusCode::OK);
        assert_eq!(harness.send(request(CREATE)).await.status(), StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn only_methods_with_a_fail_closed_quota_fail_while_the_rate_limiter_is_unavailable() {
    block_on(async {
        let with_failure_policy = |mut policy: MethodPolicy| {
            policy.quota.on_limiter_failure =
                if policy.path == REGISTER { OnLimiterFailure::Deny } else { OnLimiterFailure::Allow };
            policy
        };
        let policies = method_policies().map(with_failure_policy).collect();
        let harness = Harness::with_policies_and_deps(policies, |deps: &mut HttpDeps| {
            deps.rate_limiter = Arc::new(Unavailable::default());
        })
        .await;
        assert_eq!(harness.send(harness.call(CREATE).body(Body::from("{}")).unwrap()).await.status(), StatusCode::OK);
        assert_eq!(
            unavailable_reason(&harness, harness.call(REGISTER).body(Body::from("{}")).unwrap()).await,
            "RATE_LIMITER_UNAVAILABLE"
        );
    });
}

#[test]
fn a_call_with_an_idempotency_key_is_rejected_while_the_idempotency_store_is_unavailable() {
    block_on(async {
        let harness =
            Harness::with_deps(|deps: &mut HttpDeps| deps.idempotency = Arc::new(Unavailable::default())).await;
        let keyed = harness.call(CREATE).header("idempotency-key", "k-1").body(Body::from("{}")).unwrap();
        assert_eq!(unavailable_reason(&harness, keyed).await, "IDEMPOTENCY_STORE_UNAVAILABLE");
        assert_eq!(harness.send(harness.call(CREATE).body(Body::from("{}")).unwrap()).await.status(), StatusCode::OK);
    });
}
