//! Id and kind of user content.

use std::{fmt, str::FromStr};

use crate::{PostId, ResponseId, id::InvalidId};

/// Content that a user wrote and that staff can hide or remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentId {
    Post(PostId),
    Response(ResponseId),
}

/// Kind of user content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentKind {
    Post,
    Response,
}

impl ContentId {
    #[must_use]
    pub const fn kind(self) -> ContentKind {
        match self {
            Self::Post(_) => ContentKind::Post,
            Self::Response(_) => ContentKind::Response,
        }
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Post(id) => write!(f, "post:{id}"),
            Self::Response(id) => write!(f, "response:{id}"),
        }
    }
}

impl FromStr for ContentId {
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
    fn only_a_displayed_id_parses() {
        let id = Uuid::from_u128(7);
        for content in [ContentId::Post(PostId::from_uuid(id)), ContentId::Response(ResponseId::from_uuid(id))] {
            assert_eq!(content.to_string().parse(), Ok(content));
        }
        for invalid in ["", "post:", "post:7", "post"] {
            assert!(invalid.parse::<ContentId>().is_err(), "{invalid}");
        }
    }
}
