//! Audit log.

use async_trait::async_trait;

use crate::{
    PortError, UserId,
    audit::{AuditEntry, AuditRecord, ChainHead, Checkpoint},
};

/// Audit log. Implemented by `storage`.
///
/// Acts that change a SQL database append their entry in the transaction of the act instead of through this port.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends all entries or none. A caller that reads private content waits for this before it returns the content.
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), PortError>;

    /// Returns at most `limit` records that match, newest first.
    async fn list(&self, query: &AuditQuery, limit: i64) -> Result<Vec<AuditRecord>, PortError>;

    /// Returns the stored head of the chain.
    async fn head(&self) -> Result<ChainHead, PortError>;

    /// Returns at most `limit` records with a position greater than `after`, in order of position.
    async fn records_after(&self, after: i64, limit: i64) -> Result<Vec<AuditRecord>, PortError>;
}

/// Filter of the audit log. An absent field matches every record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    pub actor: Option<UserId>,
    pub subject: Option<String>,
    /// Upper bound of the position, exclusive.
    pub before: Option<i64>,
}

/// Store of signed checkpoints, apart from the audit log itself. Implemented by `storage`.
#[async_trait]
pub trait CheckpointStore: Send + Sync {
    /// Name of the store for operators, for example the path of a file.
    fn location(&self) -> String;

    /// Appends a checkpoint. Stored checkpoints are never changed.
    async fn append(&self, checkpoint: &Checkpoint) -> Result<(), PortError>;

    /// Returns all checkpoints in the order in which they were appended.
    async fn list(&self) -> Result<Vec<Checkpoint>, PortError>;

    /// Returns the last appended checkpoint.
    async fn latest(&self) -> Result<Option<Checkpoint>, PortError>;
}
