//! Subjects of reports, reasons, and evidence.

use kith_kernel::{CircleId, ContentId, PersonaId, PostId, ResponseId, Timestamp};
use uuid::Uuid;

use super::text_enum;

/// Subject of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    Post(PostId),
    Response(ResponseId),
    Persona(PersonaId),
    Circle(CircleId),
}

impl Subject {
    /// Returns the stored name of the kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Post(_) => "post",
            Self::Response(_) => "response",
            Self::Persona(_) => "persona",
            Self::Circle(_) => "circle",
        }
    }

    /// Returns the id without its kind.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Post(id) => id.uuid(),
            Self::Response(id) => id.uuid(),
            Self::Persona(id) => id.uuid(),
            Self::Circle(id) => id.uuid(),
        }
    }

    /// Returns the subject with this kind and id; `None` for an unknown kind.
    #[must_use]
    pub fn parse(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "post" => Some(Self::Post(PostId::from_uuid(id))),
            "response" => Some(Self::Response(ResponseId::from_uuid(id))),
            "persona" => Some(Self::Persona(PersonaId::from_uuid(id))),
            "circle" => Some(Self::Circle(CircleId::from_uuid(id))),
            _ => None,
        }
    }

    /// Returns the content id of a post or response; `None` for personas and circles.
    #[must_use]
    pub const fn content(self) -> Option<ContentId> {
        match self {
            Self::Post(id) => Some(ContentId::Post(id)),
            Self::Response(id) => Some(ContentId::Response(id)),
            Self::Persona(_) | Self::Circle(_) => None,
        }
    }

    /// Returns true if the subject can be removed and restored. A persona cannot, because its account uses it.
    #[must_use]
    pub const fn is_removable(self) -> bool {
        match self {
            Self::Post(_) | Self::Response(_) | Self::Circle(_) => true,
            Self::Persona(_) => false,
        }
    }
}

impl From<ContentId> for Subject {
    fn from(content: ContentId) -> Self {
        match content {
            ContentId::Post(id) => Self::Post(id),
            ContentId::Response(id) => Self::Response(id),
        }
    }
}

text_enum! {
    /// Reason of a report, in order of severity, the most severe first.
    Reason {
        /// A minor is in danger.
        MinorAtRisk = "minor_at_risk",
        /// A threat of violence.
        Threat = "threat",
        /// Disclosure of a person's identity or location.
        Doxxing = "doxxing",
        /// Encouragement of self-harm.
        SelfHarm = "self_harm",
        /// Sexual content.
        Sexual = "sexual",
        /// Information on how to obtain a substance.
        Substances = "substances",
        /// Harassment of a person.
        Harassment = "harassment",
        /// An attempt to obtain money or secrets.
        Scam = "scam",
        /// Advertising or repetition.
        Spam = "spam",
        /// Any other reason.
        Other = "other",
    }
}

/// Evidence as captured when a report was filed. Later edits of the subject do not change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceSnapshot {
    /// Time at which the text was written; time of the capture for personas and circles.
    pub at: Timestamp,
    pub text: String,
    /// Earlier versions with the time at which each was replaced, oldest first.
    pub revisions: Vec<(Timestamp, String)>,
    /// Neighbouring content, oldest first.
    pub context: Vec<ContextItem>,
}

/// Content next to the subject, captured with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextItem {
    /// Persona of the author.
    pub persona: PersonaId,
    /// Time at which it was written.
    pub at: Timestamp,
    pub text: String,
}
