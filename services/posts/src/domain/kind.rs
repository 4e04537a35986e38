//! Kind of a post.

use std::str::FromStr;

use kith_kernel::PostKind;

use super::PostRuleViolation;

/// Kind of a post. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Request for immediate help.
    Sos,
    /// Report on the author's day.
    CheckIn,
    /// Report of a success.
    Victory,
    Question,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Sos, Self::CheckIn, Self::Victory, Self::Question];

    /// Stored form. It must never change once a database contains it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sos => "sos",
            Self::CheckIn => "check_in",
            Self::Victory => "victory",
            Self::Question => "question",
        }
    }
}

impl From<Kind> for PostKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sos => Self::Sos,
            Kind::CheckIn => Self::CheckIn,
            Kind::Victory => Self::Victory,
            Kind::Question => Self::Question,
        }
    }
}

impl FromStr for Kind {
    type Err = PostRuleViolation;

    fn from_str(text: &str) -> Result<Self, PostRuleViolation> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(PostRuleViolation::UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_round_trips_through_its_stored_form() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("SOS".parse::<Kind>(), Err(PostRuleViolation::UnknownKind));
    }
}
