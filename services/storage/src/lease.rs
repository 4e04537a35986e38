//! Of many nodes, one.

use async_trait::async_trait;

use crate::StoreResult;

/// What one node at a time does: to drain the outboxes, for two would overtake each other.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Waits until nobody else holds it, and holds it. It waits as long for a server that does not answer. Giving up
    /// while it waits is no error.
    async fn acquire(&self) -> Box<dyn Held>;
}

/// A lease that is held, until this is dropped, or its holder dies, or is not heard of for [`SILENCE`].
#[async_trait]
pub trait Held: Send + Sync {
    /// Whether it is held still: ask before each thing that only its holder may do. An error says that it is lost for
    /// good, and somebody else may hold it. It is said within two seconds. Giving up while it is asked loses the lease.
    ///
    /// What somebody begins after this was well and ends later than [`SILENCE`] can overlap with the next holder's.
    async fn check(&self) -> StoreResult<()>;
}

/// How long a holder may be silent.
pub const SILENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// The lease of a process that has nobody beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

#[async_trait]
impl Lease for Alone {
    async fn acquire(&self) -> Box<dyn Held> {
        Box::new(Self)
    }
}

#[async_trait]
impl Held for Alone {
    async fn check(&self) -> StoreResult<()> {
        Ok(())
    }
}
