//! Hash chain over the records of the audit log.
//!
//! `hash(n) = SHA-256(hash(n - 1) || encoding(n))`; `hash(0)` is 32 zero bytes. The encoding is unambiguous: numbers have a
//! fixed length and texts are prefixed with theirs. A record that is changed, deleted, inserted or moved therefore changes
//! the hashes of all later ones.

use aws_lc_rs::digest::{Context, SHA256};
use uuid::Uuid;

use super::{AuditEntry, Checkpoint};

/// SHA-256 hash.
pub type Hash = [u8; 32];

/// Domain separation prefix of the encoding.
const FORM: &[u8] = b"kith/audit/1\0";

/// Position and hash of the last record of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// Position of the last record; 0 for an empty chain.
    pub position: i64,
    pub hash: Hash,
}

impl ChainHead {
    /// Head of an empty chain.
    pub const EMPTY: Self = Self { position: 0, hash: [0; 32] };

    /// Returns the head after `entry` is appended.
    #[must_use]
    pub fn after(self, entry: &AuditEntry) -> Self {
        let position = self.position.saturating_add(1);
        let fields = HashedFields {
            id: entry.id.uuid(),
            at: entry.at.millis(),
            actor: entry.actor.uuid(),
            session: entry.session.map(crate::SessionId::uuid),
            action: entry.action.as_str(),
            subject: &entry.subject,
            detail: &entry.detail,
        };
        Self { position, hash: fields.hash(position, &self.hash) }
    }
}

/// A stored record. The action is text, so that an older build can verify the records of a newer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// 1, 2, 3 and so on, without gaps.
    pub position: i64,
    pub id: Uuid,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub actor: Uuid,
    pub session: Option<Uuid>,
    pub action: String,
    pub subject: String,
    pub detail: String,
    /// Hash over this record and the hash of the previous one.
    pub hash: Vec<u8>,
}

impl AuditRecord {
    /// Returns the hash that the record must have after a record with the hash `before`.
    #[must_use]
    pub fn expected(&self, before: &Hash) -> Hash {
        let Self { id, at, actor, session, ref action, ref subject, ref detail, .. } = *self;
        HashedFields { id, at, actor, session, action, subject, detail }.hash(self.position, before)
    }
}

/// Fields of a record that the hash covers.
struct HashedFields<'a> {
    id: Uuid,
    at: i64,
    actor: Uuid,
    session: Option<Uuid>,
    action: &'a str,
    subject: &'a str,
    detail: &'a str,
}

impl HashedFields<'_> {
    fn hash(&self, position: i64, before: &Hash) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(before);
        context.update(FORM);
        context.update(&position.to_be_bytes());
        context.update(self.id.as_bytes());
        context.update(&self.at.to_be_bytes());
        context.update(self.actor.as_bytes());
        match self.session {
            None => context.update(&[0]),
            Some(session) => {
                context.update(&[1]);
                context.update(session.as_bytes());
            }
        }
        for text in [self.action, self.subject, self.detail] {
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(text.as_bytes());
        }
        context.finish().as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// First error found in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("record {0} is missing")]
    Missing(i64),
    /// The record or its predecessor was changed.
    #[error("record {0} does not match its hash")]
    Changed(i64),
    #[error("chain truncated at record {ends}; checkpoint covers record {reached}")]
    Truncated {
        /// Position of the last record.
        ends: i64,
        /// Position that a checkpoint or the stored head covers.
        reached: i64,
    },
    /// The hashes are consistent, and differ from a checkpoint or the stored head.
    #[error("chain was rewritten: record {0} differs from its checkpoint")]
    Rewritten(i64),
}

/// Verifies a chain record by record and stops at the first error.
pub struct ChainVerifier {
    head: ChainHead,
    /// Heads that the chain must contain, in descending order of position.
    expected_heads: Vec<ChainHead>,
}

impl ChainVerifier {
    /// Verifies from the first record against checkpoints, whose signatures were verified before, and against the stored
    /// head, which must have been read before the records.
    #[must_use]
    pub fn new(checkpoints: &[Checkpoint], head: Option<ChainHead>) -> Self {
        let mut heads: Vec<ChainHead> = checkpoints.iter().map(|checkpoint| checkpoint.head).chain(head).collect();
        heads.sort_by_key(|head| std::cmp::Reverse(head.position));
        Self { head: ChainHead::EMPTY, expected_heads: heads }.without_reached_heads()
    }

    /// Verifies the records after a trusted head up to `head`.
    #[must_use]
    pub fn resume(trusted: ChainHead, head: ChainHead) -> Self {
        Self { head: trusted, expected_heads: vec![head] }.without_reached_heads()
    }

    fn without_reached_heads(mut self) -> Self {
        self.expected_heads.retain(|expected| *expected != self.head);
        self
    }

    /// Position of the last verified record.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.head.position
    }

    /// Verifies the next record.
    ///
    /// # Errors
    /// The first error of the chain.
    pub fn verify(&mut self, record: &AuditRecord) -> Result<(), ChainError> {
        let position = self.head.position.saturating_add(1);
        if record.position > position {
            return Err(ChainError::Missing(position));
        }
        let hash = record.expected(&self.head.hash);
        if record.position < position || record.hash != hash {
            return Err(ChainError::Changed(record.position));
        }
        self.head = ChainHead { position, hash };
        while let Some(expected) = self.expected_heads.pop_if(|expected| expected.position <= position) {
            if expected != self.head {
                return Err(ChainError::Rewritten(expected.position));
            }
        }
        Ok(())
    }

    /// Ends the verification after the last record.
    ///
    /// # Errors
    /// [`ChainError::Truncated`] if an expected head is missing.
    pub fn finish(self) -> Result<ChainHead, ChainError> {
        // In descending order, so the first one is the highest.
        match self.expected_heads.first() {
            Some(expected) => Err(ChainError::Truncated { ends: self.head.position, reached: expected.position }),
            None => Ok(self.head),
        }
    }
}
