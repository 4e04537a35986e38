//! One subscription of a connection.

use kith_kernel::Channel;

use crate::{gate::Gate, hub::TopicSubscription};

pub(super) struct Subscription {
    pub(super) channel: Channel,
    pub(super) handle: TopicSubscription,
    pub(super) gate: Gate,
}

impl Subscription {
    pub(super) const fn id(&self) -> u64 {
        self.handle.id
    }

    pub(super) const fn topic(&self) -> u64 {
        self.handle.topic
    }
}
