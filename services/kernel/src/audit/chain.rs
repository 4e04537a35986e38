//! The chain: each line's hash covers the line and the hash before it, so that no line can be changed, taken out, put in
//! or moved without all that follow being other ones.
//!
//! `hash(n) = SHA-256(hash(n - 1) || form(n))`, and `hash(0)` is 32 zeros. The form has one way to be read: fixed numbers,
//! and texts behind their lengths.

use aws_lc_rs::digest::{Context, SHA256};
use uuid::Uuid;

use super::{Checkpoint, Entry};

/// A hash of the chain.
pub type Hash = [u8; 32];

/// What the form begins with, so that no other thing that is hashed is ever a line.
const FORM: &[u8] = b"kith/audit/1\0";

/// Where a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The place of its last line, or 0: it has none.
    pub position: i64,
    /// The hash of that line.
    pub hash: Hash,
}

impl Head {
    /// The end of a chain without a line.
    pub const EMPTY: Self = Self { position: 0, hash: [0; 32] };

    /// The end of the chain when this entry is appended.
    #[must_use]
    pub fn after(self, entry: &Entry) -> Self {
        let position = self.position.saturating_add(1);
        let said = Said {
            id: entry.id.uuid(),
            at: entry.at.millis(),
            actor: entry.actor.uuid(),
            session: entry.session.map(crate::SessionId::uuid),
            act: entry.act.word(),
            subject: &entry.subject,
            detail: &entry.detail,
        };
        Self { position, hash: said.hash(position, &self.hash) }
    }
}

/// A line as it is kept. Its act is the word that was written: an older build reads the lines of a newer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place: 1, 2, and so on, without a gap.
    pub position: i64,
    /// Its name.
    pub id: Uuid,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: Uuid,
    /// From which device.
    pub session: Option<Uuid>,
    /// What.
    pub act: String,
    /// To what.
    pub subject: String,
    /// What else.
    pub detail: String,
    /// What binds it to all before it.
    pub hash: Vec<u8>,
}

impl Line {
    /// The hash that it must have behind this one.
    #[must_use]
    pub fn expected(&self, before: &Hash) -> Hash {
        let Self { id, at, actor, session, ref act, ref subject, ref detail, .. } = *self;
        Said { id, at, actor, session, act, subject, detail }.hash(self.position, before)
    }
}

/// What a line says, from wherever.
struct Said<'a> {
    id: Uuid,
    at: i64,
    actor: Uuid,
    session: Option<Uuid>,
    act: &'a str,
    subject: &'a str,
    detail: &'a str,
}

impl Said<'_> {
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
        for text in [self.act, self.subject, self.detail] {
            // No text is longer than a number can say.
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(text.as_bytes());
        }
        context.finish().as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// The first fault of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line is not there where the next one is.
    #[error("line {0} is missing")]
    Missing(i64),
    /// A line is another one than was written, or its predecessor is.
    #[error("line {0} is not what was written behind the line before it")]
    Changed(i64),
    /// The chain ends before a place that it had reached.
    #[error("the chain ends at line {ends}, and had reached line {reached}")]
    Truncated {
        /// Its last line.
        ends: i64,
        /// What a checkpoint or the head says it had reached.
        reached: i64,
    },
    /// The chain fits itself, and is another one than the one of which a checkpoint was signed, or than its head says.
    #[error("the chain was written anew: at line {0} it is another one than was signed")]
    Rewritten(i64),
}

/// Reads a chain from its first line to its last, and stops at the first fault.
pub struct Verifier {
    head: Head,
    /// What it has to come by, by position, the first one last.
    marks: Vec<Head>,
}

impl Verifier {
    /// A verifier that knows where the chain had been: by its checkpoints, whose signatures were verified, and by the
    /// head that was read before its lines.
    #[must_use]
    pub fn new(checkpoints: &[Checkpoint], head: Option<Head>) -> Self {
        let mut marks: Vec<Head> = checkpoints.iter().map(|checkpoint| checkpoint.head).chain(head).collect();
        marks.sort_by_key(|mark| std::cmp::Reverse(mark.position));
        Self { head: Head::EMPTY, marks }.without_what_is_read()
    }

    /// A verifier that goes on behind a place that it trusts, to the head.
    #[must_use]
    pub fn behind(trusted: Head, head: Head) -> Self {
        Self { head: trusted, marks: vec![head] }.without_what_is_read()
    }

    fn without_what_is_read(mut self) -> Self {
        self.marks.retain(|mark| *mark != self.head);
        self
    }

    /// How far it has read.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.head.position
    }

    /// The next line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&mut self, line: &Line) -> Result<(), Broken> {
        let position = self.head.position.saturating_add(1);
        if line.position > position {
            return Err(Broken::Missing(position));
        }
        let hash = line.expected(&self.head.hash);
        if line.position < position || line.hash != hash {
            return Err(Broken::Changed(line.position));
        }
        self.head = Head { position, hash };
        while let Some(mark) = self.marks.pop_if(|mark| mark.position <= position) {
            if mark != self.head {
                return Err(Broken::Rewritten(mark.position));
            }
        }
        Ok(())
    }

    /// There is no other line.
    ///
    /// # Errors
    /// [`Broken::Truncated`] if there was.
    pub fn end(self) -> Result<Head, Broken> {
        // The first of them is the farthest.
        match self.marks.first() {
            Some(mark) => Err(Broken::Truncated { ends: self.head.position, reached: mark.position }),
            None => Ok(self.head),
        }
    }
}
