//! Post quota and SOS reserve.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_infra::rate_limit;
use kith_kernel::{
    Actor, DomainError as _, ErrorKind, MethodPolicy, PortError, SystemEntropy,
    ports::{RateLimitDecision, RateLimiter},
};
use kith_posts::{
    Error, PostQuota, Service,
    domain::{Kind, PostContent},
    post_quota::QUOTAS,
};
use kith_testkit::{ManualClock, StubScreen, block_on, member};
use uuid::Uuid;

use crate::harness::{Harness, StubPorts, clock, parts, sqlite};

/// Rate limiter that is unavailable.
struct UnavailableRateLimiter;

#[async_trait]
impl RateLimiter for UnavailableRateLimiter {
    async fn check(&self, _: &str, _: &MethodPolicy) -> Result<RateLimitDecision, PortError> {
        Err(PortError::new(ErrorKind::Unavailable, "no answer"))
    }
}

struct Scenario {
    posts: Service,
    clock: Arc<ManualClock>,
    _harness: Harness,
}

async fn scenario(limit: impl FnOnce(Arc<ManualClock>) -> Arc<dyn RateLimiter>) -> Scenario {
    let (harness, clock) = (sqlite().await, clock());
    let posts = Service {
        flags: Arc::<kith_testkit::StubFlags>::default(),
        store: harness.store.clone(),
        blocks: Arc::new(StubPorts::default()),
        membership: Arc::new(StubPorts::default()),
        screen: Arc::new(StubScreen),
        quota: PostQuota::new(limit(clock.clone())),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    Scenario { posts, clock, _harness: harness }
}

fn in_memory_limiter(clock: Arc<ManualClock>) -> Arc<dyn RateLimiter> {
    Arc::new(rate_limit::InMemory::new(QUOTAS.iter().copied(), clock))
}

impl Scenario {
    async fn post(&self, actor: &Actor, kind: Kind, claimed: Option<Uuid>) -> Result<(), Error> {
        let urgency = if kind == Kind::Sos { 5 } else { 1 };
        self.posts
            .create_public(actor, PostContent::new(parts(kind, urgency, "please")).unwrap(), claimed)
            .await
            .map(drop)
    }
}

#[test]
fn an_account_that_used_up_its_posts_has_an_sos_reserve() {
    block_on(async {
        let (scenario, ann) = (scenario(in_memory_limiter).await, member());
        for _ in 0..10 {
            scenario.post(&ann, Kind::Question, None).await.unwrap();
        }
        for _ in 0..100 {
            let error = scenario.post(&ann, Kind::Question, None).await.unwrap_err();
            assert_eq!((error.kind(), error.reason()), (ErrorKind::ResourceExhausted, "RATE_LIMITED"));
            assert_eq!(error.retry_after(), Some(Duration::from_secs(6)));
        }
        for _ in 0..3 {
            scenario.post(&ann, Kind::Sos, None).await.unwrap();
        }
        let error = scenario.post(&ann, Kind::Sos, None).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(6)), "the shorter of the two waits");
        scenario.post(&member(), Kind::Question, None).await.unwrap();
    });
}

#[test]
fn an_sos_consumes_the_general_quota_before_the_reserve() {
    block_on(async {
        let (scenario, ann) = (scenario(in_memory_limiter).await, member());
        for _ in 0..13 {
            scenario.post(&ann, Kind::Sos, None).await.unwrap();
        }
        assert!(scenario.post(&ann, Kind::Sos, None).await.is_err());
        scenario.clock.advance(Duration::from_secs(6));
        scenario.post(&ann, Kind::Sos, None).await.unwrap();
        assert!(scenario.post(&ann, Kind::Sos, None).await.is_err());
    });
}

#[test]
fn a_repeated_call_consumes_no_quota() {
    block_on(async {
        let (scenario, ann, claim) = (scenario(in_memory_limiter).await, member(), Some(Uuid::from_u128(7)));
        for _ in 0..50 {
            scenario.post(&ann, Kind::Sos, claim).await.unwrap();
        }
    });
}

#[test]
fn posts_are_accepted_while_the_rate_limiter_is_unavailable() {
    block_on(async {
        let (scenario, ann) = (scenario(|_| Arc::new(UnavailableRateLimiter)).await, member());
        for kind in [Kind::Sos, Kind::CheckIn] {
            scenario.post(&ann, kind, None).await.unwrap();
        }
    });
}
