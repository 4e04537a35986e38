//! Where people appear, and what they write there.

use std::{fmt, str::FromStr};

use crate::{CircleId, PostId, ResponseId, id::InvalidId};

/// Where somebody appears. An account has a persona in each, and nobody can tell that two are of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// Where everybody is.
    Public,
    /// One circle.
    Circle(CircleId),
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("public"),
            Self::Circle(circle) => write!(f, "circle:{circle}"),
        }
    }
}

impl FromStr for Space {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once(':') {
            None if text == "public" => Ok(Self::Public),
            Some(("circle", id)) => Ok(Self::Circle(id.parse()?)),
            _ => Err(InvalidId),
        }
    }
}

/// What a person wrote, and staff can take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// A post.
    Post(PostId),
    /// An answer to one.
    Response(ResponseId),
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Post(id) => write!(f, "post:{id}"),
            Self::Response(id) => write!(f, "response:{id}"),
        }
    }
}

impl FromStr for Content {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once(':') {
            Some(("post", id)) => Ok(Self::Post(id.parse()?)),
            Some(("response", id)) => Ok(Self::Response(id.parse()?)),
            _ => Err(InvalidId),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_shown_parses_back_and_nothing_else_does() {
        let uuid = Uuid::from_u128(7);
        for space in [Space::Public, Space::Circle(CircleId::from_uuid(uuid))] {
            assert_eq!(space.to_string().parse(), Ok(space));
        }
        for content in [Content::Post(PostId::from_uuid(uuid)), Content::Response(ResponseId::from_uuid(uuid))] {
            assert_eq!(content.to_string().parse(), Ok(content));
        }
        for rubbish in ["", "public:", "circle:", "circle", "post:7"] {
            assert!(rubbish.parse::<Space>().is_err() && rubbish.parse::<Content>().is_err());
        }
    }
}
