//! How much somebody may post.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_infra::limit;
use kith_kernel::{
    Actor, Failure, Fault, Problem as _, Procedure, SystemEntropy,
    ports::{Allowance, Limit},
};
use kith_posts::{
    Error, Rations, Service,
    domain::{Draft, Kind},
    rations::RATIONS,
};
use kith_testkit::{HandClock, Parrot, block_on, member};
use uuid::Uuid;

use crate::bed::{Bed, Others, clock, content, sqlite};

/// A limiter that does not answer.
struct Silent;

#[async_trait]
impl Limit for Silent {
    async fn take(&self, _: &str, _: &Procedure) -> Result<Allowance, Failure> {
        Err(Failure::new(Fault::Unavailable, "no answer"))
    }
}

struct Town {
    posts: Service,
    clock: Arc<HandClock>,
    _bed: Bed,
}

async fn town(limit: impl FnOnce(Arc<HandClock>) -> Arc<dyn Limit>) -> Town {
    let (bed, clock) = (sqlite().await, clock());
    let posts = Service {
        store: bed.store.clone(),
        blocks: Arc::new(Others::default()),
        membership: Arc::new(Others::default()),
        screen: Arc::new(Parrot),
        rations: Rations::held(limit(clock.clone())),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    Town { posts, clock, _bed: bed }
}

fn counted(clock: Arc<HandClock>) -> Arc<dyn Limit> {
    Arc::new(limit::Local::new(RATIONS.iter().copied(), clock))
}

impl Town {
    async fn post(&self, actor: &Actor, kind: Kind, claimed: Option<Uuid>) -> Result<(), Error> {
        let urgency = if kind == Kind::Sos { 5 } else { 1 };
        self.posts.create(actor, Draft::new(content(kind, urgency, "please")).unwrap(), claimed).await.map(drop)
    }
}

#[test]
fn who_used_up_their_posts_still_has_an_sos() {
    block_on(async {
        let (town, ann) = (town(counted).await, member());
        for _ in 0..10 {
            town.post(&ann, Kind::Question, None).await.unwrap();
        }
        for _ in 0..100 {
            let refused = town.post(&ann, Kind::Question, None).await.unwrap_err();
            assert_eq!((refused.kind(), refused.reason()), (Fault::Exhausted, "TOO_OFTEN"));
            assert_eq!(refused.retry_after(), Some(Duration::from_secs(6)));
        }
        for _ in 0..3 {
            town.post(&ann, Kind::Sos, None).await.unwrap();
        }
        let refused = town.post(&ann, Kind::Sos, None).await.unwrap_err();
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(6)), "the next post, not the next of the reserve");
        town.post(&member(), Kind::Question, None).await.unwrap();
    });
}

#[test]
fn an_sos_takes_of_the_posts_first_and_leaves_the_reserve() {
    block_on(async {
        let (town, ann) = (town(counted).await, member());
        for _ in 0..13 {
            town.post(&ann, Kind::Sos, None).await.unwrap();
        }
        assert!(town.post(&ann, Kind::Sos, None).await.is_err());
        town.clock.pass(Duration::from_secs(6));
        town.post(&ann, Kind::Sos, None).await.unwrap();
        assert!(town.post(&ann, Kind::Sos, None).await.is_err());
    });
}

#[test]
fn a_repeated_call_takes_nothing() {
    block_on(async {
        let (town, ann, claim) = (town(counted).await, member(), Some(Uuid::from_u128(7)));
        for _ in 0..50 {
            town.post(&ann, Kind::Sos, claim).await.unwrap();
        }
    });
}

#[test]
fn nobody_is_refused_because_a_limiter_is_away() {
    block_on(async {
        let (town, ann) = (town(|_| Arc::new(Silent)).await, member());
        for kind in [Kind::Sos, Kind::CheckIn] {
            town.post(&ann, kind, None).await.unwrap();
        }
    });
}
