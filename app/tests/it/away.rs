//! What the edge does while something that it asks is away: docs/adr/0012.

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
    Actor, OnLimiterFailure, PortError, ErrorKind, MethodPolicy,
    ports::{RateLimitDecision, IdempotencyKey, ClaimResult, RateLimiter, IdempotencyStore, TokenVerifier},
};
use kith_proto::details::RetryInfo;
use kith_testkit::block_on;

use crate::{
    bed::{Bed, CREATE, FEED, REGISTER, rows},
    layers::{detail, reason},
};

/// Answers nothing, and counts how often it was asked.
#[derive(Default)]
struct Away(AtomicU32);

impl Away {
    fn asked<T>(&self) -> Result<T, PortError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(PortError::new(ErrorKind::Unavailable, "no answer"))
    }
}

#[async_trait]
impl TokenVerifier for Away {
    async fn verify(&self, _: &str) -> Result<Option<Actor>, PortError> {
        self.asked()
    }
}

#[async_trait]
impl RateLimiter for Away {
    async fn check(&self, _: &str, _: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        self.asked()
    }
}

#[async_trait]
impl IdempotencyStore for Away {
    async fn claim(&self, _: &IdempotencyKey, _: &[u8]) -> Result<ClaimResult, PortError> {
        self.asked()
    }

    async fn complete(&self, _: &IdempotencyKey, _: &[u8]) -> Result<(), PortError> {
        self.asked()
    }

    async fn release(&self, _: &IdempotencyKey) -> Result<(), PortError> {
        self.asked()
    }
}

/// The refusal of a call that could not be done: what it is called, after it said when to try again.
async fn refused(bed: &Bed, request: Request<Body>) -> String {
    let (status, _, refusal) = bed.json(request).await;
    assert_eq!((status, &refusal["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"unavailable".into()));
    let retry: RetryInfo = detail(&refusal, "google.rpc.RetryInfo");
    assert!(retry.retry_delay.is_some());
    reason(&refusal)
}

#[test]
fn nobody_is_let_in_while_sessions_cannot_be_read() {
    block_on(async {
        let away = Arc::new(Away::default());
        let tokens = away.clone();
        let bed = Bed::without(move |ports: &mut HttpDeps| ports.tokens = tokens).await;
        for path in [FEED, CREATE, REGISTER] {
            let request = bed.call(path).body(Body::from("{}")).unwrap();
            assert_eq!(refused(&bed, request).await, "AUTHENTICATION_FAILED", "{path}");
        }
        assert_eq!(away.0.load(Ordering::SeqCst), 3);
        // Who brings no token is nobody, and may what nobody may.
        let request =
            |path| Request::post(path).header("content-type", "application/json").body(Body::from("{}")).unwrap();
        assert_eq!(bed.send(request(REGISTER)).await.status(), StatusCode::OK);
        assert_eq!(bed.send(request(CREATE)).await.status(), StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn without_any_limiter_posts_go_in_and_what_can_be_guessed_does_not() {
    block_on(async {
        let guessed = |mut row: MethodPolicy| {
            row.quota.on_limiter_failure = if row.path == REGISTER { OnLimiterFailure::Deny } else { OnLimiterFailure::Allow };
            row
        };
        let rows = rows().map(guessed).collect();
        let bed = Bed::without_in(rows, |ports: &mut HttpDeps| ports.rate_limiter = Arc::new(Away::default())).await;
        assert_eq!(bed.send(bed.call(CREATE).body(Body::from("{}")).unwrap()).await.status(), StatusCode::OK);
        assert_eq!(refused(&bed, bed.call(REGISTER).body(Body::from("{}")).unwrap()).await, "RATE_LIMITER_UNAVAILABLE");
    });
}

#[test]
fn a_call_whose_outcome_cannot_be_kept_is_not_begun() {
    block_on(async {
        let bed = Bed::without(|ports: &mut HttpDeps| ports.idempotency = Arc::new(Away::default())).await;
        let keyed = bed.call(CREATE).header("idempotency-key", "k-1").body(Body::from("{}")).unwrap();
        assert_eq!(refused(&bed, keyed).await, "IDEMPOTENCY_STORE_UNAVAILABLE");
        assert_eq!(bed.send(bed.call(CREATE).body(Body::from("{}")).unwrap()).await.status(), StatusCode::OK);
    });
}
