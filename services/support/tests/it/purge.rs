//! Purge of deleted responses.

use std::time::Duration;

use kith_kernel::ports::PeriodicJob as _;
use kith_support::jobs::PurgeDeletedResponses;
use kith_testkit::{block_on, member};

use crate::{env::TestEnv, harness::words};

const DAY: Duration = Duration::from_hours(24);

#[test]
fn a_deleted_response_is_purged_after_30_days() {
    block_on(async {
        let (env, ann, bob) = (TestEnv::new().await, member(), member());
        let post = env.others.post_by(&ann);
        let gone = env.service.create(&bob, post, words("gone"), None).await.unwrap().response;
        let stays = env.service.create(&bob, post, words("stays"), None).await.unwrap().response;
        env.service.delete(&bob, gone.id).await.unwrap();
        let purge = PurgeDeletedResponses { store: env.service.store.clone(), clock: env.clock.clone() };
        env.clock.advance((30 * DAY).saturating_sub(Duration::from_millis(1)));
        assert_eq!(purge.run().await.unwrap(), 0);
        assert!(env.service.store.get(gone.id).await.unwrap().is_some());
        env.clock.advance(Duration::from_millis(1));
        assert_eq!(purge.run().await.unwrap(), 1);
        assert_eq!(env.service.store.get(gone.id).await.unwrap(), None);
        env.clock.advance(365 * DAY);
        assert_eq!(purge.run().await.unwrap(), 0);
        assert_eq!(env.service.store.get(stays.id).await.unwrap(), Some(stays));
        assert_eq!(purge.name(), "purge-deleted-responses");
    });
}
