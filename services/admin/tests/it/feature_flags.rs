//! Evaluation of flags through the cache.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_admin::{CachedFeatureFlags, Flag, FlagName, FlagUpdate, Percent, store::Store};
use kith_kernel::{
    Role, Timestamp,
    audit::AuditEntry,
    ports::{Feature, FeatureFlags as _, FlagSubject},
};
use kith_storage::{StoreError, StoreResult};
use kith_testkit::{ManualClock, block_on, member, user};
use uuid::Uuid;

use crate::harness::sqlite;

const SEARCH: Feature = Feature::PostSearch;

fn disable_search() -> FlagUpdate {
    FlagUpdate {
        name: FlagName::parse(SEARCH.name()).unwrap(),
        percent: Percent::new(0).unwrap(),
        roles: [Role::Moderator].into(),
    }
}

#[test]
fn a_change_takes_effect_at_once_here_and_within_the_ttl_on_another_node() {
    block_on(async {
        let harness = sqlite().await;
        let (admin, subject) = (harness.account("admin", Role::Admin), FlagSubject::from(&member()));
        let other_node = CachedFeatureFlags::new(harness.store.clone(), harness.clock.clone());
        assert!(harness.flags.is_enabled(SEARCH, subject).await && other_node.is_enabled(SEARCH, subject).await);
        harness.service.put_flag(&admin, disable_search(), "", None).await.unwrap();
        assert!(!harness.flags.is_enabled(SEARCH, subject).await);
        assert!(harness.flags.is_enabled(Feature::FeedStream, subject).await);
        harness.clock.advance(Duration::from_millis(4_999));
        assert!(other_node.is_enabled(SEARCH, subject).await);
        harness.clock.advance(Duration::from_millis(1));
        assert!(!other_node.is_enabled(SEARCH, subject).await);
        let moderator = FlagSubject::Caller { user: user(), role: Role::Moderator };
        assert!(other_node.is_enabled(SEARCH, moderator).await);
    });
}

#[test]
fn enabled_flags_lists_features_and_flags_of_clients() {
    block_on(async {
        let harness = sqlite().await;
        let (admin, ann) = (harness.account("admin", Role::Admin), member());
        harness.service.put_flag(&admin, disable_search(), "", None).await.unwrap();
        let for_clients = |name: &str, percent: u32| FlagUpdate {
            name: FlagName::parse(name).unwrap(),
            percent: Percent::new(percent).unwrap(),
            roles: [].into(),
        };
        harness.service.put_flag(&admin, for_clients("new_feed", 100), "", None).await.unwrap();
        harness.service.put_flag(&admin, for_clients("secret_plan", 0), "", None).await.unwrap();
        let expected = ["circle_creation", "content_screen", "feed_stream", "new_feed", "registration"];
        assert_eq!(harness.service.enabled_flags(&ann).await, expected);
        let moderator = kith_kernel::Actor { role: Role::Moderator, ..member() };
        assert!(harness.service.enabled_flags(&moderator).await.contains(&SEARCH.name().to_owned()));
    });
}

/// Behaviour of [`FaultyStore`] while it is broken.
#[derive(Clone, Copy)]
enum FaultMode {
    Fail,
    Hang,
}

/// Store whose reads fail or never return.
struct FaultyStore {
    flag: Flag,
    is_broken: AtomicBool,
    mode: FaultMode,
    reads: AtomicUsize,
}

impl FaultyStore {
    fn new(mode: FaultMode) -> Self {
        let FlagUpdate { name, percent, roles } = disable_search();
        let flag = Flag { id: Uuid::nil(), name, percent, roles, version: 1, changed_at: Timestamp::from_millis(0) };
        Self { flag, is_broken: true.into(), mode, reads: 0.into() }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn find(&self, _: &FlagName) -> StoreResult<Option<Flag>> {
        Ok(None)
    }

    async fn list(&self, _: Option<Uuid>, _: i64) -> StoreResult<Vec<Flag>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match (self.is_broken.load(Ordering::SeqCst), self.mode) {
            (false, _) => Ok(vec![self.flag.clone()]),
            (true, FaultMode::Fail) => Err(StoreError::corrupt("unavailable")),
            (true, FaultMode::Hang) => pending().await,
        }
    }

    async fn insert(&self, _: &Flag, _: &[AuditEntry]) -> StoreResult<()> {
        Ok(())
    }

    async fn update(&self, _: &Flag, _: &[AuditEntry]) -> StoreResult<bool> {
        Ok(false)
    }
}

#[test]
fn while_the_store_is_unavailable_the_last_known_flags_apply() {
    for mode in [FaultMode::Fail, FaultMode::Hang] {
        block_on(async {
            let store = Arc::new(FaultyStore::new(mode));
            let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
            let flags = CachedFeatureFlags::new(store.clone(), clock.clone());
            let subject = FlagSubject::Account(user());
            assert!(flags.is_enabled(SEARCH, subject).await, "features are enabled before the first read");
            assert!(flags.is_enabled(SEARCH, subject).await);
            assert_eq!(store.reads.load(Ordering::SeqCst), 1, "a failed read is not repeated at once");
            store.is_broken.store(false, Ordering::SeqCst);
            clock.advance(Duration::from_secs(1));
            assert!(!flags.is_enabled(SEARCH, subject).await);
            store.is_broken.store(true, Ordering::SeqCst);
            clock.advance(Duration::from_mins(5));
            assert!(!flags.is_enabled(SEARCH, subject).await);
        });
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_old_flags() {
    block_on(async {
        let store = Arc::new(FaultyStore::new(FaultMode::Fail));
        store.is_broken.store(false, Ordering::SeqCst);
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        let flags = CachedFeatureFlags::new(store.clone(), clock.clone());
        flags.current().await;
        clock.set(Timestamp::from_millis(0));
        flags.current().await;
        assert_eq!(store.reads.load(Ordering::SeqCst), 2);
    });
}
