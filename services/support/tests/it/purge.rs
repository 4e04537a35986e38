//! Deleted is restorable for thirty days, then gone.

use std::time::Duration;

use kith_kernel::ports::Sweep as _;
use kith_support::Purge;
use kith_testkit::{block_on, member};

use crate::{bed::words, world::World};

const DAY: Duration = Duration::from_hours(24);

#[test]
fn a_deleted_response_is_gone_for_good_after_thirty_days_and_not_before() {
    block_on(async {
        let (world, ann, bob) = (World::new().await, member(), member());
        let post = world.others.post_by(&ann);
        let gone = world.service.respond(&bob, post, words("gone"), None).await.unwrap().response;
        let stays = world.service.respond(&bob, post, words("stays"), None).await.unwrap().response;
        world.service.delete(&bob, gone.id).await.unwrap();
        let purge = Purge { store: world.service.store.clone(), clock: world.clock.clone() };
        world.clock.pass((30 * DAY).saturating_sub(Duration::from_millis(1)));
        assert_eq!(purge.sweep().await.unwrap(), 0);
        assert!(world.service.store.get(gone.id).await.unwrap().is_some());
        world.clock.pass(Duration::from_millis(1));
        assert_eq!(purge.sweep().await.unwrap(), 1);
        assert_eq!(world.service.store.get(gone.id).await.unwrap(), None);
        world.clock.pass(365 * DAY);
        assert_eq!(purge.sweep().await.unwrap(), 0);
        assert_eq!(world.service.store.get(stays.id).await.unwrap(), Some(stays));
        assert_eq!(purge.name(), "responses");
    });
}
