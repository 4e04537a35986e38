//! Circle creation while its feature flag is disabled.

use std::sync::Arc;

use kith_circles::{Service, domain::Access};
use kith_kernel::{
    DomainError as _, ErrorKind,
    ports::{Feature, FeatureDisabled},
};
use kith_testkit::{StubFlags, block_on, member};

use crate::harness::{settings, sqlite};

#[test]
fn while_circle_creation_is_disabled_no_circle_is_created_and_existing_circles_work() {
    block_on(async {
        let (harness, flags, owner) = (sqlite().await, Arc::new(StubFlags::default()), member());
        let circles = Service { flags: flags.clone(), ..harness.service() };
        let existing = circles.create(&owner, settings(Access::Open, 10), None).await.unwrap().circle.id;
        flags.disable(Feature::CircleCreation);
        let error = circles.create(&owner, settings(Access::Open, 10), None).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (ErrorKind::FailedPrecondition, FeatureDisabled::REASON));
        circles.get(&owner, existing, None).await.unwrap();
        flags.enable(Feature::CircleCreation);
        circles.create(&owner, settings(Access::Open, 10), None).await.unwrap();
    });
}
