//! Settings of a circle and their update.

use kith_kernel::Category;

use super::{About, Name, Rules};

/// Settings of a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleSettings {
    pub name: Name,
    /// Description of the circle.
    pub about: About,
    /// Rules of conduct.
    pub rules: Rules,
    pub category: Category,
    pub access: Access,
    pub max_members: MaxMembers,
}

/// Update of the settings. A field that is `None` does not change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CircleUpdate {
    pub name: Option<Name>,
    pub about: Option<About>,
    pub rules: Option<Rules>,
    pub category: Option<Category>,
    pub access: Option<Access>,
    pub max_members: Option<MaxMembers>,
}

impl CircleUpdate {
    /// Returns the settings after the update.
    #[must_use]
    pub fn apply(self, settings: &CircleSettings) -> CircleSettings {
        CircleSettings {
            name: self.name.unwrap_or_else(|| settings.name.clone()),
            about: self.about.unwrap_or_else(|| settings.about.clone()),
            rules: self.rules.unwrap_or_else(|| settings.rules.clone()),
            category: self.category.unwrap_or(settings.category),
            access: self.access.unwrap_or(settings.access),
            max_members: self.max_members.unwrap_or(settings.max_members),
        }
    }
}

/// Visibility of a circle and the way to join it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Public; users join at once.
    Open,
    /// Public; a keeper approves join requests.
    ByRequest,
    /// Visible only to members and to callers with a valid invite code.
    Private,
}

impl Access {
    const ALL: [Self; 3] = [Self::Open, Self::ByRequest, Self::Private];

    /// Returns the value stored in databases. Stored values never change their meaning.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::ByRequest => "by_request",
            Self::Private => "private",
        }
    }

    /// Parses a stored value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.as_str() == text)
    }
}

/// Maximum number of members of a circle: 2 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxMembers(u32);

impl MaxMembers {
    /// Creates the limit.
    ///
    /// # Errors
    /// [`InvalidMaxMembers`] below 2 or above 1,000.
    pub fn new(members: u32) -> Result<Self, InvalidMaxMembers> {
        if (2..=1_000).contains(&members) { Ok(Self(members)) } else { Err(InvalidMaxMembers) }
    }

    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The maximum number of members is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("max_members must be between 2 and 1,000")]
pub struct InvalidMaxMembers;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_members_is_between_2_and_1000() {
        assert_eq!([1, 2, 1_000, 1_001].map(|count| MaxMembers::new(count).is_ok()), [false, true, true, false]);
    }
}
