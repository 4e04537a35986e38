//! Audit log checkpoints: signing, storage and verification.
//!
//! | file | contents |
//! | --- | --- |
//! | this file | [`verify`] |
//! | [`checkpoint_signer`] | signs the head of the audit log periodically |
//! | [`mod@file`] | checkpoint store in a file; for MongoDB see [`mongo`](crate::mongo) |

pub mod checkpoint_signer;
pub mod file;

use std::sync::Arc;

use kith_kernel::{
    PortError,
    audit::{ChainError, ChainHead, ChainVerifier, CheckpointKeys, InvalidCheckpoint},
    ports::{AuditLog, CheckpointStore},
};

pub use self::{checkpoint_signer::CheckpointSigner, file::FileCheckpointStore};

/// Number of records read at once.
const BATCH: i64 = 2_000;

/// Result of a successful verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerified {
    /// Head of the chain. Its position is the number of records.
    pub head: ChainHead,
    /// Location of each checkpoint store and the number of checkpoints in it, all of them valid.
    pub stores: Vec<(String, usize)>,
}

/// Error of a verification.
#[derive(Debug, thiserror::Error)]
pub enum AuditVerifyError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("{location}: {error}")]
    InvalidCheckpoint {
        /// Location of the checkpoint store.
        location: String,
        error: InvalidCheckpoint,
    },
    /// The database or a checkpoint store is unavailable or contains malformed data.
    #[error("failed to read the audit log or its checkpoints")]
    Unreadable(#[from] PortError),
}

/// Verifies the whole chain against all checkpoints.
///
/// # Errors
/// The first fault that is found.
pub async fn verify(
    audit_log: &dyn AuditLog,
    stores: &[Arc<dyn CheckpointStore>],
    keys: &CheckpointKeys,
) -> Result<AuditVerified, AuditVerifyError> {
    // Checkpoints first, then the head, then the records: records appended in the meantime are after all of them.
    let mut checkpoints = Vec::new();
    let mut counts = Vec::new();
    for store in stores {
        let listed = store.list().await?;
        keys.verify(&listed)
            .map_err(|error| AuditVerifyError::InvalidCheckpoint { location: store.location(), error })?;
        counts.push((store.location(), listed.len()));
        checkpoints.extend(listed);
    }
    let verifier = ChainVerifier::new(&checkpoints, Some(audit_log.head().await?));
    let head = verify_records(audit_log, verifier).await?;
    Ok(AuditVerified { head, stores: counts })
}

/// Passes the remaining records to the verifier.
async fn verify_records(audit_log: &dyn AuditLog, mut verifier: ChainVerifier) -> Result<ChainHead, AuditVerifyError> {
    // Positions start at 1. Starting from the minimum detects records that were inserted before the first one.
    let mut after = if verifier.position() == 0 { i64::MIN } else { verifier.position() };
    loop {
        let records = audit_log.records_after(after, BATCH).await?;
        if records.is_empty() {
            return Ok(verifier.finish()?);
        }
        for record in &records {
            verifier.verify(record)?;
        }
        after = verifier.position();
    }
}
