//! What is reported, why, and what it said.

use kith_kernel::{CircleId, Content, PersonaId, PostId, ResponseId, Timestamp};
use uuid::Uuid;

use super::words;

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A post.
    Post(PostId),
    /// An answer to one.
    Response(ResponseId),
    /// How somebody appears.
    Persona(PersonaId),
    /// A circle.
    Circle(CircleId),
}

impl Subject {
    /// The word for what kind of thing it is.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Post(_) => "post",
            Self::Response(_) => "response",
            Self::Persona(_) => "persona",
            Self::Circle(_) => "circle",
        }
    }

    /// Its id, bare.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Post(id) => id.uuid(),
            Self::Response(id) => id.uuid(),
            Self::Persona(id) => id.uuid(),
            Self::Circle(id) => id.uuid(),
        }
    }

    /// What this word and this id say.
    #[must_use]
    pub fn of(word: &str, id: Uuid) -> Option<Self> {
        match word {
            "post" => Some(Self::Post(PostId::from_uuid(id))),
            "response" => Some(Self::Response(ResponseId::from_uuid(id))),
            "persona" => Some(Self::Persona(PersonaId::from_uuid(id))),
            "circle" => Some(Self::Circle(CircleId::from_uuid(id))),
            _ => None,
        }
    }

    /// What somebody wrote, if it is that.
    #[must_use]
    pub const fn content(self) -> Option<Content> {
        match self {
            Self::Post(id) => Some(Content::Post(id)),
            Self::Response(id) => Some(Content::Response(id)),
            Self::Persona(_) | Self::Circle(_) => None,
        }
    }

    /// Whether it can be taken away and given back. A persona cannot: somebody appears as it.
    #[must_use]
    pub const fn is_removable(self) -> bool {
        match self {
            Self::Post(_) | Self::Response(_) | Self::Circle(_) => true,
            Self::Persona(_) => false,
        }
    }
}

impl From<Content> for Subject {
    fn from(content: Content) -> Self {
        match content {
            Content::Post(id) => Self::Post(id),
            Content::Response(id) => Self::Response(id),
        }
    }
}

words! {
    /// What is wrong with something, the gravest first.
    Reason {
        /// A minor is in danger.
        MinorAtRisk = "minor_at_risk",
        /// Somebody is threatened.
        Threat = "threat",
        /// It tells who or where somebody is.
        Doxxing = "doxxing",
        /// It encourages to harm oneself.
        SelfHarm = "self_harm",
        /// It is sexual.
        Sexual = "sexual",
        /// It tells where to get a substance.
        Substances = "substances",
        /// Somebody is harassed.
        Harassment = "harassment",
        /// It is after money or secrets.
        Scam = "scam",
        /// It is advertising, or the same again and again.
        Spam = "spam",
        /// Something else.
        Other = "other",
    }
}

/// What something said at a moment, and what stood around it. No later edit changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When it was written; when it was taken for what has no such moment.
    pub at: Timestamp,
    /// What it said.
    pub text: String,
    /// What it said before, each until its moment, oldest first.
    pub edits: Vec<(Timestamp, String)>,
    /// What stood around it, oldest first.
    pub context: Vec<Surrounding>,
}

/// Something that stands beside what is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surrounding {
    /// Who appears as its author.
    pub persona: PersonaId,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
}
