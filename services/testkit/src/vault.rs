//! A vault whose keys everybody knows.

use std::sync::Arc;

use kith_infra::keys::Ring;
use kith_kernel::{SystemEntropy, ports::Vault};

/// Seals as the real one does, with a secret of no secrecy.
#[must_use]
pub fn vault() -> Arc<dyn Vault> {
    Arc::new(Ring::new(&[7; 32], &[], &[8; 32], Arc::new(SystemEntropy)))
}
