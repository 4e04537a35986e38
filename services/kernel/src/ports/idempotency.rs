//! Idempotency of calls.

use async_trait::async_trait;
use uuid::Uuid;

use crate::PortError;

/// Stores responses of calls that carry an idempotency key. Implemented by `storage`.
///
/// Keys are scoped to caller and method. A claim expires after one minute if it is not completed.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims the key. Exactly one of several concurrent callers gets [`ClaimResult::Acquired`].
    async fn claim(&self, key: &IdempotencyKey, fingerprint: &[u8]) -> Result<ClaimResult, PortError>;

    /// Stores the response until 24 hours after the claim.
    async fn complete(&self, key: &IdempotencyKey, response: &[u8]) -> Result<(), PortError>;

    /// Releases the key of a call whose response is not stored, for example because it failed with an internal error. A
    /// repeat then runs the call again.
    async fn release(&self, key: &IdempotencyKey) -> Result<(), PortError>;
}

/// An idempotency key and its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The account, or the network of an anonymous caller: an IPv4 address or an IPv6 /64 prefix.
    pub caller: String,
    /// `/package.Service/Method`.
    pub method: &'static str,
    /// The key as sent: 1 to 64 printable characters.
    pub key: String,
}

/// Result of claiming a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The caller owns the key and must complete or release it. The value is the claimed id: a create method uses it as the
    /// id of the new object, so that a repeat after a crash finds the object instead of creating a second one.
    Acquired(Uuid),
    /// Another call with this key is in progress.
    InProgress,
    /// The call was completed with this response.
    Completed(Vec<u8>),
    /// The key was used for a different request.
    FingerprintMismatch,
}
