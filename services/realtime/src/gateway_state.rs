//! State that all connections of the gateway share.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use kith_kernel::{
    Clock, Entropy,
    ports::{BlockList, ChannelAccess, TicketRedeemer},
};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{connections::ConnectionRegistry, hub::Hub, limits::Limits};

pub(crate) struct GatewayState {
    pub(crate) hub: Arc<Hub>,
    pub(crate) connections: Arc<ConnectionRegistry>,
    pub(crate) access: Arc<dyn ChannelAccess>,
    pub(crate) blocks: Arc<dyn BlockList>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) tickets: Arc<dyn TicketRedeemer>,
    pub(crate) draining: AtomicBool,
    pub(crate) sessions: TaskTracker,
    /// One permit for each connection that has not authenticated yet.
    pub(crate) unauthenticated_slots: Arc<Semaphore>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) allowed_origins: Vec<String>,
}

impl GatewayState {
    /// Returns a random duration between zero and `max`.
    pub(crate) fn jitter(&self, max: Duration) -> Duration {
        let [high, low, ..] = self.entropy.bytes();
        max * u32::from(u16::from_be_bytes([high, low])) / u32::from(u16::MAX)
    }
}
