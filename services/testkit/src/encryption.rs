//! Field encryption for tests.

use std::sync::Arc;

use kith_infra::keys::KeyRing;
use kith_kernel::{SystemEntropy, ports::FieldEncryption};

/// Returns the production field encryption with a fixed key.
#[must_use]
pub fn test_encryption() -> Arc<dyn FieldEncryption> {
    Arc::new(KeyRing::new(&[7; 32], &[], &[8; 32], Arc::new(SystemEntropy)))
}
