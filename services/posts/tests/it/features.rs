//! Features that an admin has switched off.

use std::{sync::Arc, time::Duration};

use kith_kernel::{
    DomainError as _, ErrorKind, PageSize, SystemEntropy,
    ports::{Feature, FeatureDisabled},
};
use kith_posts::{
    Error, FeedStreams, Service,
    domain::{Filter, Kind, PostContent, SearchQuery},
};
use kith_testkit::{StubFlags, StubScreen, block_on, member};

use crate::harness::{StubPorts, clock, parts, sqlite, unlimited_quota};

fn assert_disabled(error: &Error) {
    assert_eq!((error.kind(), error.reason()), (ErrorKind::FailedPrecondition, FeatureDisabled::REASON), "{error}");
}

#[test]
fn search_fails_while_it_is_disabled_and_an_sos_is_created_and_read_with_all_features_disabled() {
    block_on(async {
        let (harness, clock, stubs) = (sqlite().await, clock(), Arc::new(StubPorts::default()));
        let (flags, ann) = (Arc::new(StubFlags::default()), member());
        let posts = Service {
            store: harness.store.clone(),
            blocks: stubs.clone(),
            membership: stubs.clone(),
            screen: Arc::new(StubScreen),
            quota: unlimited_quota(&clock),
            flags: flags.clone(),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
        };
        let (query, filter) = (SearchQuery::new("please").unwrap(), Filter::default());
        let search = || posts.search(&ann, &query, &filter, PageSize::DEFAULT, None);
        flags.disable(Feature::PostSearch);
        assert_disabled(&search().await.unwrap_err());
        for feature in Feature::ALL {
            flags.disable(feature);
        }
        let content = PostContent::new(parts(Kind::Sos, 5, "please")).unwrap();
        let sos = posts.create_public(&ann, content, None).await.unwrap().post;
        assert_eq!(posts.get(&ann, sos.id).await.unwrap().id, sos.id);
        flags.enable(Feature::PostSearch);
        assert_eq!(search().await.unwrap().items.len(), 1);
    });
}

#[test]
fn a_feed_stream_does_not_start_while_it_is_disabled_and_an_open_one_ends_at_the_next_check() {
    block_on(async {
        let (harness, clock, stubs) = (sqlite().await, clock(), Arc::new(StubPorts::default()));
        let (flags, eve) = (Arc::new(StubFlags::default()), member());
        stubs.add_session(&eve);
        let streams = FeedStreams {
            store: harness.store.clone(),
            blocks: stubs.clone(),
            sessions: stubs,
            replay_log: crate::feed_stream::replay_log(),
            flags: flags.clone(),
            clock,
            recheck_interval: Duration::from_millis(10),
        };
        let mut stream = streams.subscribe(eve.clone(), Filter::default()).await.unwrap();
        stream.next().await.unwrap();
        flags.disable(Feature::FeedStream);
        assert_disabled(&tokio::time::timeout(Duration::from_secs(20), stream.next()).await.unwrap().unwrap_err());
        assert_disabled(&streams.subscribe(eve, Filter::default()).await.err().unwrap());
    });
}
