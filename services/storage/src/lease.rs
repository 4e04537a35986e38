//! Lease: exclusive right of one node.

use async_trait::async_trait;

use crate::StoreResult;

/// Exclusive right that one node holds at a time, for example to relay outboxes, because two relays would overtake each
/// other.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Waits until the lease is free and acquires it. Also waits while the server is unavailable. Cancel safe.
    async fn acquire(&self) -> Box<dyn LeaseGuard>;
}

/// Guard of an acquired lease. Released on drop, when the holder dies, or after [`LEASE_TIMEOUT`] without a heartbeat.
#[async_trait]
pub trait LeaseGuard: Send + Sync {
    /// Checks that the lease is still held, within 2 seconds. Call it before each exclusive operation.
    ///
    /// An operation that begins after a successful check and takes longer than [`LEASE_TIMEOUT`] can overlap with the
    /// next holder.
    ///
    /// # Errors
    /// The lease is lost permanently. Dropping the future also loses it.
    async fn check(&self) -> StoreResult<()>;
}

/// Longest time without a heartbeat after which a lease is released.
pub const LEASE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Lease of a deployment with a single process. Always granted.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopLease;

#[async_trait]
impl Lease for NoopLease {
    async fn acquire(&self) -> Box<dyn LeaseGuard> {
        Box::new(Self)
    }
}

#[async_trait]
impl LeaseGuard for NoopLease {
    async fn check(&self) -> StoreResult<()> {
        Ok(())
    }
}
