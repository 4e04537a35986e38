//! What is written down of privileged acts.

use async_trait::async_trait;

use crate::{
    Failure, UserId,
    audit::{Checkpoint, Entry, Head, Line},
};

/// The audit trail, for what has no transaction of its own, and for who reads it. Answered by `storage`.
///
/// An act that is kept in a SQL database writes its entry in its own transaction instead.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Writes these down, all or none. Who reads what is private is not answered before it is done.
    async fn append(&self, entries: &[Entry]) -> Result<(), Failure>;

    /// At most `limit` of the lines that `about` asks for, the newest first.
    async fn page(&self, about: &AuditQuery, limit: i64) -> Result<Vec<Line>, Failure>;

    /// Where it ends, as its head says.
    async fn head(&self) -> Result<Head, Failure>;

    /// At most `limit` lines behind this place, in their order.
    async fn lines(&self, after: i64, limit: i64) -> Result<Vec<Line>, Failure>;
}

/// Which lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Of this one; of anybody, if it does not say.
    pub actor: Option<UserId>,
    /// About this; about anything, if it does not say.
    pub subject: Option<String>,
    /// Before this place; from the newest on, if it does not say.
    pub before: Option<i64>,
}

/// A second place, where the signed checkpoints of the audit trail are kept. Answered by `storage`.
#[async_trait]
pub trait Checkpoints: Send + Sync {
    /// What an operator calls it.
    fn place(&self) -> String;

    /// Keeps one more. What is kept is never changed.
    async fn keep(&self, checkpoint: &Checkpoint) -> Result<(), Failure>;

    /// All of them, in the order in which they were kept.
    async fn all(&self) -> Result<Vec<Checkpoint>, Failure>;

    /// The last that was kept.
    async fn last(&self) -> Result<Option<Checkpoint>, Failure>;
}
