//! Categories of posts. The list is closed, so that a typing error cannot put an SOS into a category without readers.

use std::{fmt, str::FromStr};

/// One of [`Category::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(&'static str);

impl Category {
    /// All categories, in alphabetical order. Released categories are never removed.
    pub const ALL: [Self; 17] = [
        Self("alcohol"),
        Self("anxiety"),
        Self("depression"),
        Self("drugs"),
        Self("eating"),
        Self("family"),
        Self("gambling"),
        Self("gaming"),
        Self("grief"),
        Self("loneliness"),
        Self("nicotine"),
        Self("other"),
        Self("self-harm"),
        Self("sex"),
        Self("sleep"),
        Self("trauma"),
        Self("work"),
    ];

    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(slug: &str) -> Result<Self, UnknownCategory> {
        Self::ALL.into_iter().find(|known| known.0 == slug).ok_or(UnknownCategory)
    }
}

/// The text is not the slug of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown category")]
pub struct UnknownCategory;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_sorted_and_parse() {
        assert!(Category::ALL.is_sorted());
        for category in Category::ALL {
            assert_eq!(category.slug().parse(), Ok(category));
        }
        assert_eq!("Alcohol".parse::<Category>(), Err(UnknownCategory));
    }
}
