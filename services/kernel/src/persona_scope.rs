//! Scope in which a persona is shown.

use std::{fmt, str::FromStr};

use crate::{CircleId, id::InvalidId};

/// Scope of a persona. An account has one public persona and one persona per circle; they must not be linkable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonaScope {
    Public,
    Circle(CircleId),
}

impl fmt::Display for PersonaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("public"),
            Self::Circle(id) => write!(f, "circle:{id}"),
        }
    }
}

impl FromStr for PersonaScope {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once(':') {
            None if text == "public" => Ok(Self::Public),
            Some(("circle", id)) => Ok(Self::Circle(id.parse()?)),
            _ => Err(InvalidId),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_displayed_scopes_parse() {
        for scope in [PersonaScope::Public, PersonaScope::Circle(CircleId::from_uuid(Uuid::from_u128(7)))] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for invalid in ["", "public:", "circle:", "circle"] {
            assert!(invalid.parse::<PersonaScope>().is_err(), "{invalid}");
        }
    }
}
