//! What people wrote, for who has to judge it.

use async_trait::async_trait;

use crate::{CircleId, Content, Failure, PersonaId, Timestamp, UserId};

/// What people wrote, as staff act on it. Answered by `posts` and by `support`, each for its own kind; what is of another
/// kind is not there. To do the same again is no error, and announces nothing.
#[async_trait]
pub trait Contents: Send + Sync {
    /// What is kept of it, also if it is removed, held or deleted and not yet purged. With a viewer: only if they can see
    /// it now.
    async fn evidence(&self, content: Content, viewer: Option<UserId>) -> Result<Option<Evidence>, Failure>;

    /// Takes it from everybody but its author.
    async fn remove(&self, content: Content, by: UserId) -> Result<(), Failure>;

    /// Gives back what was removed.
    async fn restore(&self, content: Content, by: UserId) -> Result<(), Failure>;

    /// Publishes what was held.
    async fn release(&self, content: Content, by: UserId) -> Result<(), Failure>;

    /// The newest that everybody can see, newest first.
    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, Failure>;
}

/// What somebody wrote, with what has to be known to judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Which.
    pub content: Content,
    /// Whose.
    pub author: UserId,
    /// As whom they wrote it.
    pub persona: PersonaId,
    /// Where, if in a circle.
    pub circle: Option<CircleId>,
    /// What it says now.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// What it said before, oldest first.
    pub edits: Vec<Edit>,
    /// What stands around it, oldest first.
    pub context: Vec<Excerpt>,
    /// Whether staff took it away.
    pub removed: bool,
    /// Whether it waits for a look.
    pub held: bool,
}

/// What something said before it was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// When it was changed.
    pub at: Timestamp,
    /// What it said until then.
    pub text: String,
}

/// Something that stands beside what is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Which.
    pub content: Content,
    /// Who appears as its author.
    pub persona: PersonaId,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
}

/// Looks at what people write before others see it. Answered by `moderation`.
#[async_trait]
pub trait Screen: Send + Sync {
    /// What there is to say of a text. Whoever asks goes on without an answer if there is none: nobody who needs help
    /// waits for this.
    async fn look(&self, written: &Written) -> Result<Verdict, Failure>;
}

/// Something that was just written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Which.
    pub content: Content,
    /// Whose.
    pub author: UserId,
    /// Where, if in a circle.
    pub circle: Option<CircleId>,
    /// What it says.
    pub text: String,
}

/// What the screen says of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Why somebody has to look before others see it. Never there beside `crisis`.
    pub hold: Option<Hold>,
    /// Whether somebody speaks of harming themselves, now.
    pub crisis: bool,
    /// Which version of the rules said so.
    pub version: u32,
}

/// Why somebody has to look at a text before others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The name of the rule.
    pub rule: String,
    /// For what.
    pub reason: HoldReason,
}

/// For what a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    /// It gives away how or where somebody can be found.
    Contact,
    /// It leads to fraud.
    Scam,
}
