//! Periodic signing of audit checkpoints.

use std::{sync::Arc, time::Duration};

use kith_kernel::{
    Clock,
    audit::{ChainHead, ChainVerifier, Checkpoint, CheckpointKeys},
    ports::{AuditLog, CheckpointStore},
};

use super::{AuditVerifyError, verify_records};

const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// A checkpoint is due after this number of new records, or once there is a new record and the last checkpoint has
/// reached [`MAX_AGE`].
const MAX_RECORDS: i64 = 100;
const MAX_AGE: Duration = Duration::from_mins(1);

/// Signs the head of the audit log and appends the checkpoint to every checkpoint store.
pub struct CheckpointSigner {
    pub audit_log: Arc<dyn AuditLog>,
    pub stores: Vec<Arc<dyn CheckpointStore>>,
    pub keys: Arc<CheckpointKeys>,
    pub clock: Arc<dyn Clock>,
}

impl CheckpointSigner {
    /// Calls [`sign_if_due`](Self::sign_if_due) every 5 seconds, without end.
    pub async fn run(&self) -> std::convert::Infallible {
        let mut interval = tokio::time::interval(CHECK_INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            self.sign_if_due().await;
        }
    }

    /// Appends a checkpoint to each store in which one is due, and returns the number of stores it was appended to.
    ///
    /// A store that fails is retried by the next call. A chain that is not valid is never signed: each call logs an
    /// error until an operator intervenes.
    pub async fn sign_if_due(&self) -> usize {
        self.sign_where(is_due).await
    }

    /// Appends a checkpoint to each store whose latest checkpoint is not of the current head. Called at shutdown.
    pub async fn sign_head(&self) -> usize {
        self.sign_where(|_, _, _| true).await
    }

    async fn sign_where(&self, is_due: fn(&Checkpoint, ChainHead, i64) -> bool) -> usize {
        let mut signed = 0_usize;
        for store in &self.stores {
            match self.sign(&**store, is_due).await {
                Ok(false) => {}
                Ok(true) => signed = signed.saturating_add(1),
                Err(AuditVerifyError::Unreadable(error)) => {
                    tracing::warn!(store = store.location(), %error, "failed to sign audit checkpoint, retrying");
                }
                Err(error @ (AuditVerifyError::Chain(_) | AuditVerifyError::InvalidCheckpoint { .. })) => {
                    tracing::error!(store = store.location(), %error, "audit log is invalid; see `kith audit verify`");
                }
            }
        }
        signed
    }

    async fn sign(
        &self,
        store: &dyn CheckpointStore,
        is_due: fn(&Checkpoint, ChainHead, i64) -> bool,
    ) -> Result<bool, AuditVerifyError> {
        let latest = store.latest().await?;
        let head = self.audit_log.head().await?;
        let signed_head = latest.as_ref().map_or(ChainHead::EMPTY, |latest| latest.head);
        let now = self.clock.now();
        let is_due = latest.as_ref().is_none_or(|latest| is_due(latest, head, now.millis()));
        if head == signed_head || !is_due {
            return Ok(false);
        }
        if let Some(latest) = &latest {
            let verified = self.keys.verify(std::slice::from_ref(latest));
            verified.map_err(|error| AuditVerifyError::InvalidCheckpoint { location: store.location(), error })?;
        }
        let head = verify_records(&*self.audit_log, ChainVerifier::resume(signed_head, head)).await?;
        store.append(&self.keys.sign(head, now)).await?;
        Ok(true)
    }
}

fn is_due(latest: &Checkpoint, head: ChainHead, now: i64) -> bool {
    let records = head.position.saturating_sub(latest.head.position);
    // A head before the latest checkpoint counts as due: verification then fails and the fault is logged.
    !(0..MAX_RECORDS).contains(&records) || latest.at.after(MAX_AGE).millis() <= now
}
