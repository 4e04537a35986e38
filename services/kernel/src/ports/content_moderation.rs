//! Moderation of user content.

use async_trait::async_trait;

use crate::{CircleId, ContentId, PersonaId, PortError, Timestamp, UserId};

/// Actions of staff on content. Implemented by `posts` and `support`, each for its kind of content; other kinds are not
/// found. Idempotent: a repeated action succeeds without an event.
#[async_trait]
pub trait ContentModeration: Send + Sync {
    /// Returns the content with its context, also if it is removed, held, or deleted and not yet purged. With a viewer:
    /// only if the viewer can see it now.
    async fn evidence(&self, content: ContentId, viewer: Option<UserId>) -> Result<Option<Evidence>, PortError>;

    /// Hides content from all users except its author.
    async fn remove(&self, content: ContentId, by: UserId) -> Result<(), PortError>;

    /// Makes removed content visible again.
    async fn restore(&self, content: ContentId, by: UserId) -> Result<(), PortError>;

    /// Makes held content visible.
    async fn release(&self, content: ContentId, by: UserId) -> Result<(), PortError>;

    /// Returns the newest public content, newest first.
    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, PortError>;
}

/// Adds content of one slice as context to content of another. Implemented by `support`, whose responses are the context
/// of a post.
#[async_trait]
pub trait ContentContext: Send + Sync {
    /// Returns the context of a piece of content, oldest first; empty for kinds that this slice knows nothing about.
    async fn context_of(&self, content: ContentId) -> Result<Vec<ContextItem>, PortError>;
}

/// Content with what a moderator needs to judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub content: ContentId,
    pub author: UserId,
    /// The persona under which it was written.
    pub persona: PersonaId,
    /// The circle in which it was written; `None` for public content.
    pub circle: Option<CircleId>,
    /// The current text.
    pub text: String,
    /// Time of creation.
    pub at: Timestamp,
    /// Earlier versions, oldest first.
    pub edits: Vec<Revision>,
    /// Surrounding content, oldest first.
    pub context: Vec<ContextItem>,
    /// True if staff removed it.
    pub removed: bool,
    /// True if it waits for review.
    pub held: bool,
}

/// An earlier version of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Time at which this version was replaced.
    pub at: Timestamp,
    pub text: String,
}

/// Content next to the judged content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextItem {
    pub content: ContentId,
    /// The persona of the author.
    pub persona: PersonaId,
    pub text: String,
    /// Time of creation.
    pub at: Timestamp,
}
